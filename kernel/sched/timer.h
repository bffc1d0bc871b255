/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot timers of this CPU over the hardware's single deadline. */
#pragma once
#include "lib/list.h"

struct timer {
    struct list link;                  /* in deadline order; itself while not armed */
    uint64_t deadline_ns;              /* core/time.h */
    void (*fire)(struct timer *timer); /* interrupt context; the timer is no longer armed */
};

void timers_start(void);
/* A timer that is not armed. */
static inline void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    list_init(&timer->link);
    timer->fire = fire;
}
static inline bool timer_is_armed(const struct timer *timer) { return !list_is_empty(&timer->link); }
/* Replaces an earlier deadline. Any context. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);
/* False: it was not armed. Any context. */
bool timer_disarm(struct timer *timer);
/* It will not fire, and its function has returned, so that the memory may go; unless it is that function which calls.
 * The caller holds no lock that the function takes. Any context. */
void timer_cancel(struct timer *timer);
