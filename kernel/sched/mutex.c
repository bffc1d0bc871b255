/* SPDX-License-Identifier: Apache-2.0 */
/* Where a mutex is contended, its owner changes under the queue's lock. Whoever sleeps has seen to it that
 * the owner's unlock comes here. */
#include "sched/mutex.h"

#include "arch/cpu.h"
#include "sched/thread.h"

enum { SPINS_MAX = 1000 };

void mutex_zero(struct mutex *mutex)
{
    wait_queue_zero(&mutex->queue);
    mutex->owner = 0;
}

void mutex_note_lock(const struct mutex *mutex, enum lock_take how)
{
    lock_order_expect_may_sleep("taking a mutex");
    lock_order_take(&thread_current()->mutexes[0], mutex, mutex->class[0], __builtin_return_address(0), how);
}

void mutex_note_unlock(const struct mutex *mutex)
{
    lock_order_release(&thread_current()->mutexes[0], mutex, mutex->class[0], __builtin_return_address(0));
}

/* False when the owner has just unlocked. */
static bool mark_contended(struct mutex *mutex, uint64_t owner)
{
    return __atomic_compare_exchange_n(&mutex->owner, &owner, owner | MUTEX_CONTENDED, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* An owner that runs, on another CPU then, is about to unlock: sleeping would take longer. The owner cannot be gone
 * while it is one, and its memory is only looked at; at worst another thread's is. */
static bool wait_for_running_owner(struct mutex *mutex)
{
    for (uint32_t i = 0; i < SPINS_MAX; i++) {
        uint64_t owner = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
        if (!owner) return true;
        const struct thread *t = (const struct thread *)(owner & ~MUTEX_CONTENDED);
        if (!__atomic_load_n(&t->context.is_on_cpu, __ATOMIC_RELAXED)) return false;
        cpu_relax();
    }
    return false;
}

void mutex_lock_slow(struct mutex *mutex)
{
    uint64_t self = (uint64_t)percpu_current();
    if (cpus_online_set().bits != 1 && wait_for_running_owner(mutex) && mutex_take(mutex)) return;
    spin_lock(&mutex->queue.lock);
    for (;;) {
        uint64_t owner = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
        ASSERT((owner & ~MUTEX_CONTENDED) != self);
        if (owner == 0) {
            uint64_t wanted = self | (list_is_empty(&mutex->queue.waiters) ? 0 : MUTEX_CONTENDED);
            if (__atomic_compare_exchange_n(&mutex->owner, &owner, wanted, false, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED))
                break;
        } else if (mark_contended(mutex, owner)) {
            wait_sleep_locked(&mutex->queue);
        }
    }
    spin_unlock(&mutex->queue.lock);
}

void mutex_unlock_slow(struct mutex *mutex)
{
    spin_lock(&mutex->queue.lock);
    uint64_t owner = __atomic_exchange_n(&mutex->owner, 0, __ATOMIC_RELEASE);
    ASSERT(owner == ((uint64_t)percpu_current() | MUTEX_CONTENDED));
    wait_wake_one_locked(&mutex->queue);
    spin_unlock(&mutex->queue.lock);
}
