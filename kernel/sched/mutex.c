/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/mutex.h"

#include "sched/thread.h"

void mutex_init(struct mutex *mutex)
{
    wait_queue_init(&mutex->queue);
    mutex->owner = NULL;
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&mutex->queue.lock);
    ASSERT(mutex->owner != thread_current());
    while (mutex->owner) wait_sleep_locked(&mutex->queue);
    mutex->owner = thread_current();
    spin_unlock(&mutex->queue.lock);
}

bool mutex_try_lock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&mutex->queue.lock);
    bool free = !mutex->owner;
    if (free) mutex->owner = thread_current();
    spin_unlock(&mutex->queue.lock);
    return free;
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&mutex->queue.lock);
    ASSERT(mutex->owner == thread_current());
    mutex->owner = NULL;
    wait_wake_one_locked(&mutex->queue);
    spin_unlock(&mutex->queue.lock);
}
