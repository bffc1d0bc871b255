/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that was woken finds what it was woken for gone if another came first; then it waits again, at
 * the end of the queue. */
#include "sched/semaphore.h"

static err_t down(struct semaphore *s, uint64_t deadline_ns, bool interruptible)
{
    err_t e = OK;
    spin_lock(&s->queue.lock);
    while (s->count == 0 && !failed(e))
        e = interruptible ? wait_sleep_interruptible_locked(&s->queue, deadline_ns)
                          : wait_sleep_until_locked(&s->queue, deadline_ns);
    if (s->count > 0) { /* one that came at the last moment counts */
        s->count--;
        e = OK;
    }
    spin_unlock(&s->queue.lock);
    return e;
}

void semaphore_down(struct semaphore *s)
{
    err_t taken = down(s, UINT64_MAX, false);
    (void)taken; /* without a deadline or an interrupt there is one way out */
}

err_t semaphore_down_until(struct semaphore *s, uint64_t deadline_ns) { return down(s, deadline_ns, false); }

err_t semaphore_down_interruptible(struct semaphore *s, uint64_t deadline_ns)
{
    return down(s, deadline_ns, true);
}

bool semaphore_try_down(struct semaphore *s)
{
    spin_lock(&s->queue.lock);
    bool is_taken = s->count > 0;
    if (is_taken) s->count--;
    spin_unlock(&s->queue.lock);
    return is_taken;
}

void semaphore_up(struct semaphore *s)
{
    spin_lock(&s->queue.lock);
    ASSERT(s->count < UINT32_MAX);
    s->count++;
    wait_wake_one_locked(&s->queue);
    spin_unlock(&s->queue.lock);
}
