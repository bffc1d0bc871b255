/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/tsc.h"

#include <time.h>
#include <x86intrin.h>

enum {
    SPAN_NS = 2000000, /* with samples good to about 50 ns: 50 parts in a million */
    TRIES = 7,
};

static uint64_t raw_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct tsc_sample tsc_sample_now(void)
{
    /* The clock is read between two readings of the counter; the closest pair was not interrupted. */
    struct tsc_sample best = { 0 };
    uint64_t best_gap = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = __rdtsc();
        uint64_t ns = raw_ns();
        uint64_t gap = __rdtsc() - before;
        if (gap >= best_gap) continue;
        best_gap = gap;
        best = (struct tsc_sample){ .ticks = before + gap / 2, .ns = ns };
    }
    return best;
}

uint64_t tsc_khz_since(struct tsc_sample start)
{
    uint64_t passed_ns = raw_ns() - start.ns;
    if (passed_ns < SPAN_NS) {
        struct timespec rest = { .tv_nsec = (long)(SPAN_NS - passed_ns) };
        nanosleep(&rest, NULL);
    }
    struct tsc_sample end = tsc_sample_now();
    return (uint64_t)((unsigned __int128)(end.ticks - start.ticks) * 1000000 / (end.ns - start.ns));
}
