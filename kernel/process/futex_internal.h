/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, buckets and waiters, between the files of futexes. States and invariants: docs/futex.md. */
#pragma once
#include "arch/percpu.h"
#include "arch/usercopy.h"
#include "config.h"
#include "core/lock.h"
#include "lib/list.h"
#include "process/futex.h"
#include "sched/thread.h"
#include "vm/identity.h"
#include "vm/layout.h"
#include "vm/space.h"

/* What two threads must agree on to meet. Nothing is held for it: identities are never used again. */
struct futex_key {
    uint64_t object; /* identity of the address space or of the file's pages; 0: physical memory */
    uint64_t place;  /* the word in it, and FUTEX_IS_SHARED for a word that was looked for as a shared one */
};
#define FUTEX_IS_SHARED 1ull /* words are aligned, so the bit is free */

static inline bool futex_key_is(struct futex_key a, struct futex_key b)
{
    return a.place == b.place && a.object == b.object;
}

/* One line of cache, so that CPUs busy with different words do not meet. */
struct ALIGNED(64) futex_bucket {
    struct spinlock lock;
    uint32_t count;      /* of waiters; changes under the lock, read without */
    struct list waiters; /* in the order of their coming; under the lock. Garbage while count is 0 */
};
extern struct futex_bucket futex_buckets[CONFIG_FUTEX_BUCKETS];

/* How a sleeper on a lock with an owner came to have it. */
enum futex_grant { GRANT_NONE, GRANT_INHERITED };

/* On the sleeper's stack. In a bucket from futex_enqueue_locked until its waker or itself takes it out. */
struct futex_waiter {
    struct list link;            /* under the bucket's lock, as all but the bucket itself */
    struct futex_bucket *bucket; /* atomic; changes under the locks of both */
    struct futex_key key;
    uint32_t bitset;
    bool is_woken;        /* atomic; the last that a waker does with a waiter */
    uint64_t deadline_ns; /* the sleeper's own; UINT64_MAX: none */
    struct thread *thread;
    struct user_thread *pi; /* itself, on a lock with an owner; NULL: on any other word */
    enum futex_grant grant;
};

/* By multiplication with 2^64 / golden ratio, whose upper bits every bit of the key changes. */
static inline struct futex_bucket *futex_bucket_of(struct futex_key key)
{
    uint64_t hash = (key.place + (key.object << 32)) * 0x9e3779b97f4a7c15ull;
    return &futex_buckets[hash >> (64 - __builtin_ctz(CONFIG_FUTEX_BUCKETS))];
}

/* Without the lock: false means that whoever goes to sleep later on a word of this bucket sees what this thread
 * wrote to it before. docs/futex.md, "The look without the lock". */
static inline bool futex_bucket_is_used(const struct futex_bucket *bucket)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&bucket->lock.held, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&bucket->count, __ATOMIC_RELAXED);
}

/* Its identity as an object, or 0 when nobody has asked for that yet. */
static inline uint64_t futex_object_try(void)
{
    return __atomic_load_n(&percpu_current()->space->identity, __ATOMIC_RELAXED);
}
static inline bool futex_is_word(uaddr_t word)
{
    return !(word.raw % sizeof(uint32_t)) && is_user_range(word.raw, sizeof(uint32_t));
}

enum futex_access { FUTEX_READS, FUTEX_WRITES };

/* A shared word's key; it is touched. ERR_FAULT, ERR_NO_MEMORY. */
err_t futex_key_shared(uaddr_t word, enum futex_access access, struct futex_key *out);
static inline err_t futex_key_make(uaddr_t word, bool is_shared, enum futex_access access,
                                   struct futex_key *out)
{
    if (unlikely(word.raw % sizeof(uint32_t))) return ERR_INVALID;
    if (unlikely(!is_user_range(word.raw, sizeof(uint32_t)))) return ERR_FAULT;
    if (is_shared) return futex_key_shared(word, access, out);
    *out = (struct futex_key){ identity_of(&percpu_current()->space->identity), word.raw };
    return OK;
}

/* ---- words: the address has a key ---- */

/* With the bucket locked; -1: it has to be made present, without the lock. */
static inline int64_t futex_load(uaddr_t word) { return arch_user_load32((const uint32_t *)word.raw); }
static inline int64_t futex_exchange(uaddr_t word, uint32_t expected, uint32_t desired)
{
    return arch_user_compare_exchange32((uint32_t *)word.raw, expected, desired);
}
/* ERR_FAULT. */
err_t futex_make_present(uaddr_t word, enum futex_access access);

/* ---- waiters ---- */

/* A list to go through even where there was none. */
static inline struct list *futex_waiters_locked(struct futex_bucket *bucket) REQUIRES(bucket->lock)
{
    if (bucket->count == 0) list_init(&bucket->waiters);
    return &bucket->waiters;
}

static inline void futex_enqueue_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
    REQUIRES(bucket->lock)
{
    list_push_back(futex_waiters_locked(bucket), &waiter->link);
    __atomic_store_n(&bucket->count, bucket->count + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&waiter->bucket, bucket, __ATOMIC_RELAXED);
}

static inline void futex_dequeue_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
    REQUIRES(bucket->lock)
{
    waiter->link.prev->next = waiter->link.next;
    waiter->link.next->prev = waiter->link.prev;
    __atomic_store_n(&bucket->count, bucket->count - 1, __ATOMIC_RELAXED);
}

/* Ends a wait. The waiter, and the thread it was, may be gone on return. */
static inline void futex_wake_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
    REQUIRES(bucket->lock)
{
    futex_dequeue_locked(bucket, waiter);
    thread_wake_off(waiter->thread);
    __atomic_store_n(&waiter->is_woken, true, __ATOMIC_RELEASE);
}

static inline struct futex_waiter *futex_waiter_of(struct list *node)
{
    return LIST_ENTRY(node, struct futex_waiter, link);
}

/* Locks the bucket that the waiter is in, or was in last. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *waiter);

/* The thread ends: nobody begins to wait for a lock of it, and the first of those who wait for each inherits it. */
void futex_bequeath(struct user_thread *owner);
