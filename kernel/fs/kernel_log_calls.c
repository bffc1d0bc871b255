/* SPDX-License-Identifier: Apache-2.0 */
/* What syslog(2) gives. Every line of a text has the prefix, as on Linux. [linux kernel/printk/printk.c,
 * record_print_text] */
#include "core/log_records.h"
#include "fs/kernel_log.h"
#include "fs/kernel_log_internal.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/mutex.h"

enum {
    PREFIX_MAX = 48,
    LINES_MAX = 64, /* of one text that are told apart */
};
#define US_PER_S 1000000ull

static struct mutex taking = MUTEX_INIT(taking);
static uint64_t taken_next GUARDED_BY(taking);  /* the record to be given */
static uint64_t taken_bytes GUARDED_BY(taking); /* of it, already */
static uint64_t cleared_next;                   /* atomic */

/* One record, and how it is shown. */
struct shown {
    struct log_record record;
    size_t bytes;
    char text[LOG_TEXT_MAX];
    char line[LOG_TEXT_MAX + LINES_MAX * (PREFIX_MAX + 1)];
};

uint64_t kernel_log_cleared(void) { return __atomic_load_n(&cleared_next, __ATOMIC_RELAXED); }

/* False: there is no such record yet. */
static bool show(uint64_t number, struct shown *out)
{
    const struct log_record *r = &out->record;
    const char *text = out->text, *end;
    uint32_t left, lines = 0;
    if (!log_record_read(number, &out->record, out->text)) return false;
    left = r->bytes;
    out->bytes = 0;
    do {
        end = ++lines < LINES_MAX ? memchr(text, '\n', left) : NULL;
        size_t bytes = end ? (size_t)(end - text) : left;
        out->bytes += format_string(out->line + out->bytes, PREFIX_MAX, "<%u>[%5llu.%06llu] ", r->priority,
                                    (unsigned long long)(r->time_us / US_PER_S),
                                    (unsigned long long)(r->time_us % US_PER_S));
        memcpy(out->line + out->bytes, text, bytes);
        out->bytes += bytes;
        out->line[out->bytes++] = '\n';
        text += bytes + 1;
        left -= (uint32_t)(bytes + (end != NULL));
    } while (end);
    return true;
}

/* ---- one after the other ---- */

/* Shows the next record to be given, and says how much of it was. */
static bool show_next(struct shown *s, uint64_t *skipped) REQUIRES(taking)
{
    if (!show(taken_next, s)) return false;
    if (s->record.number != taken_next) {
        taken_next = s->record.number; /* what was before it is lost */
        taken_bytes = 0;
    }
    *skipped = taken_bytes;
    return true;
}

static int64_t take_some(struct shown *s, struct io_buffer *to) REQUIRES(taking)
{
    uint64_t done = 0, skipped;
    while (to->left && show_next(s, &skipped)) {
        uint64_t left = s->bytes - skipped, bytes = MIN(left, to->left);
        if (bytes < left && done) break; /* only a line that does not fit alone is given in parts */
        taken_bytes = bytes < left ? skipped + bytes : 0;
        taken_next += bytes == left;
        if (io_put(to, s->line + skipped, bytes) < bytes) return io_result(done, ERR_FAULT);
        done += bytes;
    }
    return (int64_t)done;
}

static int64_t take_or_wait(struct shown *s, struct io_buffer *to)
{
    for (;;) {
        mutex_lock(&taking);
        int64_t result = take_some(s, to);
        uint64_t next = taken_next;
        mutex_unlock(&taking);
        if (result) return result;
        err_t e = kernel_log_wait(next);
        if (failed(e)) return e.code;
    }
}

int64_t kernel_log_take(struct io_buffer *to)
{
    struct shown *s = heap_alloc(sizeof(*s));
    if (!s) return ERR_NO_MEMORY.code;
    kernel_log_add_reader();
    int64_t result = take_or_wait(s, to);
    kernel_log_remove_reader();
    heap_free(s);
    return result;
}

int64_t kernel_log_untaken_bytes(void)
{
    struct shown *s = heap_alloc(sizeof(*s));
    if (!s) return ERR_NO_MEMORY.code;
    uint64_t bytes = 0, skipped = 0;
    mutex_lock(&taking);
    bool is_more = show_next(s, &skipped);
    for (uint64_t next = taken_next; is_more; is_more = show(next, s)) {
        bytes += s->bytes;
        next = s->record.number + 1;
    }
    mutex_unlock(&taking);
    heap_free(s);
    return (int64_t)(bytes - skipped);
}

/* ---- all at once ---- */

/* The first record from which on all fit. */
static uint64_t first_that_fits(struct shown *s, uint64_t capacity)
{
    uint64_t bytes = 0, first = kernel_log_cleared();
    for (uint64_t next = first; show(next, s); next = s->record.number + 1) bytes += s->bytes;
    while (bytes > capacity && show(first, s)) {
        bytes -= MIN(bytes, s->bytes);
        first = s->record.number + 1;
    }
    return first;
}

int64_t kernel_log_read_all(struct io_buffer *to, bool clears)
{
    struct shown *s = heap_alloc(sizeof(*s));
    if (!s) return ERR_NO_MEMORY.code;
    uint64_t done = 0, next = first_that_fits(s, to->left);
    err_t e = OK;
    while (!failed(e) && show(next, s) && s->bytes <= to->left) {
        if (io_put(to, s->line, s->bytes) < s->bytes) e = ERR_FAULT;
        done += s->bytes;
        next = s->record.number + 1;
    }
    heap_free(s);
    if (clears) __atomic_store_n(&cleared_next, next, __ATOMIC_RELAXED);
    return failed(e) ? e.code : (int64_t)done;
}

void kernel_log_clear(void) { __atomic_store_n(&cleared_next, log_record_next(), __ATOMIC_RELAXED); }
