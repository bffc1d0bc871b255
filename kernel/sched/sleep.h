/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of going to sleep, for those who keep queues of their own (process/futex.h): a sleeper that is in
 * no wait queue, and whom one waker has to find. */
#pragma once
#include "core/lock.h"

/* Gives up `lock`, taken by spin_lock_short, under which the caller has told others whom to wake, and sleeps: until
 * one of them calls thread_wake, or until somebody wants this thread to leave the kernel (thread_interrupt). A
 * wake-up after the lock was given up is not lost. It may return early, so callers look why. Returns without the lock
 * and with interrupts on. Threads only. */
void sleep_unlock(struct spinlock *lock) RELEASES(lock);
/* Or until the clock has reached `deadline_ns`; UINT64_MAX: never. */
void sleep_unlock_until(struct spinlock *lock, uint64_t deadline_ns) RELEASES(lock);
