/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/channel.h"
#include "host/ck/report.h"

enum { LINE_BYTES = 100 };

static const struct {
    uint32_t number;
    const char *name;
} calls[] = {
#define SYSCALL(number, name, status, reason) { number, #name },
#include "abi/syscalls.def"
#undef SYSCALL
};

static char *call_name(uint64_t number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        if (calls[i].number == number) return must_copy_string(calls[i].name);
    return must_format("call %" PRIu64, number);
}

/* Requests of AMD's interface, which are called by their names; of others the number is told. */
static const struct {
    uint16_t code; /* type and number of the request */
    const char *name;
} ioctls[] = {
#define KFD_CALL(number, name, ...)    { 'K' << 8 | number, "KFD " #name },
#define KFD_REFUSED(number, name, ...) { 'K' << 8 | number, "KFD " #name },
#define DRM_CALL(number, name, ...)    { 'd' << 8 | number, "DRM " #name },
#define DRM_REFUSED(number, name, ...) { 'd' << 8 | number, "DRM " #name },
#define AMDGPU_QUERY(...)
#include "abi/drm_ioctls.def"
#include "abi/kfd_ioctls.def"
#undef KFD_CALL
#undef KFD_REFUSED
#undef DRM_CALL
#undef DRM_REFUSED
#undef AMDGPU_QUERY
};

static char *ioctl_name(uint64_t number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(ioctls); i++)
        if (ioctls[i].code == (number & 0xffff) && number >> 30)
            return must_format("ioctl %s", ioctls[i].name);
    return must_format("ioctl %#" PRIx64, number);
}

static char *stat_name(const struct channel_stat *s)
{
    switch (s->kind) {
    case CHANNEL_STAT_MADE:
    case CHANNEL_STAT_CALL: return call_name(s->number);
    case CHANNEL_STAT_IOCTL: return ioctl_name(s->number);
    case CHANNEL_STAT_PRCTL: return must_format("prctl %" PRIu64, s->number);
    case CHANNEL_STAT_FCNTL: return must_format("fcntl %" PRIu64, s->number);
    case CHANNEL_STAT_SOCKET_FAMILY: return must_format("socket family %" PRIu64, s->number);
    case CHANNEL_STAT_SOCKET_OPTION:
        return must_format("socket option %" PRIu64 ":%" PRIu64, s->number >> 32, s->number & UINT32_MAX);
    }
    return must_copy_string("others");
}

static bool is_refusal(const struct channel_stat *s)
{
    return s->kind >= CHANNEL_STAT_CALL && s->kind <= CHANNEL_STAT_UNNAMED;
}
static bool is_made(const struct channel_stat *s) { return s->kind == CHANNEL_STAT_MADE; }

/* By count, the largest first; what is equal keeps an order of its own. */
static int compare(const void *a, const void *b)
{
    const struct channel_stat *left = a, *right = b;
    if (left->count != right->count) return left->count > right->count ? -1 : 1;
    if (left->kind != right->kind) return left->kind < right->kind ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static void add_text(struct buffer *out, char *owned)
{
    buffer_append(out, owned, strlen(owned));
    free(owned);
}

/* "name count, name count, ...", in lines. */
static void add_list(struct buffer *out, const struct channel_stat *stats, size_t count,
                     bool (*is_wanted)(const struct channel_stat *))
{
    size_t column = LINE_BYTES;
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(&stats[i])) continue;
        char *name = stat_name(&stats[i]);
        char *item = must_format("%s %" PRIu64, name, stats[i].count);
        free(name);
        bool is_first = column == LINE_BYTES;
        bool is_wrapped = is_first || column + strlen(item) > LINE_BYTES;
        buffer_append(out,
                      is_first     ? "\n    "
                      : is_wrapped ? ",\n    "
                                   : ", ",
                      is_first     ? 5
                      : is_wrapped ? 6
                                   : 2);
        column = is_wrapped ? strlen(item) + 4 : column + strlen(item) + 2;
        add_text(out, item);
    }
    buffer_append(out, "\n", 1);
}

/* The count of the first of that kind, and how many and how much there is of it. */
struct sum {
    uint64_t total;
    size_t kinds;
};

static struct sum sum_of(const struct channel_stat *stats, size_t count,
                         bool (*is_wanted)(const struct channel_stat *))
{
    struct sum sum = { 0 };
    for (size_t i = 0; i < count; i++)
        if (is_wanted(&stats[i])) sum.kinds++, sum.total += stats[i].count;
    return sum;
}

static bool is_ticks(const struct channel_stat *s) { return s->kind == CHANNEL_STAT_TICKS; }
static bool is_memory(const struct channel_stat *s) { return s->kind == CHANNEL_STAT_MEMORY; }
static bool is_faults(const struct channel_stat *s) { return s->kind == CHANNEL_STAT_FAULTS; }

static void add_usage(struct buffer *out, const struct stats_view *view, const struct channel_stat *stats,
                      size_t count)
{
    uint64_t ticks = sum_of(stats, count, is_ticks).total;
    char *time = view->is_counting
                     ? must_format("%" PRIu64 " instructions", ticks)
                     : must_format("%.3f s", (double)ticks / (double)MAX(view->tsc_khz, 1ull) / 1000);
    add_text(out, must_format("statistics of %s\n  %s, %" PRIu64 " KiB of memory at most, %" PRIu64
                              " page faults\n",
                              view->program, time, sum_of(stats, count, is_memory).total >> 10,
                              sum_of(stats, count, is_faults).total));
    free(time);
}

void stats_print(const struct stats_view *view, const struct buffer *bytes, struct buffer *out)
{
    size_t count = buffer_bytes(bytes) / sizeof(struct channel_stat);
    struct channel_stat *stats = must_calloc((count + 1) * sizeof *stats);
    memcpy(stats, buffer_front(bytes), count * sizeof *stats);
    qsort(stats, count, sizeof *stats, compare);

    add_usage(out, view, stats, count);
    add_text(out, must_format("  %" PRIu64 " system calls", sum_of(stats, count, is_made).total));
    add_list(out, stats, count, is_made);
    struct sum refused = sum_of(stats, count, is_refusal);
    add_text(out, must_format(refused.kinds ? "  not supported"
                                            : "  nothing was asked for that is not supported"));
    add_list(out, stats, count, is_refusal);
    buffer_append(out, "", 1);
    free(stats);
}
