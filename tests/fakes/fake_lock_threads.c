/* SPDX-License-Identifier: Apache-2.0 */
/* Spin locks of a host test with threads; the other one, fake_lock.c, finds misuse by a single thread. */
#include "core/lock.h"
#include "tests/fakes/fake_lock.h"

#include <sched.h>

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

void spin_lock_nested_off(struct spinlock *lock) { spin_lock(lock); }

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

void fake_lock_drop_all(void) {}
