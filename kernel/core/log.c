/* SPDX-License-Identifier: Apache-2.0 */
/* One writer at a time under log_lock; readers are a debugger and the replay to a new sink.
 * A panic may find the lock lost: log_raw then goes on without it. */
#include "core/log.h"

#include "config.h"
#include "core/lock.h"
#include "lib/format.h"
#include "lib/string.h"

enum log_level log_threshold = LOG_WARNING;
uint64_t (*log_clock_ns)(void);

static struct spinlock log_lock = SPINLOCK_INIT;
static struct log_sink *sinks GUARDED_BY(log_lock);

/* The last bytes of the log; `log_end` counts every byte ever written, so the ring holds
 * [log_end - min(log_end, size), log_end). tools/gdb reads these two by name. */
char log_ring[CONFIG_LOG_RING_BYTES];
uint64_t log_end;

static void ring_append_locked(const char *text, size_t bytes) REQUIRES(log_lock)
{
    while (bytes) {
        size_t at = log_end % CONFIG_LOG_RING_BYTES;
        size_t chunk = MIN(bytes, CONFIG_LOG_RING_BYTES - at);
        memcpy(log_ring + at, text, chunk);
        log_end += chunk;
        text += chunk;
        bytes -= chunk;
    }
}

static void emit_locked(const char *text, size_t bytes) REQUIRES(log_lock)
{
    ring_append_locked(text, bytes);
    for (struct log_sink *sink = sinks; sink; sink = sink->next) sink->write(sink, text, bytes);
}

void log_write(enum log_level level, const char *format, ...)
{
    static const char *const tags[] = { "error: ", "warning: ", "", "" };
    char line[CONFIG_LOG_LINE_MAX];
    size_t length = 0;
    if (log_clock_ns) {
        uint64_t us = log_clock_ns() / 1000;
        length = format_string(line, sizeof(line), "[%5llu.%06llu] ", (unsigned long long)(us / 1000000),
                               (unsigned long long)(us % 1000000));
    }
    length += format_string(line + length, sizeof(line) - length, "%s", tags[level]);
    va_list args;
    va_start(args, format);
    length += format_string_va(line + length, sizeof(line) - length, format, args);
    va_end(args);
    length = MIN(length, sizeof(line) - 2); /* a long line is cut, never its end */
    line[length++] = '\n';

    spin_lock(&log_lock);
    emit_locked(line, length);
    spin_unlock(&log_lock);
}

void log_raw(const char *text, size_t bytes) NO_THREAD_SAFETY_ANALYSIS
{
    bool takes = !spin_is_lost(&log_lock);
    if (takes) spin_lock(&log_lock);
    emit_locked(text, bytes);
    if (takes) spin_unlock(&log_lock);
}

void log_add_sink(struct log_sink *sink, bool replay)
{
    spin_lock(&log_lock);
    if (replay) {
        uint64_t at = log_end > CONFIG_LOG_RING_BYTES ? log_end - CONFIG_LOG_RING_BYTES : 0;
        while (at < log_end) {
            size_t offset = at % CONFIG_LOG_RING_BYTES;
            size_t chunk = MIN(log_end - at, CONFIG_LOG_RING_BYTES - offset);
            sink->write(sink, log_ring + offset, chunk);
            at += chunk;
        }
    }
    sink->next = sinks;
    sinks = sink;
    spin_unlock(&log_lock);
}
