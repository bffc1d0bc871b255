/* SPDX-License-Identifier: Apache-2.0 */
/* Locks whose word says which thread has them: LOCK_PI and its family, which the C libraries use for mutexes with
 * priority inheritance. All threads have one priority, so there is none to inherit; what is left of Linux's rules is
 * that the lock goes to the longest asleep, that nobody waits for himself or for who does not exist, and that the
 * death of an owner hands the lock on.
 *
 * Free and taken without waiters is the program's business alone. As soon as somebody waits, FUTEX_WAITERS in the word
 * sends its owner here. Sleepers are in the bucket like all others. Whom they wait for is in user_thread.futex, under
 * process_tree_lock, which is taken with a bucket locked; all sleepers on one word wait for the same thread, and while
 * there are any, that thread and not the word says whose the lock is.
 *
 * An owner that ends may not even have the word in its address space. So the sleeper that inherits writes its own
 * number into the word, and stays in the bucket until it has, so that nobody believes the word meanwhile. */
#include "process/futex_internal.h"

#include "abi/linux/futex.h"
#include "core/time.h"
#include "process/user_thread.h"
#include "sched/sleep.h"
#include "vm/usercopy.h"

static uint32_t owner_in(int64_t value) { return (uint32_t)value & LINUX_FUTEX_TID_MASK; }

static struct futex_waiter *first_locked(struct futex_bucket *bucket, const struct futex_key *key)
    REQUIRES(bucket->lock)
{
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH (node, waiters)
        if (futex_key_is(futex_waiter_of(node)->key, *key)) return futex_waiter_of(node);
    return NULL;
}

/* ---- who waits for whom ---- */

static void begin_waiting_locked(struct user_thread *self, struct user_thread *owner)
    REQUIRES(process_tree_lock)
{
    self->futex.waits_for = owner;
    owner->futex.waiters++;
}

static void end_waiting_locked(struct user_thread *self) REQUIRES(process_tree_lock)
{
    self->futex.waits_for->futex.waiters--;
    self->futex.waits_for = NULL;
}

/* The chain has no circle, because this is asked before each new link. */
static bool leads_to_locked(const struct user_thread *owner, const struct user_thread *self)
    REQUIRES(process_tree_lock)
{
    while (owner && owner != self) owner = owner->futex.waits_for;
    return owner;
}

/* The lock is `heir`'s; who else waits for it waits for the heir. A program may also wait on such a word as if it were
 * any other: who does so waits for nobody. */
static void pass_on_locked(struct futex_bucket *bucket, struct futex_waiter *heir)
    REQUIRES(bucket->lock, process_tree_lock)
{
    end_waiting_locked(heir->pi);
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH (node, waiters) {
        struct futex_waiter *other = futex_waiter_of(node);
        if (other == heir || !other->pi || !futex_key_is(other->key, heir->key)) continue;
        end_waiting_locked(other->pi);
        begin_waiting_locked(other->pi, heir->pi);
    }
}

/* ---- lock ---- */

enum lock_step {
    STEP_TAKEN, /* it is ours */
    STEP_WAIT,  /* we are in the bucket */
    STEP_AGAIN, /* the word changed under us */
    STEP_FAULT, /* the word has to be made present */
    STEP_FAILED,
};

struct lock_attempt {
    uaddr_t word;
    enum futex_lock how;
    struct futex_waiter *self;
    err_t error; /* of STEP_FAILED */
};

static enum lock_step refuse(struct lock_attempt *a, err_t e)
{
    a->error = e;
    return STEP_FAILED;
}

static enum lock_step exchange_step(uaddr_t word, int64_t old, uint32_t desired, enum lock_step done)
{
    int64_t seen = futex_exchange(word, (uint32_t)old, desired);
    return seen < 0 ? STEP_FAULT : seen == old ? done : STEP_AGAIN;
}

/* Whose lock it is, `first` being the first sleeper. NULL: the word and the sleepers disagree, or nobody has the
 * number in the word. A thread that ends has put its mark on the words it could reach before it says so. */
static struct user_thread *owner_locked(const struct futex_waiter *first, int64_t value, err_t *why)
    REQUIRES(process_tree_lock)
{
    if (!first) {
        struct user_thread *owner = user_thread_find_locked(owner_in(value));
        *why = ERR_NO_PROCESS;
        return owner && !owner->futex.has_ended ? owner : NULL;
    }
    *why = ERR_INVALID;
    if (first->grant == GRANT_INHERITED) return first->pi;
    struct user_thread *owner = first->pi->futex.waits_for;
    bool has_died = !owner_in(value) && value & LINUX_FUTEX_OWNER_DIED;
    return has_died || owner_in(value) == owner->tid ? owner : NULL;
}

