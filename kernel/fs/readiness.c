/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/readiness.h"

#include "abi/linux/poll.h"

void readiness_init_class(struct readiness *r, const char *class)
{
    r->lock = (struct spinlock)SPINLOCK_INIT;
    spin_set_class_to(&r->lock, class);
    list_init(&r->watchers);
    r->is_watched = false;
}

/* Linux tells the youngest first and those that share a wake-up last. */
void readiness_watch(struct readiness *r, struct watcher *w)
{
    spin_lock(&r->lock);
    if (w->is_exclusive)
        list_push_back(&r->watchers, &w->link);
    else
        list_push_front(&r->watchers, &w->link);
    w->readiness = r;
    __atomic_store_n(&r->is_watched, true, __ATOMIC_RELAXED);
    spin_unlock(&r->lock);
}

void readiness_unwatch(struct watcher *w)
{
    struct readiness *r = w->readiness;
    if (!r) return;
    spin_lock(&r->lock);
    list_remove(&w->link);
    __atomic_store_n(&r->is_watched, !list_is_empty(&r->watchers), __ATOMIC_RELAXED);
    spin_unlock(&r->lock);
    w->readiness = NULL;
}

static void tell_locked(struct readiness *r, uint32_t changes) REQUIRES(r->lock)
{
    LIST_FOR_EACH (node, &r->watchers) {
        struct watcher *w = LIST_ENTRY(node, struct watcher, link);
        if (!(__atomic_load_n(&w->wanted, __ATOMIC_RELAXED) & changes)) continue;
        if (w->tell(w, changes) && w->is_exclusive) return;
    }
}

void readiness_tell(struct readiness *r, uint32_t changes)
{
    spin_lock(&r->lock);
    tell_locked(r, changes);
    spin_unlock(&r->lock);
}

void readiness_tell_nested(struct readiness *r, uint32_t changes)
{
    spin_lock_nested_off(&r->lock);
    tell_locked(r, changes);
    spin_unlock_off(&r->lock);
}

/* ---- sleepers ---- */

void sleeper_init(struct readiness_sleeper *s)
{
    wait_queue_init(&s->queue);
    s->is_told = false;
}

static bool tell_sleeper(struct watcher *watcher, uint32_t changes UNUSED)
{
    struct readiness_sleeper *s = CONTAINER_OF(watcher, struct sleeper_watch, watcher)->sleeper;
    spin_lock_off(&s->queue.lock);
    s->is_told = true;
    wait_wake_all_locked(&s->queue);
    spin_unlock_off(&s->queue.lock);
    return true;
}

void sleeper_watch(struct readiness_sleeper *s, struct sleeper_watch *watch, struct readiness *r,
                   uint32_t events)
{
    watch->sleeper = s;
    watch->watcher =
        (struct watcher){ .wanted = events | LINUX_POLLERR | LINUX_POLLHUP, .tell = tell_sleeper };
    readiness_watch(r, &watch->watcher);
}

err_t sleeper_wait(struct readiness_sleeper *s, uint64_t deadline_ns)
{
    err_t e = OK;
    spin_lock(&s->queue.lock);
    while (!s->is_told && !failed(e)) e = wait_sleep_interruptible_locked(&s->queue, deadline_ns);
    s->is_told = false;
    spin_unlock(&s->queue.lock);
    return e;
}
