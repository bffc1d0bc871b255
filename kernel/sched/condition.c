/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/condition.h"

/* The queue's lock is taken before the mutex is free, and a waker needs that lock: a wake-up for a change
 * made after the unlock comes when we sleep. Unlocking a mutex never sleeps, so it may happen under it. */
static err_t wait(struct condition *c, struct mutex *mutex, uint64_t deadline_ns,
                  bool interruptible) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&c->queue.lock);
    mutex_unlock(mutex);
    err_t e = interruptible ? wait_sleep_interruptible_locked(&c->queue, deadline_ns)
                            : wait_sleep_until_locked(&c->queue, deadline_ns);
    spin_unlock(&c->queue.lock);
    mutex_lock(mutex);
    return e;
}

void condition_wait(struct condition *c, struct mutex *mutex)
{
    err_t woken = wait(c, mutex, UINT64_MAX, false);
    (void)woken; /* there is one way to wake */
}

err_t condition_wait_until(struct condition *c, struct mutex *mutex, uint64_t deadline_ns)
{
    return wait(c, mutex, deadline_ns, false);
}

err_t condition_wait_interruptible(struct condition *c, struct mutex *mutex, uint64_t deadline_ns)
{
    return wait(c, mutex, deadline_ns, true);
}

void condition_wake_one(struct condition *c)
{
    spin_lock(&c->queue.lock);
    wait_wake_one_locked(&c->queue);
    spin_unlock(&c->queue.lock);
}

void condition_wake_all(struct condition *c) { wait_wake_all(&c->queue); }
