/* SPDX-License-Identifier: Apache-2.0 */
/* TSC ticks to nanoseconds and back by one multiplication and one shift each. */
#pragma once
#include "lib/base.h"

struct time_scale {
    uint64_t ns_per_tick;  /* times 2^TIME_NS_SHIFT; 0: not known yet */
    uint64_t ticks_per_ns; /* times 2^TIME_TICK_SHIFT */
};

enum {
    /* The widest that fit 64 bits between 100 MHz and 10 GHz; the error is below 1e-11, which is a
     * millisecond in three years. */
    TIME_NS_SHIFT = 43,
    TIME_TICK_SHIFT = 40,
};

static inline struct time_scale time_scale_of_khz(uint64_t khz)
{
    return (struct time_scale){
        .ns_per_tick = (1000000ull << TIME_NS_SHIFT) / khz,
        .ticks_per_ns = (khz << TIME_TICK_SHIFT) / 1000000,
    };
}

static inline uint64_t time_scale_ticks_to_ns(uint64_t ns_per_tick, uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> TIME_NS_SHIFT);
}

static inline uint64_t time_scale_to_ns(const struct time_scale *scale, uint64_t ticks)
{
    return time_scale_ticks_to_ns(scale->ns_per_tick, ticks);
}

/* Rounded up; UINT64_MAX when it does not fit. */
static inline uint64_t time_scale_to_ticks(const struct time_scale *scale, uint64_t ns)
{
    unsigned __int128 ticks = ((unsigned __int128)ns * scale->ticks_per_ns >> TIME_TICK_SHIFT) + 1;
    return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}
