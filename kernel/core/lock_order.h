/* SPDX-License-Identifier: Apache-2.0 */
/* Debug builds: who holds which locks, and whether they are taken in one order everywhere. A violation is
 * a panic that names the locks and the places; docs/locking.md tells how to read it. Release builds call
 * nothing here and contain nothing of it.
 *
 * Spin locks are held by a CPU, mutexes by a thread. The two kinds never share a cycle, since a mutex is
 * not taken with a spin lock held. Any context; the functions keep interrupts off themselves. */
#pragma once
#include "config.h"
#include "lib/base.h"

#define LOCK_TEXT_OF(x) #x
#define LOCK_TEXT(x)    LOCK_TEXT_OF(x)
/* The class of the locks that are initialised here. */
#define LOCK_CLASS(name) name " (" __FILE__ ":" LOCK_TEXT(__LINE__) ")"

struct held_lock {
    const void *lock;
    const void *site; /* the return address of whoever took it */
    uint32_t class;
};

struct held_locks {
    uint32_t count;
    struct held_lock stack[CONFIG_LOCKS_HELD_MAX];
};

/* How a lock is taken: in order; beside another of its class, by an order of its own that the caller knows;
 * only if it is free, which can be no deadlock. */
enum lock_take { LOCK_TAKE, LOCK_TAKE_NESTED, LOCK_TAKE_IF_FREE };

/* `held` are the mutexes of the running thread; NULL stands for the spin locks of this CPU.
 *
 * A lock of `class` is about to be taken, or was taken, if it was taken only if free. */
void lock_order_take(struct held_locks *held, const void *lock, const char *class, const void *site,
                     enum lock_take how);
/* It is given up. Spin locks leave in the reverse order of coming, mutexes in any. */
void lock_order_release(struct held_locks *held, const void *lock, const char *class, const void *site);

/* Panics when this CPU is in an interrupt or holds a spin lock. `what` ends "... with a spin lock held". */
void lock_order_expect_may_sleep(const char *what);
/* Panics when any lock is held; `mutexes` are those of the thread. */
void lock_order_expect_none(const char *what, const struct held_locks *mutexes);

/* The thread with these mutexes runs from now on. Interrupts off. */
void lock_order_resume(const struct held_locks *mutexes);

/* From the first thread on, when no lock is held. */
void lock_order_start(void);
/* Says no more: a panic has begun, which goes past locks. */
void lock_order_stop(void);
