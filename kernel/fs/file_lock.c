/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file_lock.h"

#include "mm/heap.h"

enum { BUCKETS = 64, BUCKET_SHIFT = 6, CHAIN_MAX = 1024 };

struct owned_lock {
    struct owned_lock *next;
    const struct vnode *vnode; /* not counted: whoever has a lock has the file open */
    struct file_lock lock;
};

/* On the stack of a process that waits for a range. */
struct lock_waiter {
    struct list link;
    const void *owner, *blocker;
};

static struct wait_queue changes = WAIT_QUEUE_INIT(changes); /* its lock guards: */
static struct owned_lock *buckets[BUCKETS];
static struct list waiters = LIST_INIT(waiters);

static struct owned_lock **bucket_of(const struct vnode *v)
{
    return &buckets[(uint64_t)v >> BUCKET_SHIFT & (BUCKETS - 1)];
}

static bool is_own(const struct file_lock *a, const struct file_lock *b)
{
    return a->owner == b->owner && a->kind == b->kind;
}

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool conflicts(const struct file_lock *a, const struct file_lock *b)
{
    bool is_same_world = (a->kind == LOCK_WHOLE) == (b->kind == LOCK_WHOLE);
    return is_same_world && !is_own(a, b) && (a->is_write || b->is_write) && overlaps(a, b);
}

/* That with the lowest start. */
static const struct file_lock *blocker_locked(const struct vnode *v, const struct file_lock *wanted)
    REQUIRES(changes.lock)
{
    const struct file_lock *first = NULL;
    for (const struct owned_lock *h = *bucket_of(v); h; h = h->next)
        if (h->vnode == v && conflicts(&h->lock, wanted) && (!first || h->lock.start < first->start))
            first = &h->lock;
    return first;
}

/* ---- replacing what the owner has ---- */

static void drop_locked(struct owned_lock **at) REQUIRES(changes.lock)
{
    struct owned_lock *h = *at;
    *at = h->next;
    heap_free(h);
}

static void insert_locked(const struct vnode *v, struct owned_lock *h, const struct file_lock *lock)
    REQUIRES(changes.lock)
{
    struct owned_lock **bucket = bucket_of(v);
    *h = (struct owned_lock){ .next = *bucket, .vnode = v, .lock = *lock };
    *bucket = h;
}

/* Takes `range` out of a lock of the same owner. False: nothing is left of it. `spare` becomes the second half of one
 * that is cut in the middle. */
static bool cut_locked(const struct vnode *v, struct file_lock *lock, const struct file_lock *range,
                       struct owned_lock **spare) REQUIRES(changes.lock)
{
    bool keeps_front = lock->start<range->start, keeps_back = lock->end> range->end;
    if (keeps_front && keeps_back) {
        struct file_lock back = *lock;
        back.start = range->end + 1;
        insert_locked(v, *spare, &back);
        *spare = NULL;
    }
    if (keeps_front)
        lock->end = range->start - 1;
    else if (keeps_back)
        lock->start = range->end + 1;
    return keeps_front || keeps_back;
}

/* Neighbours of one type are one lock. */
static bool joins(const struct file_lock *a, const struct file_lock *b)
{
    bool is_near = a->start <= b->end + 1 && b->start <= a->end + 1;
    return a->is_write == b->is_write && is_near;
}

/* `*spare` and `*fresh` are used up where they are needed, and NULL then. No `fresh`: the range is given up. */
static void replace_locked(const struct vnode *v, const struct file_lock *wanted, struct owned_lock **fresh,
                           struct owned_lock **spare) REQUIRES(changes.lock)
{
    struct file_lock whole = *wanted;
    for (struct owned_lock **at = bucket_of(v); *at;) {
        struct owned_lock *h = *at;
        bool is_ours = h->vnode == v && is_own(&h->lock, wanted);
        if (is_ours && *fresh && joins(&h->lock, &whole)) {
            whole.start = MIN(whole.start, h->lock.start);
            whole.end = MAX(whole.end, h->lock.end);
            drop_locked(at);
        } else if (is_ours && overlaps(&h->lock, wanted) && !cut_locked(v, &h->lock, wanted, spare)) {
            drop_locked(at);
        } else {
            at = &h->next;
        }
    }
    if (*fresh) insert_locked(v, *fresh, &whole);
    *fresh = NULL;
    wait_wake_all_locked(&changes);
}

/* ---- waiting ---- */

