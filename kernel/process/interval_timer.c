/* SPDX-License-Identifier: Apache-2.0 */
#include "process/interval_timer.h"

#include "process/process.h"

/* Fills in one that was never used. */
static struct process_timer *get_locked(struct process *p, enum interval_timer which) REQUIRES(p->signal_lock)
{
    static const uint8_t signals[] = {
        [INTERVAL_REAL] = LINUX_SIGALRM,
        [INTERVAL_VIRTUAL] = LINUX_SIGVTALRM,
        [INTERVAL_PROF] = LINUX_SIGPROF,
    };
    struct process_timer *t = &p->interval_timers[which];
    if (t->process) return t;
    t->clock = which == INTERVAL_REAL ? TIMER_SINCE_BOOT : TIMER_OF_PROCESS;
    t->repeat = which == INTERVAL_REAL ? TIMER_IS_ALARM : TIMER_GOES_ON;
    t->item.info = signal_info_of_kernel(signals[which]);
    process_timer_init(t, p);
    return t;
}

struct timer_setting interval_timer_get(enum interval_timer which)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct timer_setting now = process_timer_get_locked(get_locked(p, which));
    spin_unlock(&p->signal_lock);
    return now;
}

struct timer_setting interval_timer_set(enum interval_timer which, const struct timer_setting *wanted)
{
    struct process *p = process_current();
    struct timer_setting was;
    spin_lock(&p->signal_lock);
    err_t e = process_timer_set_locked(get_locked(p, which), false, wanted, &was);
    (void)e; /* none of them is a thread's */
    spin_unlock(&p->signal_lock);
    return was;
}
