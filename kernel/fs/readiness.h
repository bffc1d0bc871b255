/* SPDX-License-Identifier: Apache-2.0 */
/* Who wants to know when something becomes ready. Whatever can (a pipe, a timer, a terminal, a socket) embeds a
 * struct readiness; poll, select and epoll attach watchers to it.
 *
 *     the object                              the watcher
 *     takes its lock                          readiness_watch
 *     changes its state                       calls file_ops.poll, which takes the object's lock
 *     readiness_changed, in or after this     sleeps until it is told
 *
 * The state changes and is looked at under one lock of the object's own, whichever that is. Whoever takes it second
 * sees what the first did, the state or the watcher, so no change is lost and nobody who changes something needs a
 * fence to find out that nobody watches.
 *
 * Lifetime: a watcher keeps neither. Whoever attaches it detaches it before either goes: poll holds the file while it
 * sleeps, epoll forgets a file with its last reference (file_put). Any context, but for what sleeps.
 *
 * Lock order: readiness.lock is taken under the lock of the object, or after it; watchers are told under it. A watcher
 * that is itself something to watch (epoll) tells its own watchers from there, with readiness_changed_nested. */
#pragma once
#include "lib/list.h"
#include "sched/wait.h"

struct readiness {
    struct spinlock lock;
    struct list watchers; /* under lock */
    bool is_watched;      /* atomic; written under lock */
};

/* Changes are LINUX_POLL bits that may be true now and were not, or are so anew. */
struct watcher {
    struct list link;            /* in readiness.watchers */
    struct readiness *readiness; /* NULL: detached */
    uint32_t wanted;             /* told of these; atomic */
    bool is_exclusive;           /* one of these is enough, of those that `tell` says true of */
    /* Under readiness.lock, in any context. */
    bool (*tell)(struct watcher *watcher, uint32_t changes);
};

#define readiness_init(readiness) readiness_init_class((readiness), LOCK_CLASS("readiness.lock"))
void readiness_init_class(struct readiness *readiness, const char *class);
#define READINESS_INIT(name) { SPINLOCK_INIT_CLASS("readiness.lock"), LIST_INIT((name).watchers), false }

void readiness_watch(struct readiness *readiness, struct watcher *watcher) EXCLUDES(readiness->lock);
/* After this `tell` neither runs nor will. Harmless on one that is detached. */
void readiness_unwatch(struct watcher *watcher);

void readiness_tell(struct readiness *readiness, uint32_t changes);
void readiness_tell_nested(struct readiness *readiness, uint32_t changes);
static inline bool readiness_is_watched(const struct readiness *readiness)
{
    return __atomic_load_n(&readiness->is_watched, __ATOMIC_RELAXED);
}
static inline void readiness_changed(struct readiness *readiness, uint32_t changes)
{
    if (unlikely(readiness_is_watched(readiness))) readiness_tell(readiness, changes);
}
/* The same in a `tell`, for what is watched further up: such chains have no rings. */
static inline void readiness_changed_nested(struct readiness *readiness, uint32_t changes)
{
    if (readiness_is_watched(readiness)) readiness_tell_nested(readiness, changes);
}

/* ---- a thread that waits for one of several things ---- */

struct readiness_sleeper {
    struct wait_queue queue;
    bool is_told; /* under queue.lock */
};

struct sleeper_watch {
    struct watcher watcher;
    struct readiness_sleeper *sleeper;
};

void sleeper_init(struct readiness_sleeper *sleeper);
/* `events` and errors wake the sleeper from now on. */
void sleeper_watch(struct readiness_sleeper *sleeper, struct sleeper_watch *watch,
                   struct readiness *readiness, uint32_t events);
/* Until something it watches has changed since the last time this said so. TIMED_OUT; INTERRUPTED when the thread has
 * to leave the kernel. Threads only. */
err_t sleeper_wait(struct readiness_sleeper *sleeper, uint64_t deadline_ns);