static const struct lock_waiter *waiter_of_locked(const void *owner) REQUIRES(changes.lock)
{
    LIST_FOR_EACH (node, &waiters) {
        const struct lock_waiter *w = LIST_ENTRY(node, struct lock_waiter, link);
        if (w->owner == owner) return w;
    }
    return NULL;
}

/* Whether who has the lock waits, perhaps by way of others, for `owner`. */
static bool is_circle_locked(const void *owner, const void *blocker) REQUIRES(changes.lock)
{
    for (uint32_t i = 0; i < CHAIN_MAX; i++) {
        if (blocker == owner) return true;
        const struct lock_waiter *w = waiter_of_locked(blocker);
        if (!w) return false;
        blocker = w->blocker;
    }
    return true; /* so long a chain is not followed further */
}

static err_t wait_locked(const struct file_lock *wanted, const struct file_lock *blocker)
    REQUIRES(changes.lock)
{
    struct lock_waiter self = { .owner = wanted->owner, .blocker = blocker->owner };
    bool is_watched = wanted->kind == LOCK_OF_PROCESS && blocker->kind == LOCK_OF_PROCESS;
    if (is_watched && is_circle_locked(self.owner, self.blocker)) return ERR_DEADLOCK;
    if (is_watched) list_push_back(&waiters, &self.link);
    err_t e = wait_sleep_interruptible_locked(&changes, UINT64_MAX);
    if (is_watched) list_remove(&self.link);
    return e;
}

static err_t acquire_locked(const struct vnode *v, const struct file_lock *wanted, bool waits)
    REQUIRES(changes.lock)
{
    const struct file_lock *blocker;
    while ((blocker = blocker_locked(v, wanted))) {
        if (!waits) return ERR_TRY_AGAIN;
        err_t e = wait_locked(wanted, blocker);
        if (failed(e)) return e;
    }
    return OK;
}

static err_t apply(struct vnode *v, const struct file_lock *wanted, bool is_set, bool waits)
{
    struct owned_lock *fresh = is_set ? heap_alloc(sizeof(*fresh)) : NULL,
                      *spare = heap_alloc(sizeof(*spare));
    err_t e = spare && (fresh || !is_set) ? OK : ERR_NO_MEMORY;
    spin_lock(&changes.lock);
    if (!failed(e) && is_set) e = acquire_locked(v, wanted, waits);
    if (!failed(e)) {
        if (is_set) __atomic_store_n(&v->has_locks, true, __ATOMIC_RELAXED);
        replace_locked(v, wanted, &fresh, &spare);
    }
    spin_unlock(&changes.lock);
    heap_free(fresh);
    heap_free(spare);
    return e;
}

err_t file_lock_set(struct vnode *v, const struct file_lock *wanted, bool waits)
{
    return apply(v, wanted, true, waits);
}

err_t file_lock_clear(struct vnode *v, const struct file_lock *range)
{
    return apply(v, range, false, false);
}

bool file_lock_find(struct vnode *v, const struct file_lock *wanted, struct file_lock *out)
{
    spin_lock(&changes.lock);
    const struct file_lock *blocker = blocker_locked(v, wanted);
    if (blocker) *out = *blocker;
    spin_unlock(&changes.lock);
    return blocker;
}

void file_lock_forget(struct vnode *v, const void *owner)
{
    bool is_used = false;
    spin_lock(&changes.lock);
    for (struct owned_lock **at = bucket_of(v); *at;) {
        if ((*at)->vnode == v && (*at)->lock.owner == owner) {
            drop_locked(at);
            continue;
        }
        is_used |= (*at)->vnode == v;
        at = &(*at)->next;
    }
    if (!is_used) __atomic_store_n(&v->has_locks, false, __ATOMIC_RELAXED);
    wait_wake_all_locked(&changes);
    spin_unlock(&changes.lock);
}

/* ---- what there is ---- */

static const struct owned_lock *lock_at_locked(uint64_t place) REQUIRES(changes.lock)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (const struct owned_lock *h = buckets[i]; h; h = h->next)
            if (place-- == 0) return h;
    return NULL;
}

bool file_lock_at(uint64_t place, struct file_lock *lock, struct file_lock_place *where)
{
    spin_lock(&changes.lock);
    const struct owned_lock *h = lock_at_locked(place);
    if (h) {
        *lock = h->lock;
        *where = (struct file_lock_place){ h->vnode->inode, h->vnode->filesystem };
    }
    spin_unlock(&changes.lock);
    return h;
}
