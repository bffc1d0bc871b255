/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by notify.c (what is watched) and inotify.c (who is told). */
#pragma once
#include "fs/inotify.h"
#include "fs/notify.h"
#include "lib/tree.h"

extern struct spinlock notify_lock;

/* A vnode under watch, which it does not keep: the vnode's end is the end of this. */
struct watched {
    struct tree_node node; /* of all of them, by address of the vnode */
    struct vnode *vnode;
    struct list watches;
};

/* Under notify_lock. */
struct watch {
    struct tree_node node; /* in inotify.watches, by number */
    struct list link;      /* in watched.watches */
    struct inotify *inotify;
    struct watched *watched;
    uint32_t number, mask;
};

struct notice {
    uint32_t event, cookie;
    const char *name; /* with `bytes` 0: none */
    size_t bytes;
    bool is_unlinked; /* the name by which it happened is gone */
};

/* Finds or makes what stands for the vnode. NULL when memory is out. */
struct watched *notify_watch_locked(struct vnode *v) REQUIRES(fs_queue.lock, notify_lock);
/* After the last watch went. */
void notify_unwatch_locked(struct watched *watched) REQUIRES(fs_queue.lock, notify_lock);

/* Puts the event in the queue, or the news that there was no room. */
void inotify_queue_event(const struct watch *watch, const struct notice *notice) REQUIRES(notify_lock);
/* Takes the watch out of its inotify and its vnode, and tells the reader so. */
void inotify_end_watch_locked(struct watch *watch) REQUIRES(notify_lock);
