/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/sleep.h"

#include "sched/thread.h"
#include "sched/timer.h"

struct alarm {
    struct timer timer;
    struct thread *thread;
};

static void ring(struct timer *timer) { thread_wake(CONTAINER_OF(timer, struct alarm, timer)->thread); }

/* The thread is marked sleeping already. */
static NOINLINE void sleep_until(struct thread *self, struct spinlock *lock, uint64_t deadline_ns)
    RELEASES(lock)
{
    struct alarm alarm = { .thread = self, .timer.fire = ring };
    list_init(&alarm.timer.link);
    timer_arm(&alarm.timer, deadline_ns);
    spin_unlock(lock);
    thread_schedule();
    timer_cancel(&alarm.timer);
}

/* From the mark on every wake-up makes the thread ready, and thread_schedule then comes straight back; interrupts
 * stay off until it runs, so that nothing runs in its place half asleep. Who interrupts it sets its work first and
 * looks at is_interruptible then; here it is the other way round, so one of the two sees the other. */
void sleep_unlock(struct spinlock *lock, uint64_t deadline_ns)
{
    struct thread *self = thread_current();
    lock->saved_flags = 0; /* keep interrupts off across the unlock */
    thread_prepare_sleep();
    __atomic_store_n(&self->is_interruptible, true, __ATOMIC_SEQ_CST);
    if (unlikely(thread_is_interrupted(self))) thread_wake(self);
    if (deadline_ns == UINT64_MAX) {
        spin_unlock(lock);
        thread_schedule();
    } else {
        sleep_until(self, lock, deadline_ns);
    }
    self->is_interruptible = false;
    interrupts_on();
}
