/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/sleep.h"

#include "arch/percpu.h"
#include "sched/thread.h"
#include "sched/timer.h"

struct alarm {
    struct timer timer;
    struct thread *thread;
};

static void ring(struct timer *timer) { thread_wake(CONTAINER_OF(timer, struct alarm, timer)->thread); }

/* From here on every wake-up makes the thread ready, and thread_schedule then comes straight back; interrupts stay off
 * until it runs, so that nothing runs in its place half asleep. Who interrupts a thread sets its work and then looks at
 * is_interruptible; here it is the other way round, so one of the two sees the other. */
static inline void fall_asleep(void)
{
    struct thread *self = percpu_current();
    thread_prepare_sleep();
    __atomic_store_n(&self->is_interruptible, true, __ATOMIC_SEQ_CST);
    if (unlikely(thread_is_interrupted(self))) thread_wake(self);
}

static inline void be_awake(void)
{
    __atomic_store_n(&percpu_current()->is_interruptible, false, __ATOMIC_RELAXED);
    interrupts_on();
}

void sleep_unlock(struct spinlock *lock)
{
    fall_asleep();
    spin_unlock_short_keep_off(lock);
    thread_schedule();
    be_awake();
}

void sleep_unlock_until(struct spinlock *lock, uint64_t deadline_ns)
{
    struct alarm alarm = { .thread = percpu_current() };
    timer_init(&alarm.timer, ring);
    fall_asleep();
    if (deadline_ns != UINT64_MAX) timer_arm(&alarm.timer, deadline_ns);
    spin_unlock_short_keep_off(lock);
    thread_schedule();
    timer_cancel(&alarm.timer);
    be_awake();
}
