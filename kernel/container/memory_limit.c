/* SPDX-License-Identifier: Apache-2.0 */
#include "container/memory_limit.h"

#include "config.h"
#include "container/channel.h"
#include "process/process.h"
#include "core/log.h"
#include "lib/format.h"
#include "mm/charge.h"
#include "mm/frame.h"

#define ULL(x) ((unsigned long long)(x))

static unsigned long long kib(uint64_t frames) { return ULL(frames * (PAGE_BYTES >> 10)); }

err_t memory_limit_set(struct cmdline_text value, char *why, size_t why_bytes)
{
    char text[24];
    uint64_t bytes, machine = frame_total_count();
    err_t e = cmdline_decode(value, text, sizeof(text), NULL);
    if (!failed(e)) e = cmdline_parse_number(text, &bytes);
    if (failed(e)) {
        format_string(why, why_bytes, "not a number of bytes such as 64M");
    } else if (bytes < CONFIG_MEMORY_LIMIT_MIN_BYTES) {
        format_string(why, why_bytes, "%llu bytes; the smallest program needs %u KiB", ULL(bytes),
                      CONFIG_MEMORY_LIMIT_MIN_BYTES >> 10);
        e = ERR_INVALID;
    } else if (bytes > machine * PAGE_BYTES) {
        format_string(why, why_bytes, "%llu KiB; this machine has %llu KiB beside the kernel and the archive",
                      ULL(bytes >> 10), kib(machine));
        e = ERR_INVALID;
    } else {
        charge_set_limit(bytes >> PAGE_SHIFT);
    }
    return failed(e) ? ERR_INVALID : OK;
}

/* ---- text ---- */

struct text {
    char bytes[CONFIG_LOG_LINE_MAX];
    size_t length;
};

static void add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof(t->bytes) - t->length;
    t->length += MIN(format_string_va(t->bytes + t->length, room, format, args), room - 1);
    va_end(args);
}

static void add_kinds(struct text *t, const struct charge_stats *s)
{
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++)
        add(t, "%s%s %llu", kind ? ", " : "", charge_kind_name(kind), kib(s->kinds[kind]));
    add(t, " KiB");
}

/* ---- the event ---- */

static void add_limit(struct text *t, const struct charge_refusal *r, const struct charge_stats *s)
{
    if (r->is_container_limit)
        add(t, "the container's limit is %llu KiB", kib(s->limit));
    else
        add(t, "the machine has %llu KiB, %llu of them kept for the kernel and %llu in use since boot",
            kib(s->machine), kib(s->reserve), kib(s->boot));
}

void memory_limit_tell(struct process *process)
{
    struct charge_refusal r = charge_take_refusal();
    struct charge_stats s = charge_read();
    struct text t = { .length = 0 };
    add(&t, "out of memory: %s (pid %u) ", process->path, process->pid);
    if (r.frames) {
        add(&t, "needs %llu KiB (%s); ", kib(r.frames), charge_kind_name(r.kind));
        add_limit(&t, &r, &s);
    } else {
        add(&t, "needs a frame, and the machine gives none of its %llu KiB", kib(s.machine));
    }
    add(&t, "; it has ");
    add_kinds(&t, &s);
    log_error("%s", t.bytes);
    add(&t, "\n");
    channel_send(CHANNEL_STDERR, t.bytes, t.length);
}

/* ---- the account ---- */

void memory_limit_report(void)
{
    struct charge_stats s = charge_read();
    struct text t = { .length = 0 };
    add_kinds(&t, &s);
    log_info("memory: the container had %llu KiB at most and left %s", kib(s.peak), t.bytes);
    uint64_t free = CONFIG_DEBUG ? frame_free_count() : s.free;
    if (free != s.free || s.kinds[CHARGE_ANONYMOUS])
        log_error("memory: %llu frames are free, %llu are not charged, %llu are still anonymous", ULL(free),
                  ULL(s.free), ULL(s.kinds[CHARGE_ANONYMOUS]));
}
