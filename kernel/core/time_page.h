/* SPDX-License-Identifier: Apache-2.0 */
/* What ring 3 needs to read a clock by itself: one page, written by core/time.c and mapped read-only into
 * every program (vdso/vdso.h). The kernel's clocks and the program's are read by the same lines below, so they
 * cannot disagree.
 *
 * No sequence counter: a clock is told by two words of which the first turns from 0 to its final value once,
 * after the second. The second can be replaced at any time by one store, which no reader sees half of. */
#pragma once
#include "abi/linux/time.h"
#include "core/time_scale.h"
#include "lib/base.h"

enum { TIME_PAGE_CLOCKS = LINUX_CLOCK_TAI + 1 };

struct time_page {
    struct time_page_clock {
        uint64_t ns_per_tick;   /* as in struct time_scale; 0: ask the kernel */
        uint64_t offset_ns;     /* of this clock above time since boot */
    } clocks[TIME_PAGE_CLOCKS]; /* by Linux's numbers */
};

/* A page of its own, since programs see all of it. */
union time_page_frame {
    struct time_page page;
    uint8_t bytes[PAGE_BYTES];
};
_Static_assert(sizeof(union time_page_frame) == PAGE_BYTES, "one page");

/* `clock` is below TIME_PAGE_CLOCKS. */
static inline void time_page_set_clock(struct time_page *page, uint32_t clock, uint64_t ns_per_tick,
                                       uint64_t offset_ns)
{
    struct time_page_clock *c = &page->clocks[clock];
    __atomic_store_n(&c->offset_ns, offset_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&c->ns_per_tick, ns_per_tick, __ATOMIC_RELEASE);
}

/* False: only the kernel knows this clock, or it has not read it yet. */
static inline bool time_page_read(const struct time_page *page, uint32_t clock, uint64_t (*read_tsc)(void),
                                  uint64_t *out_ns)
{
    if (unlikely(clock >= TIME_PAGE_CLOCKS)) return false;
    const struct time_page_clock *c = &page->clocks[clock];
    __asm__("" : "+r"(c)); /* one address for both words; a compiler may compute it twice */
    uint64_t ns_per_tick = __atomic_load_n(&c->ns_per_tick, __ATOMIC_ACQUIRE);
    if (unlikely(!ns_per_tick)) return false;
    *out_ns =
        time_scale_ticks_to_ns(ns_per_tick, read_tsc()) + __atomic_load_n(&c->offset_ns, __ATOMIC_RELAXED);
    return true;
}
