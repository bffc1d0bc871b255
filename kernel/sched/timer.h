/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot timers of this CPU over the hardware's single deadline. */
#pragma once
#include "lib/list.h"

struct timer {
    struct list link;                  /* in deadline order; itself while not armed */
    uint64_t deadline_ns;              /* core/time.h */
    void (*fire)(struct timer *timer); /* interrupt context; the timer is no longer armed */
};

void timer_init(void);
/* `timer->fire` is set by the caller. Any context. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);
/* Harmless when it has fired. Any context. */
void timer_cancel(struct timer *timer);
