/* SPDX-License-Identifier: Apache-2.0 */
/* A sleeping lock. Threads only; not while holding a spin lock. */
#pragma once
#include "arch/percpu.h"
#include "sched/wait.h"

struct CAPABILITY("mutex") mutex {
    uint64_t owner; /* atomic: the thread, plus MUTEX_CONTENDED; 0: nobody */
    struct wait_queue queue;
    const char *class[CONFIG_DEBUG]; /* core/lock_order.h */
};

/* Somebody may sleep, so the owner has to look when it unlocks. Changes under queue.lock, but for a whole
 * unlock. */
#define MUTEX_CONTENDED 1ull

#define MUTEX_INIT(name)                                                             \
    {                                                                                \
        0, WAIT_QUEUE_INIT((name).queue), { DEBUG_ONLY(LOCK_CLASS("mutex " #name)) } \
    }
#define mutex_init(mutex) \
    mutex_init_class((mutex), LOCK_CLASS("mutex " #mutex), LOCK_CLASS("wait queue of mutex " #mutex))
void mutex_zero(struct mutex *mutex);
void mutex_lock_slow(struct mutex *mutex);
void mutex_unlock_slow(struct mutex *mutex);

/* Debug builds: tell core/lock_order.h. Called from inline functions, so their return address is in the
 * code that takes the lock. */
void mutex_note_lock(const struct mutex *mutex, enum lock_take how);
void mutex_note_unlock(const struct mutex *mutex);

#define MUTEX_INLINE static inline DEBUG_ONLY(__attribute__((always_inline)))

static inline void mutex_init_class(struct mutex *mutex, const char *class, const char *queue_class)
{
    mutex_zero(mutex);
    spin_set_class_to(&mutex->queue.lock, queue_class);
    if (CONFIG_DEBUG) mutex->class[0] = class;
}

static inline bool mutex_take(struct mutex *mutex)
{
    uint64_t nobody = 0;
    return __atomic_compare_exchange_n(&mutex->owner, &nobody, (uint64_t)percpu_current(), false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

MUTEX_INLINE bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRES(true, mutex) NO_THREAD_SAFETY_ANALYSIS
{
    bool is_ours = mutex_take(mutex);
    if (CONFIG_DEBUG && is_ours) mutex_note_lock(mutex, LOCK_TAKE_IF_FREE);
    return is_ours;
}

MUTEX_INLINE void mutex_lock(struct mutex *mutex) ACQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG) mutex_note_lock(mutex, LOCK_TAKE);
    if (unlikely(!mutex_take(mutex))) mutex_lock_slow(mutex);
}

/* Where another mutex of the same class is held, and nobody takes the two the other way round: a comment
 * at the call says why. */
MUTEX_INLINE void mutex_lock_nested(struct mutex *mutex) ACQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG) mutex_note_lock(mutex, LOCK_TAKE_NESTED);
    if (unlikely(!mutex_take(mutex))) mutex_lock_slow(mutex);
}

MUTEX_INLINE void mutex_unlock(struct mutex *mutex) RELEASES(mutex) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t self = (uint64_t)percpu_current();
    if (CONFIG_DEBUG) mutex_note_unlock(mutex);
    if (unlikely(
            !__atomic_compare_exchange_n(&mutex->owner, &self, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
        mutex_unlock_slow(mutex);
}
