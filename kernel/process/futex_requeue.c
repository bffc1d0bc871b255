/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on two words: both buckets are locked, the one at the lower address first, and the word that is
 * compared or changed is touched under these locks. */
#include "process/futex_internal.h"

#include "abi/linux/futex.h"

struct two_buckets {
    struct futex_bucket *from, *to;
};

static void lock_two(struct two_buckets b) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock_short(&MIN(b.from, b.to)->lock);
    if (b.from != b.to) spin_lock_nested_off(&MAX(b.from, b.to)->lock); /* in the order of their addresses */
}

static void unlock_two(struct two_buckets b) NO_THREAD_SAFETY_ANALYSIS
{
    if (b.from != b.to) spin_unlock(&MAX(b.from, b.to)->lock);
    spin_unlock_short(&MIN(b.from, b.to)->lock);
}

/* ---- requeue ---- */

/* It stays in a bucket all the time, as others who look for it hold one of these two locks. */
static void move_locked(struct two_buckets b, struct futex_waiter *waiter,
                        const struct futex_key *to) NO_THREAD_SAFETY_ANALYSIS
{
    if (futex_key_is(waiter->key, *to)) return;
    futex_dequeue_locked(b.from, waiter);
    waiter->key = *to;
    futex_enqueue_locked(b.to, waiter);
}

static int64_t requeue_locked(const struct futex_requeue *r, struct two_buckets b,
                              const struct futex_key *from,
                              const struct futex_key *to) NO_THREAD_SAFETY_ANALYSIS
{
    int64_t found = 0;
    struct list *waiters = futex_waiters_locked(b.from);
    LIST_FOR_EACH_SAFE (node, waiters) {
        struct futex_waiter *waiter = futex_waiter_of(node);
        if (found - r->wake_count >= r->move_count) break;
        if (!futex_key_is(waiter->key, *from)) continue;
        if (waiter->pi) return ERR_INVALID.code;
        if (++found <= r->wake_count)
            futex_wake_locked(b.from, waiter);
        else
            move_locked(b, waiter, to);
    }
    return found;
}

int64_t futex_requeue(const struct futex_requeue *r)
{
    if (r->wake_count < 0 || r->move_count < 0) return ERR_INVALID.code;
    for (;;) {
        struct futex_key from, to;
        err_t e = futex_key_make(r->from, r->is_shared, FUTEX_READS, &from);
        if (!failed(e)) e = futex_key_make(r->to, r->is_shared, FUTEX_READS, &to);
        if (failed(e)) return e.code;
        struct two_buckets b = { futex_bucket_of(from), futex_bucket_of(to) };
        lock_two(b);
        int64_t now = r->has_expected ? futex_load(r->from) : r->expected;
        int64_t found = now == r->expected ? requeue_locked(r, b, &from, &to) : ERR_TRY_AGAIN.code;
        unlock_two(b);
        if (now >= 0) return found;
        e = futex_make_present(r->from, FUTEX_READS);
        if (failed(e)) return e.code;
    }
}

/* ---- wake-op ---- */

struct word_operation {
    uint32_t kind, comparison, operand;
    int32_t compared;
};

static int32_t sign_extend_12(uint32_t bits) { return (int32_t)(bits << 20) >> 20; }

static struct word_operation decode_operation(uint32_t encoded)
{
    struct word_operation op = {
        .kind = encoded >> LINUX_FUTEX_OP_SHIFT & 7,
        .comparison = encoded >> LINUX_FUTEX_OP_CMP_SHIFT & 0xf,
        .operand = (uint32_t)sign_extend_12(encoded >> LINUX_FUTEX_OP_ARG_SHIFT),
        .compared = sign_extend_12(encoded),
    };
    if (encoded >> LINUX_FUTEX_OP_SHIFT & LINUX_FUTEX_OP_OPARG_SHIFT) op.operand = 1u << (op.operand & 31);
    return op;
}

