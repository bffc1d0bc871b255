/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/wait.h"

#include "sched/thread.h"
#include "sched/timer.h"

/* On the sleeper's stack for as long as it sleeps. */
struct waiter {
    struct list link; /* in the queue; itself once woken. Under the queue's lock */
    struct thread *thread;
    struct timer timer;
};

void wait_queue_zero(struct wait_queue *queue)
{
    queue->lock = (struct spinlock)SPINLOCK_INIT;
    list_init(&queue->waiters);
}

static void timer_wakes(struct timer *timer)
{
    thread_wake(CONTAINER_OF(timer, struct waiter, timer)->thread);
}

/* Gives up the lock only after the thread is marked sleeping, with interrupts off throughout, so a
 * wake-up in between makes it ready again and schedule() comes straight back. */
static err_t sleep_locked(struct wait_queue *queue, uint64_t deadline_ns,
                          bool interruptible) NO_THREAD_SAFETY_ANALYSIS
{
    struct waiter self = { .thread = percpu_current() };
    if (interruptible && thread_must_leave()) return ERR_INTERRUPTED;
    list_push_back(&queue->waiters, &self.link);
    timer_init(&self.timer, timer_wakes);

    uint32_t flags = queue->lock.saved_flags;
    queue->lock.saved_flags = 0; /* keep interrupts off across the unlock */
    __atomic_store_n(&self.thread->is_interruptible, interruptible, __ATOMIC_RELAXED);
    thread_prepare_sleep();
    /* Whoever interrupts sets the flag and then looks whether we sleep: one of us sees the other. */
    if (interruptible && thread_is_interrupted(self.thread)) thread_wake(self.thread);
    if (deadline_ns != UINT64_MAX) timer_arm(&self.timer, deadline_ns);
    spin_unlock(&queue->lock);
    thread_schedule();
    spin_lock(&queue->lock);
    queue->lock.saved_flags = flags;
    __atomic_store_n(&self.thread->is_interruptible, false, __ATOMIC_RELAXED);

    if (deadline_ns != UINT64_MAX) timer_cancel(&self.timer);
    bool was_woken = list_is_empty(&self.link);
    list_remove(&self.link);
    if (was_woken) return OK;
    if (interruptible && thread_must_leave()) return ERR_INTERRUPTED;
    return ERR_TIMED_OUT;
}

void wait_sleep_locked(struct wait_queue *queue)
{
    err_t woken = sleep_locked(queue, UINT64_MAX, false);
    (void)woken; /* without a deadline or an interrupt there is one way to wake; callers test again */
}

err_t wait_sleep_until_locked(struct wait_queue *queue, uint64_t deadline_ns)
{
    return sleep_locked(queue, deadline_ns, false);
}

err_t wait_sleep_interruptible_locked(struct wait_queue *queue, uint64_t deadline_ns)
{
    return sleep_locked(queue, deadline_ns, true);
}

void wait_wake_one_locked(struct wait_queue *queue)
{
    if (list_is_empty(&queue->waiters)) return;
    struct waiter *first = LIST_ENTRY(queue->waiters.next, struct waiter, link);
    list_remove(&first->link);
    thread_wake(first->thread);
}

void wait_wake_all_locked(struct wait_queue *queue)
{
    while (!list_is_empty(&queue->waiters)) wait_wake_one_locked(queue);
}

void wait_wake_all(struct wait_queue *queue)
{
    spin_lock(&queue->lock);
    wait_wake_all_locked(queue);
    spin_unlock(&queue->lock);
}