static enum lock_step wait_step_locked(struct lock_attempt *a, struct futex_bucket *bucket,
                                       const struct futex_waiter *first, int64_t value) REQUIRES(bucket->lock)
{
    struct user_thread *self = a->self->pi;
    enum lock_step step = STEP_WAIT;
    err_t why;
    spin_lock(&process_tree_lock);
    struct user_thread *owner = owner_locked(first, value, &why);
    if (!owner)
        step = futex_load(a->word) == (value | LINUX_FUTEX_WAITERS) ? refuse(a, why) : STEP_AGAIN;
    else if (leads_to_locked(owner, self))
        step = refuse(a, ERR_DEADLOCK);
    else if (a->how == FUTEX_TRY_LOCK)
        step = refuse(a, ERR_TRY_AGAIN);
    else
        begin_waiting_locked(self, owner);
    spin_unlock(&process_tree_lock);
    if (step == STEP_WAIT) futex_enqueue_locked(bucket, a->self);
    return step;
}

static enum lock_step lock_step_locked(struct lock_attempt *a, struct futex_bucket *bucket)
    REQUIRES(bucket->lock)
{
    uint32_t ours = a->self->pi->tid;
    int64_t value = futex_load(a->word);
    if (value < 0) return STEP_FAULT;
    if (owner_in(value) == ours) return refuse(a, ERR_DEADLOCK);
    const struct futex_waiter *first = first_locked(bucket, &a->self->key);
    if (first && !first->pi) return refuse(a, ERR_INVALID);
    if (!first && !owner_in(value))
        return exchange_step(a->word, value, (value & LINUX_FUTEX_OWNER_DIED) | ours, STEP_TAKEN);

    enum lock_step marked =
        value & LINUX_FUTEX_WAITERS
            ? STEP_WAIT
            : exchange_step(a->word, value, (uint32_t)value | LINUX_FUTEX_WAITERS, STEP_WAIT);
    return marked == STEP_WAIT ? wait_step_locked(a, bucket, first, value) : marked;
}

/* ---- the sleep ---- */

/* The owner ended: our number goes into the word, with its mark. The bucket is locked, also on return. */
static err_t claim(uaddr_t word, struct futex_waiter *self,
                   struct futex_bucket *bucket) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t ours = LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS | self->pi->tid;
    for (;;) {
        int64_t value = futex_load(word);
        enum lock_step step = value < 0 ? STEP_FAULT : exchange_step(word, value, ours, STEP_TAKEN);
        if (step == STEP_TAKEN) return OK;
        spin_unlock_short(&bucket->lock);
        err_t e = step == STEP_FAULT ? futex_make_present(word, FUTEX_WRITES) : OK;
        spin_lock_short(&bucket->lock);
        if (failed(e)) return e; /* the word is gone, and the lock ours as far as others wait for it */
    }
}

static void give_up_locked(struct futex_waiter *self, struct futex_bucket *bucket) REQUIRES(bucket->lock)
{
    spin_lock(&process_tree_lock);
    end_waiting_locked(self->pi);
    spin_unlock(&process_tree_lock);
    futex_dequeue_locked(bucket, self);
}

static bool look_why(uaddr_t word, struct futex_waiter *self, struct futex_bucket *bucket,
                     err_t *out) NO_THREAD_SAFETY_ANALYSIS
{
    *out = OK;
    spin_lock_short(&bucket->lock); /* such sleepers are never moved */
    if (self->is_woken) {
    } else if (self->grant == GRANT_INHERITED) {
        *out = claim(word, self, bucket);
        futex_dequeue_locked(bucket, self);
    } else if (self->deadline_ns != UINT64_MAX && time_now_ns() >= self->deadline_ns) {
        *out = ERR_TIMED_OUT;
        give_up_locked(self, bucket);
    } else if (thread_must_leave()) {
        *out = ERR_INTERRUPTED;
        give_up_locked(self, bucket);
    } else {
        return false;
    }
    spin_unlock_short(&bucket->lock);
    return true;
}

