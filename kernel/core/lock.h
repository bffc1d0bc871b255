/* SPDX-License-Identifier: Apache-2.0 */
/* Spin locks. Holding one keeps interrupts off on this CPU, so a lock may be shared with an
 * interrupt handler; nothing that holds one may sleep. Order: docs/locking.md. */
#pragma once
#include "arch/cpu.h"
#include "lib/base.h"

struct CAPABILITY("spinlock") spinlock {
    uint32_t held;        /* 0 or 1 */
    uint32_t saved_flags; /* RFLAGS.IF of the holder, under the lock itself */
    const void *owner;    /* the holder's return address in debug builds, for the panic report */
};

#define SPINLOCK_INIT { 0, 0, 0 }

/* Spins until the lock is ours; interrupts are off on return. In debug builds a lock that this CPU
 * already holds panics instead of hanging. */
void spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock) RELEASES(lock);
static inline bool spin_is_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->held, __ATOMIC_RELAXED);
}
