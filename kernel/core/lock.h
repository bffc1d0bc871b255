/* SPDX-License-Identifier: Apache-2.0 */
/* Spin locks. Holding one keeps interrupts off on this CPU, so a lock may be shared with an
 * interrupt handler; nothing that holds one may sleep. Order: docs/locking.md. */
#pragma once
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "core/lock_order.h"
#include "lib/base.h"

struct CAPABILITY("spinlock") spinlock {
    uint32_t held;                   /* 0, or the holder's percpu.lock_mark; atomic */
    uint32_t saved_flags;            /* RFLAGS.IF of the holder, under the lock itself */
    const void *owner;               /* the holder's return address in debug builds, for the panic report */
    const char *class[CONFIG_DEBUG]; /* core/lock_order.h */
};

#define SPINLOCK_INIT SPINLOCK_INIT_CLASS("spin lock")
#define SPINLOCK_INIT_CLASS(name)                 \
    {                                             \
        0, 0, 0, { DEBUG_ONLY(LOCK_CLASS(name)) } \
    }
/* For a lock that came to life as zeros. */
#define spin_set_class(lock, name) spin_set_class_to((lock), LOCK_CLASS(name))

/* Spins until the lock is ours; interrupts are off on return. In debug builds a lock that this CPU
 * already holds panics instead of hanging. */
void spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock) RELEASES(lock);

/* The same where interrupts are off and stay so: no call in release builds. */
static inline void spin_lock_off(struct spinlock *lock) ACQUIRES(lock) NO_THREAD_SAFETY_ANALYSIS;
static inline void spin_unlock_off(struct spinlock *lock) RELEASES(lock) NO_THREAD_SAFETY_ANALYSIS;
/* With another of its class held, in an order that the caller knows. */
void spin_lock_nested_off(struct spinlock *lock) ACQUIRES(lock);
static inline void spin_set_class_to(struct spinlock *lock, const char *class)
{
    if (CONFIG_DEBUG) lock->class[0] = class;
}
static inline bool spin_is_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->held, __ATOMIC_RELAXED);
}
/* Whoever waited for it would wait for ever: it is held further up this stack, or by a CPU that was stopped. For
 * reports, which go on without it. */
bool spin_is_lost(const struct spinlock *lock);

void spin_wait(struct spinlock *lock);
static inline bool spin_try(struct spinlock *lock)
{
    uint32_t nobody = 0;
    return __atomic_compare_exchange_n(&lock->held, &nobody, percpu_lock_mark(), false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}
static inline void spin_lock_off(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG || __STDC_HOSTED__)
        spin_lock(lock);
    else if (unlikely(!spin_try(lock)))
        spin_wait(lock);
}
static inline void spin_unlock_off(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG || __STDC_HOSTED__)
        spin_unlock(lock);
    else
        __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/* The same for the shortest paths of threads, whose interrupts are known to be on: they need not be remembered. What
 * the first has taken is given up by one of the others, which turn interrupts on or leave them off. */
static inline void spin_lock_short(struct spinlock *lock) ACQUIRES(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG || __STDC_HOSTED__) {
        spin_lock(lock);
        return;
    }
    interrupts_off();
    spin_lock_off(lock);
}
static inline void spin_unlock_short(struct spinlock *lock) RELEASES(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG || __STDC_HOSTED__) {
        spin_unlock(lock);
        return;
    }
    spin_unlock_off(lock);
    interrupts_on();
}
static inline void spin_unlock_short_keep_off(struct spinlock *lock) RELEASES(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (CONFIG_DEBUG) lock->saved_flags = 0;
    spin_unlock_off(lock);
}
