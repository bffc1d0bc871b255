/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting and waking: what every lock of a program does when it is contended.
 *
 * One table for all processes: a word in shared memory belongs to none of them, a table of each process's own would
 * cost the many small ones that never wait, and a line per bucket keeps CPUs apart as well as tables would.
 *
 * The word is read under the bucket's lock, without resolving a fault: space.lock is a mutex. If it is not present
 * the lock is given up, the page brought in, and all begins again. */
#include "process/futex_internal.h"

#include "core/time.h"
#include "sched/sleep.h"
#include "vm/usercopy.h"

struct futex_bucket futex_buckets[CONFIG_FUTEX_BUCKETS] = {
    [0 ... CONFIG_FUTEX_BUCKETS - 1] = { .lock = SPINLOCK_INIT_CLASS("futex bucket") }
};

err_t futex_make_present(uaddr_t word, enum futex_access access)
{
    uint32_t value;
    if (access == FUTEX_READS) return user_copy_in(&value, word, sizeof(value));
    return arch_user_touch32((uint32_t *)word.raw) ? ERR_FAULT : OK;
}

/* A requeue may move it while this looks, so the bucket is what it was only if that still holds with it locked. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *waiter) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        struct futex_bucket *bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED);
        spin_lock_short(&bucket->lock);
        if (bucket == __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED)) return bucket;
        spin_unlock_short(&bucket->lock);
    }
}

/* ---- waiting ---- */

/* Nobody has woken it yet, it seems: what else ended its sleep? Under the lock that decides which came first. True at
 * the end; false: it is to sleep on in the bucket, which stays locked. */
static bool look_why(struct futex_waiter *self, struct futex_bucket *bucket,
                     err_t *out) NO_THREAD_SAFETY_ANALYSIS
{
    *out = OK;
    if (!self->is_woken) {
        if (self->deadline_ns != UINT64_MAX && time_now_ns() >= self->deadline_ns)
            *out = ERR_TIMED_OUT;
        else if (thread_must_leave())
            *out = ERR_INTERRUPTED;
        else
            return false;
        futex_dequeue_locked(bucket, self);
    }
    spin_unlock_short(&bucket->lock);
    return true;
}

static NOINLINE err_t sleep_on(struct futex_waiter *self) NO_THREAD_SAFETY_ANALYSIS
{
    err_t e;
    for (;;) {
        struct futex_bucket *bucket = futex_lock_waiter(self);
        if (look_why(self, bucket, &e)) return e;
        sleep_unlock_until(&bucket->lock, self->deadline_ns);
        if (__atomic_load_n(&self->is_woken, __ATOMIC_ACQUIRE)) return OK;
    }
}

/* All but the word and its value is in the waiter from the start, so that the usual way keeps little in registers. */
static inline void prepare(struct futex_waiter *self, struct futex_key key, uint32_t bitset,
                           uint64_t deadline_ns)
{
    self->thread = percpu_current();
    self->key = key;
    self->bitset = bitset;
    self->is_woken = false;
    self->pi = NULL;
    self->deadline_ns = deadline_ns;
}

static inline err_t wait_prepared(struct futex_waiter *self, uaddr_t word, struct futex_bucket *bucket,
                                  uint32_t value, bool *is_missing) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock_short(&bucket->lock);
    int64_t now = futex_load(word);
    if (likely(now == value)) {
        futex_enqueue_locked(bucket, self);
        if (likely(self->deadline_ns == UINT64_MAX))
            sleep_unlock(&bucket->lock);
        else
            sleep_unlock_until(&bucket->lock, self->deadline_ns);
        return likely(__atomic_load_n(&self->is_woken, __ATOMIC_ACQUIRE)) ? OK : sleep_on(self);
    }
    spin_unlock_short(&bucket->lock);
    *is_missing = now < 0;
    return ERR_TRY_AGAIN;
}