err_t futex_lock_pi(uaddr_t word, bool is_shared, enum futex_lock how,
                    uint64_t deadline_ns) NO_THREAD_SAFETY_ANALYSIS
{
    struct futex_waiter self = { .deadline_ns = deadline_ns,
                                 .thread = thread_current(),
                                 .pi = user_thread_current() };
    struct lock_attempt attempt = { .word = word, .how = how, .self = &self };
    for (;;) {
        err_t e = futex_key_make(word, is_shared, FUTEX_WRITES, &self.key);
        if (failed(e)) return e;
        struct futex_bucket *bucket = futex_bucket_of(self.key);
        spin_lock_short(&bucket->lock);
        enum lock_step step = lock_step_locked(&attempt, bucket);
        if (step == STEP_WAIT) {
            do {
                sleep_unlock_until(&bucket->lock, deadline_ns);
            } while (!look_why(word, &self, bucket, &e));
            return e;
        }
        spin_unlock_short(&bucket->lock);
        if (step == STEP_TAKEN) return OK;
        if (step == STEP_FAILED) return attempt.error;
        e = step == STEP_FAULT ? futex_make_present(word, FUTEX_WRITES) : OK;
        if (failed(e)) return e;
    }
}

/* ---- unlock ---- */

static enum lock_step hand_over_locked(uaddr_t word, int64_t value, struct futex_bucket *bucket,
                                       struct futex_waiter *heir, err_t *out) REQUIRES(bucket->lock)
{
    *out = ERR_INVALID;
    if (!heir->pi || heir->grant == GRANT_INHERITED) return STEP_FAILED;
    spin_lock(&process_tree_lock);
    bool is_ours = heir->pi->futex.waits_for == user_thread_current();
    enum lock_step step =
        is_ours ? exchange_step(word, value, LINUX_FUTEX_WAITERS | heir->pi->tid, STEP_TAKEN) : STEP_FAILED;
    if (step == STEP_TAKEN) pass_on_locked(bucket, heir);
    spin_unlock(&process_tree_lock);
    if (step == STEP_TAKEN) futex_wake_locked(bucket, heir);
    return step;
}

err_t futex_unlock_pi(uaddr_t word, bool is_shared)
{
    for (;;) {
        uint32_t value;
        struct futex_key key;
        err_t e =
            is_user_range(word.raw, sizeof(value)) ? user_copy_in(&value, word, sizeof(value)) : ERR_FAULT;
        if (failed(e)) return e;
        if (owner_in(value) != user_thread_current()->tid) return ERR_NOT_PERMITTED;
        e = futex_key_make(word, is_shared, FUTEX_WRITES, &key);
        if (failed(e)) return e;
        struct futex_bucket *bucket = futex_bucket_of(key);
        spin_lock_short(&bucket->lock);
        struct futex_waiter *heir = first_locked(bucket, &key);
        enum lock_step step = heir ? hand_over_locked(word, value, bucket, heir, &e)
                                   : exchange_step(word, value, 0, STEP_TAKEN);
        spin_unlock_short(&bucket->lock);
        if (step == STEP_TAKEN) return OK;
        if (step == STEP_FAILED) return e;
        e = step == STEP_FAULT ? futex_make_present(word, FUTEX_WRITES) : OK;
        if (failed(e)) return e;
    }
}

/* ---- the end of an owner ---- */

static bool is_heir_locked(const struct futex_waiter *waiter, const struct user_thread *owner)
    REQUIRES(process_tree_lock)
{
    return waiter->pi && waiter->grant == GRANT_NONE && waiter->pi->futex.waits_for == owner;
}

/* The first sleeper on each word that waits for `owner` inherits; then the others wait for it, and not for `owner`. */
static void bequeath_locked(struct futex_bucket *bucket, struct user_thread *owner) REQUIRES(bucket->lock)
{
    struct list *waiters = futex_waiters_locked(bucket);
    LIST_FOR_EACH (node, waiters) {
        struct futex_waiter *waiter = futex_waiter_of(node);
        spin_lock(&process_tree_lock);
        bool inherits = is_heir_locked(waiter, owner);
        if (inherits) pass_on_locked(bucket, waiter);
        spin_unlock(&process_tree_lock);
        if (!inherits) continue;
        waiter->grant = GRANT_INHERITED;
        thread_wake_off(waiter->thread);
    }
}

/* Who found `owner` alive holds the lock of a bucket, or has slept in it since, so no look without it misses one. */
void futex_bequeath(struct user_thread *owner)
{
    spin_lock(&process_tree_lock);
    owner->futex.has_ended = true;
    bool is_awaited = owner->futex.waiters;
    spin_unlock(&process_tree_lock);
    if (!is_awaited) return;
    for (uint32_t i = 0; i < CONFIG_FUTEX_BUCKETS; i++) {
        struct futex_bucket *bucket = &futex_buckets[i];
        if (!futex_bucket_is_used(bucket)) continue;
        spin_lock_short(&bucket->lock);
        bequeath_locked(bucket, owner);
        spin_unlock_short(&bucket->lock);
    }
}