static bool apply_operation(const struct word_operation *op, uint32_t old, uint32_t *out)
{
    switch (op->kind) {
    case LINUX_FUTEX_OP_SET: *out = op->operand; return true;
    case LINUX_FUTEX_OP_ADD: *out = old + op->operand; return true;
    case LINUX_FUTEX_OP_OR: *out = old | op->operand; return true;
    case LINUX_FUTEX_OP_ANDN: *out = old & ~op->operand; return true;
    case LINUX_FUTEX_OP_XOR: *out = old ^ op->operand; return true;
    }
    return false;
}

static bool compare_with(const struct word_operation *op, int32_t old, bool *out)
{
    switch (op->comparison) {
    case LINUX_FUTEX_OP_CMP_EQ: *out = old == op->compared; return true;
    case LINUX_FUTEX_OP_CMP_NE: *out = old != op->compared; return true;
    case LINUX_FUTEX_OP_CMP_LT: *out = old < op->compared; return true;
    case LINUX_FUTEX_OP_CMP_LE: *out = old <= op->compared; return true;
    case LINUX_FUTEX_OP_CMP_GT: *out = old > op->compared; return true;
    case LINUX_FUTEX_OP_CMP_GE: *out = old >= op->compared; return true;
    }
    return false;
}

static int64_t wake_some_locked(struct futex_bucket *bucket, const struct futex_key *key, int32_t count)
    REQUIRES(bucket->lock)
{
    int64_t woken = 0;
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH_SAFE (node, waiters) {
        struct futex_waiter *waiter = futex_waiter_of(node);
        if (!futex_key_is(waiter->key, *key)) continue;
        if (waiter->pi) return ERR_INVALID.code;
        futex_wake_locked(bucket, waiter);
        if (++woken >= count) break;
    }
    return woken;
}

struct wake_op {
    struct futex_key from, to;
    struct two_buckets b;
    int32_t from_count, to_count;
};

static int64_t wake_both_locked(const struct wake_op *w, bool wakes_to) NO_THREAD_SAFETY_ANALYSIS
{
    int64_t woken = wake_some_locked(w->b.from, &w->from, w->from_count);
    if (woken < 0 || !wakes_to) return woken;
    int64_t more = wake_some_locked(w->b.to, &w->to, w->to_count);
    return more < 0 ? more : woken + more;
}

enum attempt { ATTEMPT_DONE, ATTEMPT_LOST, ATTEMPT_FAULT };

/* One try of the change, so that a thread that keeps changing the word cannot keep the locks taken. A comparison
 * that is none is noticed after the change, as on Linux. */
static enum attempt try_locked(const struct wake_op *w, const struct word_operation *op, uaddr_t word,
                               int64_t *result) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t desired;
    bool wakes_to;
    *result = ERR_NO_SYSCALL.code;
    int64_t old = futex_load(word);
    if (old < 0) return ATTEMPT_FAULT;
    if (!apply_operation(op, (uint32_t)old, &desired)) return ATTEMPT_DONE;
    int64_t seen = futex_exchange(word, (uint32_t)old, desired);
    if (seen < 0) return ATTEMPT_FAULT;
    if (seen != old) return ATTEMPT_LOST;
    if (compare_with(op, (int32_t)old, &wakes_to)) *result = wake_both_locked(w, wakes_to);
    return ATTEMPT_DONE;
}

int64_t futex_wake_op(uaddr_t from, uaddr_t to, bool is_shared, int32_t from_count, int32_t to_count,
                      uint32_t operation)
{
    struct word_operation op = decode_operation(operation);
    for (;;) {
        struct wake_op w = { .from_count = from_count, .to_count = to_count };
        err_t e = futex_key_make(from, is_shared, FUTEX_READS, &w.from);
        if (!failed(e)) e = futex_key_make(to, is_shared, FUTEX_WRITES, &w.to);
        if (failed(e)) return e.code;
        w.b = (struct two_buckets){ futex_bucket_of(w.from), futex_bucket_of(w.to) };
        int64_t result;
        lock_two(w.b);
        enum attempt attempt = try_locked(&w, &op, to, &result);
        unlock_two(w.b);
        if (attempt == ATTEMPT_DONE) return result;
        e = attempt == ATTEMPT_FAULT ? futex_make_present(to, FUTEX_WRITES) : OK;
        if (failed(e)) return e.code;
    }
}
