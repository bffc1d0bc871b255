/* SPDX-License-Identifier: Apache-2.0 */
/* Wait queues: threads sleep until a condition, guarded by the queue's own lock, holds.
 *
 *     spin_lock(&q->lock);
 *     while (!condition) wait_sleep_locked(q);      // releases the lock while asleep
 *     spin_unlock(&q->lock);
 *
 * The waker changes the condition under the same lock and calls wait_wake_*_locked(), so a wake-up
 * cannot fall between the test and the sleep. Sleeping: threads only. Waking: also interrupts. */
#pragma once
#include "core/lock.h"
#include "lib/list.h"

struct wait_queue {
    struct spinlock lock;
    struct list waiters; /* of struct waiter, on their sleepers' stacks; under lock */
};

#define WAIT_QUEUE_INIT(name)  { SPINLOCK_INIT_CLASS("wait queue " #name), LIST_INIT((name).waiters) }
#define wait_queue_init(queue) wait_queue_init_class((queue), LOCK_CLASS("wait queue " #queue))
void wait_queue_zero(struct wait_queue *queue);
static inline void wait_queue_init_class(struct wait_queue *queue, const char *class)
{
    wait_queue_zero(queue);
    spin_set_class_to(&queue->lock, class);
}

void wait_sleep_locked(struct wait_queue *queue) REQUIRES(queue->lock);
/* ERR_TIMED_OUT once the clock (core/time.h) has reached `deadline_ns`. */
err_t wait_sleep_until_locked(struct wait_queue *queue, uint64_t deadline_ns) REQUIRES(queue->lock);
/* The same for sleeps that a program asked for: ERR_INTERRUPTED when somebody wants this thread to
 * leave the kernel (thread_interrupt). UINT64_MAX waits without a time limit. */
err_t wait_sleep_interruptible_locked(struct wait_queue *queue, uint64_t deadline_ns) REQUIRES(queue->lock);
void wait_wake_one_locked(struct wait_queue *queue) REQUIRES(queue->lock);
void wait_wake_all_locked(struct wait_queue *queue) REQUIRES(queue->lock);
/* The same, taking the lock. */
void wait_wake_all(struct wait_queue *queue);
