/* SPDX-License-Identifier: Apache-2.0 */
/* One writer at a time under log_lock; readers are a debugger and the replay to a new sink.
 * A panic may find the lock lost: log_raw then goes on without it. */
#include "core/log.h"

#include "config.h"
#include "core/log_internal.h"
#include "core/log_records.h"
#include "lib/format.h"
#include "lib/string.h"

enum log_level log_threshold = LOG_WARNING;
uint64_t (*log_clock_ns)(void);

struct spinlock log_lock = SPINLOCK_INIT;
static struct log_sink *sinks GUARDED_BY(log_lock);
static uint32_t console_level = LOG_CONSOLE_LEVEL_MAX; /* atomic */

enum { TIME_MAX = 48 }; /* of a line's time stamp */

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

static void emit_locked(const char *text, size_t bytes, bool is_shown) REQUIRES(log_lock)
{
    ring_append_locked(text, bytes);
    for (struct log_sink *sink = is_shown ? sinks : NULL; sink; sink = sink->next)
        sink->write(sink, text, bytes);
}

/* "[    1.234567] ", or nothing while there is no clock. */
static size_t write_time(char *line, size_t capacity, uint64_t *us)
{
    *us = log_clock_ns ? log_clock_ns() / 1000 : 0;
    if (!log_clock_ns) return 0;
    return format_string(line, capacity, "[%5llu.%06llu] ", (unsigned long long)(*us / 1000000),
                         (unsigned long long)(*us % 1000000));
}

/* A line is its prefix, which its record leaves out, its text, and the line end, for which there is room. */
static void emit_line(uint32_t priority, uint64_t us, char *line, size_t prefix, size_t text)
{
    bool is_shown = (priority & 7) < log_console_level();
    line[prefix + text] = '\n';
    spin_lock(&log_lock);
    log_record_add_locked(priority, us, prefix, text);
    emit_locked(line, prefix + text + 1, is_shown);
    spin_unlock(&log_lock);
}

void log_write(enum log_level level, const char *format, ...)
{
    static const char *const tags[] = { "error: ", "warning: ", "", "" };
    static const uint8_t priorities[] = { 3, 4, 6, 7 }; /* syslog(3)'s */
    char line[CONFIG_LOG_LINE_MAX];
    uint64_t us;
    size_t prefix = write_time(line, sizeof(line), &us);
    prefix += format_string(line + prefix, sizeof(line) - prefix, "%s", tags[level]);
    va_list args;
    va_start(args, format);
    size_t bytes = format_string_va(line + prefix, sizeof(line) - prefix, format, args);
    va_end(args);
    bytes = MIN(bytes, sizeof(line) - 2 - prefix); /* a long line is cut, never its end */
    emit_line(priorities[level], us, line, prefix, bytes);
}

void log_write_text(uint32_t priority, const char *text, size_t bytes)
{
    char line[TIME_MAX + LOG_TEXT_MAX + 1];
    uint64_t us;
    size_t prefix = write_time(line, TIME_MAX, &us);
    memcpy(line + prefix, text, bytes);
    emit_line(priority, us, line, prefix, bytes);
}

uint32_t log_console_level(void) { return __atomic_load_n(&console_level, __ATOMIC_RELAXED); }
void log_set_console_level(uint32_t level) { __atomic_store_n(&console_level, level, __ATOMIC_RELAXED); }

void log_raw(const char *text, size_t bytes) NO_THREAD_SAFETY_ANALYSIS
{
    bool takes = !spin_is_lost(&log_lock);
    if (takes) spin_lock(&log_lock);
    emit_locked(text, bytes, true);
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
