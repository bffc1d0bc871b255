/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/timer.h"

#include "core/lock.h"
#include "core/time.h"

static struct spinlock timers_lock = SPINLOCK_INIT;
static struct list timers GUARDED_BY(timers_lock) = LIST_INIT(timers);

static struct timer *first_locked(void) REQUIRES(timers_lock)
{
    return list_is_empty(&timers) ? NULL : LIST_ENTRY(timers.next, struct timer, link);
}

static void program_hardware_locked(void) REQUIRES(timers_lock)
{
    struct timer *first = first_locked();
    time_arm_ns(first ? first->deadline_ns : UINT64_MAX);
}

static void deadline_reached(void)
{
    spin_lock(&timers_lock);
    for (struct timer *t; (t = first_locked()) && t->deadline_ns <= time_now_ns();) {
        list_remove(&t->link);
        spin_unlock(&timers_lock);
        t->fire(t);
        spin_lock(&timers_lock);
    }
    program_hardware_locked();
    spin_unlock(&timers_lock);
}

void timers_start(void) { time_deadline_handler = deadline_reached; }

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    spin_lock(&timers_lock);
    list_remove(&timer->link);
    timer->deadline_ns = deadline_ns;
    struct list *before = &timers;
    LIST_FOR_EACH (node, &timers) {
        if (LIST_ENTRY(node, struct timer, link)->deadline_ns > deadline_ns) break;
        before = node;
    }
    list_push_front(before, &timer->link);
    if (first_locked() == timer) program_hardware_locked();
    spin_unlock(&timers_lock);
}

bool timer_disarm(struct timer *timer)
{
    spin_lock(&timers_lock);
    bool was_armed = timer_is_armed(timer);
    bool was_first = first_locked() == timer;
    list_remove(&timer->link);
    if (was_first) program_hardware_locked();
    spin_unlock(&timers_lock);
    return was_armed;
}

void timer_cancel(struct timer *timer) { timer_disarm(timer); }
