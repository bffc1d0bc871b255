/* SPDX-License-Identifier: Apache-2.0 */
/* Condition variables: threads sleep until something guarded by a mutex holds.
 *
 *     mutex_lock(&m);
 *     while (!something) condition_wait(&c, &m);    // the mutex is free while asleep
 *     mutex_unlock(&m);
 *
 * Whoever makes it hold does so under the mutex and wakes then or later. What a spin lock guards, or an
 * interrupt changes, is waited for on a plain wait queue (sched/wait.h). Waiting: threads only. Waking: any
 * context. */
#pragma once
#include "sched/mutex.h"

struct condition {
    struct wait_queue queue;
};

#define CONDITION_INIT(name) { WAIT_QUEUE_INIT((name).queue) }
#define condition_init(condition) \
    wait_queue_init_class(&(condition)->queue, LOCK_CLASS("wait queue of condition " #condition))

/* Gives up the mutex, sleeps until woken and has the mutex again; no wake-up is missed in between. */
void condition_wait(struct condition *condition, struct mutex *mutex) REQUIRES(mutex);
/* The same, with the mutex held again when they fail. ERR_TIMED_OUT once the clock (core/time.h) has reached
 * `deadline_ns`; the second also ERR_INTERRUPTED, as wait_sleep_interruptible_locked. */
err_t condition_wait_until(struct condition *condition, struct mutex *mutex, uint64_t deadline_ns)
    REQUIRES(mutex);
err_t condition_wait_interruptible(struct condition *condition, struct mutex *mutex, uint64_t deadline_ns)
    REQUIRES(mutex);
void condition_wake_one(struct condition *condition);
void condition_wake_all(struct condition *condition);
