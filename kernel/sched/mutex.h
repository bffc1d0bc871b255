/* SPDX-License-Identifier: Apache-2.0 */
/* A sleeping lock. Threads only; not while holding a spin lock. */
#pragma once
#include "arch/percpu.h"
#include "sched/wait.h"

struct CAPABILITY("mutex") mutex {
    uint64_t owner; /* atomic: the thread, plus MUTEX_CONTENDED; 0: nobody */
    struct wait_queue queue;
};

/* Somebody may sleep, so the owner has to look when it unlocks. Changes under queue.lock, but for a whole
 * unlock. */
#define MUTEX_CONTENDED 1ull

#define MUTEX_INIT(name) { 0, WAIT_QUEUE_INIT((name).queue) }
void mutex_init(struct mutex *mutex);
void mutex_lock_slow(struct mutex *mutex);
void mutex_unlock_slow(struct mutex *mutex);

static inline bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRES(true, mutex) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t nobody = 0;
    return __atomic_compare_exchange_n(&mutex->owner, &nobody, (uint64_t)percpu_current(), false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *mutex) ACQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS
{
    if (unlikely(!mutex_try_lock(mutex))) mutex_lock_slow(mutex);
}

static inline void mutex_unlock(struct mutex *mutex) RELEASES(mutex) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t self = (uint64_t)percpu_current();
    if (unlikely(
            !__atomic_compare_exchange_n(&mutex->owner, &self, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
        mutex_unlock_slow(mutex);
}
