/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes of a host test, with or without threads: who waits looks again. percpu_current says who owns one. */
#include "sched/mutex.h"

#include <sched.h>

void mutex_zero(struct mutex *mutex)
{
    wait_queue_zero(&mutex->queue);
    mutex->owner = 0;
}

void mutex_lock_slow(struct mutex *mutex)
{
    while (!mutex_take(mutex)) sched_yield();
}

/* Nobody marks one as contended. */
void mutex_unlock_slow(struct mutex *mutex) { __atomic_store_n(&mutex->owner, 0, __ATOMIC_RELEASE); }