/* The word is shared, not present, or none. */
static NOINLINE err_t wait_slow(uaddr_t word, bool is_shared, uint32_t value, uint32_t bitset,
                                uint64_t deadline_ns)
{
    for (;;) {
        struct futex_key key;
        struct futex_waiter self;
        bool is_missing = false;
        err_t e = futex_key_make(word, is_shared, FUTEX_READS, &key);
        if (failed(e)) return e;
        prepare(&self, key, bitset, deadline_ns);
        e = wait_prepared(&self, word, futex_bucket_of(key), value, &is_missing);
        if (!is_missing) return e;
        e = futex_make_present(word, FUTEX_READS);
        if (failed(e)) return e;
    }
}

/* The usual case: it gets all it needs in registers. */
static NOINLINE err_t wait_private(uaddr_t word, struct futex_bucket *bucket, uint64_t object, uint32_t value,
                                   uint32_t bitset, uint64_t deadline_ns)
{
    struct futex_waiter self;
    bool is_missing = false;
    prepare(&self, (struct futex_key){ object, word.raw }, bitset, deadline_ns);
    err_t e = wait_prepared(&self, word, bucket, value, &is_missing);
    if (likely(!is_missing)) return e;
    return wait_slow(UADDR(self.key.place), false, value, self.bitset, self.deadline_ns);
}

err_t futex_wait(uaddr_t word, bool is_shared, uint32_t value, uint32_t bitset, uint64_t deadline_ns)
{
    if (unlikely(is_shared || !futex_is_word(word)))
        return wait_slow(word, is_shared, value, bitset, deadline_ns);
    struct futex_key key = { futex_object_try(), word.raw };
    if (unlikely(!key.object)) return wait_slow(word, false, value, bitset, deadline_ns);
    return wait_private(word, futex_bucket_of(key), key.object, value, bitset, deadline_ns);
}

/* ---- waking ---- */

/* Who waits for an owner has no bits, but is to be found: the wake is a mistake. */
static inline bool is_meant(const struct futex_waiter *waiter, struct futex_key key, uint32_t bitset)
{
    return futex_key_is(waiter->key, key) && (waiter->bitset & bitset || waiter->pi);
}

static NOINLINE int64_t wake_one(struct futex_bucket *bucket, struct futex_key key, uint32_t bitset)
{
    int64_t woken = 0;
    spin_lock_short(&bucket->lock);
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH (node, waiters) {
        struct futex_waiter *waiter = futex_waiter_of(node);
        if (!is_meant(waiter, key, bitset)) continue;
        woken = waiter->pi ? ERR_INVALID.code : 1;
        if (likely(woken > 0)) futex_wake_locked(bucket, waiter);
        break;
    }
    spin_unlock_short(&bucket->lock);
    return woken;
}

static NOINLINE int64_t wake_many(struct futex_bucket *bucket, struct futex_key key, int32_t count,
                                  uint32_t bitset)
{
    int64_t woken = 0;
    spin_lock_short(&bucket->lock);
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH_SAFE (node, waiters) {
        struct futex_waiter *waiter = futex_waiter_of(node);
        if (!is_meant(waiter, key, bitset)) continue;
        if (waiter->pi) {
            woken = ERR_INVALID.code;
            break;
        }
        futex_wake_locked(bucket, waiter);
        if (++woken == count) break;
    }
    spin_unlock_short(&bucket->lock);
    return woken;
}

static inline int64_t wake_with(struct futex_key key, int32_t count, uint32_t bitset)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    if (!futex_bucket_is_used(bucket)) return 0;
    return count > 1 ? wake_many(bucket, key, count, bitset) : wake_one(bucket, key, bitset);
}

static NOINLINE int64_t wake_slow(uaddr_t word, bool is_shared, int32_t count, uint32_t bitset)
{
    struct futex_key key;
    err_t e = futex_key_make(word, is_shared, FUTEX_READS, &key);
    return failed(e) ? e.code : wake_with(key, count, bitset);
}

int64_t futex_wake(uaddr_t word, bool is_shared, int32_t count, uint32_t bitset)
{
    if (unlikely(is_shared || !futex_is_word(word))) return wake_slow(word, is_shared, count, bitset);
    struct futex_key key = { futex_object_try(), word.raw };
    return likely(key.object) ? wake_with(key, count, bitset) : wake_slow(word, false, count, bitset);
}
