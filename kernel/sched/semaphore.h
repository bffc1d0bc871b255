/* SPDX-License-Identifier: Apache-2.0 */
/* A counting semaphore: so many of something, such as free slots of a device's ring. Whoever takes one need
 * not be who gives it back, so unlike a mutex it has no owner and no place in the order of locks.
 *
 * Taking: threads only, without a spin lock held. Trying and giving: any context. */
#pragma once
#include "sched/wait.h"

struct semaphore {
    struct wait_queue queue;
    uint32_t count; /* under queue.lock */
};

#define SEMAPHORE_INIT(name, count) { WAIT_QUEUE_INIT((name).queue), (count) }
#define semaphore_init(semaphore, count) \
    semaphore_init_class((semaphore), (count), LOCK_CLASS("wait queue of semaphore " #semaphore))
static inline void semaphore_init_class(struct semaphore *semaphore, uint32_t count, const char *class)
{
    wait_queue_init_class(&semaphore->queue, class);
    semaphore->count = count;
}

/* Takes one, and sleeps until there is one. */
void semaphore_down(struct semaphore *semaphore);
/* ERR_TIMED_OUT, nothing was taken, once the clock (core/time.h) has reached `deadline_ns`. */
err_t semaphore_down_until(struct semaphore *semaphore, uint64_t deadline_ns);
/* Also ERR_INTERRUPTED, as wait_sleep_interruptible_locked. */
err_t semaphore_down_interruptible(struct semaphore *semaphore, uint64_t deadline_ns);
/* Takes one if there is one. */
bool semaphore_try_down(struct semaphore *semaphore);
/* Gives one and wakes the thread that has waited longest for it. */
void semaphore_up(struct semaphore *semaphore);
