/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lock.h"

#include "core/panic.h"

void spin_lock_contended(struct spinlock *lock)
{
    do {
        /* With one CPU the holder can only be this one, further up its own stack. */
        if (CONFIG_DEBUG) panic("spin lock %p taken twice; first by %p", (void *)lock, lock->owner);
        while (spin_is_held(lock)) cpu_relax();
    } while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE));
}

static inline void take(struct spinlock *lock, enum lock_take how, const void *site) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t flags = flags_read();
    interrupts_off();
    if (CONFIG_DEBUG) lock_order_take(NULL, lock, lock->class[0], site, how);
    if (unlikely(__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))) spin_lock_contended(lock);
    lock->saved_flags = (uint32_t)flags;
    if (CONFIG_DEBUG) lock->owner = site;
}

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    take(lock, LOCK_TAKE, __builtin_return_address(0));
}

void spin_lock_nested(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    take(lock, LOCK_TAKE_NESTED, __builtin_return_address(0));
}

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = lock->saved_flags & RFLAGS_IF;
    if (CONFIG_DEBUG) lock_order_release(NULL, lock, lock->class[0], __builtin_return_address(0));
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
    if (on) interrupts_on();
}
