/* SPDX-License-Identifier: Apache-2.0 */
/* Test and set, with a pause that grows. Locks that serve in turn would be fairer, but on a virtual machine the one
 * whose turn it is may not be running, and everybody behind it would wait for nothing. Here locks are held for a few
 * lines and every thread gets its CPU in turn, so nobody is passed over for long.
 *
 * Whoever waits goes on answering other CPUs that have changed page tables: the holder may be waiting for that. */
#include "core/lock.h"

#include "core/ipi.h"
#include "core/panic.h"

enum { PAUSES_MAX = 64 }; /* between two looks at the lock: some microseconds */

static bool is_held_here(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->held, __ATOMIC_RELAXED) == percpu_lock_mark();
}

bool spin_is_lost(const struct spinlock *lock)
{
    return is_held_here(lock) || (spin_is_held(lock) && ipi_others_are_stopped());
}

NOINLINE void spin_wait(struct spinlock *lock)
{
    uint32_t pauses = 1;
    do {
        if (CONFIG_DEBUG && is_held_here(lock))
            panic("spin lock %p taken twice; first by %p", (void *)lock, lock->owner);
        for (uint32_t i = 0; i < pauses; i++) cpu_relax();
        pauses = MIN(pauses * 2, (uint32_t)PAUSES_MAX);
        ipi_poll();
    } while (spin_is_held(lock) || !spin_try(lock));
}

static inline void take(struct spinlock *lock, uint64_t flags, const void *owner)
{
    if (unlikely(!spin_try(lock))) spin_wait(lock);
    lock->saved_flags = (uint32_t)flags;
    if (CONFIG_DEBUG) lock->owner = owner;
}

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t flags = flags_read();
    interrupts_off();
    if (CONFIG_DEBUG) lock_order_take(NULL, lock, lock->class[0], __builtin_return_address(0), LOCK_TAKE);
    take(lock, flags, __builtin_return_address(0));
}

void spin_lock_nested_off(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG)
        lock_order_take(NULL, lock, lock->class[0], __builtin_return_address(0), LOCK_TAKE_NESTED);
    take(lock, 0, __builtin_return_address(0));
}

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = lock->saved_flags & RFLAGS_IF;
    if (CONFIG_DEBUG) lock_order_release(NULL, lock, lock->class[0], __builtin_return_address(0));
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
    if (on) interrupts_on();
}
