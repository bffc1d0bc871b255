/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot timers, each CPU's own over the single deadline of its hardware. A timer fires on the CPU that armed it,
 * or on that where its function runs just now.
 * Arming and cancelling take as many steps as the tree of the armed ones is high. */
#pragma once
#include "lib/tree.h"

struct timer {
    struct tree_node node; /* in deadline order; this and the next two under the lock of its CPU */
    uint64_t deadline_ns;  /* core/time.h */
    uint32_t cpu;          /* in whose queue it is or was last; atomic */
    bool is_armed;         /* atomic */
    void (*fire)(struct timer *timer); /* interrupt context; the timer is no longer armed, and may be again */
};

void timers_start(void);
/* A timer that is not armed. Zeros with `fire` are one too. */
static inline void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){ .fire = fire };
}
static inline bool timer_is_armed(const struct timer *timer)
{
    return __atomic_load_n(&timer->is_armed, __ATOMIC_ACQUIRE);
}

/* Replaces an earlier deadline; when that one has come just now, on another CPU, the function may run twice. The
 * owner lets only one CPU at a time arm or disarm it. Any context. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);
/* It will not fire, unless it is doing so just now on another CPU. False: it was not armed. Any context. */
bool timer_disarm(struct timer *timer);
/* It will not fire, and its function has returned, so that the memory may go; unless it is that function which calls.
 * It may be waited for: the caller holds no lock that the function takes. Any context. */
void timer_cancel(struct timer *timer);
