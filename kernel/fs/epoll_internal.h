/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about epoll.
 *
 * Locks: epoll_nesting, only where epolls watch epolls; then epoll.lock, of what watches before what is watched; then
 * epoll_links_lock, readiness.lock or epoll.queue.lock, each without the others, except that watchers are told, and take
 * queue.lock, under readiness.lock. No user memory is touched under any of them: the last reference of a file may go
 * while an address space is locked, and that takes epoll.lock. */
#pragma once
#include "fs/epoll.h"
#include "fs/file.h"
#include "lib/tree.h"
#include "sched/mutex.h"

struct epoll {
    uint32_t references; /* atomic: its file, and whoever is about to take `lock` for another file's end */
    struct mutex lock;
    struct tree items;       /* by file and number; under lock */
    struct wait_queue queue; /* sleepers in epoll_wait; its lock guards: */
    struct list ready;       /* of epoll_item.ready_link: those to be looked at */
    struct readiness readiness;
    struct file *file;   /* its own, as long as it has items */
    uint64_t scans;      /* of `ready` so far; under lock */
    uint64_t visit;      /* the walk that has been here, and */
    uint32_t visit_deep; /* how far it goes from here; under epoll_nesting */
};

struct epoll_item {
    struct tree_node node;
    struct watcher
        watcher; /* `wanted` are the events' POLL bits; none when it is switched off (EPOLLONESHOT) */
    struct epoll *epoll;
    struct file *file;
    struct list file_link;  /* in file.epoll_items; under epoll_links_lock */
    struct list ready_link; /* in epoll.ready, or in nothing; under epoll.queue.lock */
    uint64_t scan;          /* the last one that told of it; under epoll.lock */
    uint64_t data;          /* these under epoll.lock */
    uint32_t events;
    uint32_t fd;
};

#define EPOLL_MODES (LINUX_EPOLLEXCLUSIVE | LINUX_EPOLLWAKEUP | LINUX_EPOLLONESHOT | LINUX_EPOLLET)

extern struct mutex epoll_nesting;
extern struct spinlock epoll_links_lock; /* which items watch which file */

static inline struct epoll *epoll_of(const struct file *file) { return file->context; }

/* NULL: there is none, and a new one belongs behind *before. */
struct epoll_item *epoll_find_item(struct epoll *epoll, const struct file *file, uint32_t fd,
                                   struct tree_node **before) REQUIRES(epoll->lock);

/* On for these POLL bits, or off. */
static inline void epoll_item_switch(struct epoll_item *item, uint32_t wanted)
{
    item->events = (item->events & EPOLL_MODES) | wanted;
    __atomic_store_n(&item->watcher.wanted, wanted, __ATOMIC_RELAXED);
}

/* What it wants and is true. */
static inline uint32_t epoll_item_poll(const struct epoll_item *item)
{
    return file_poll(item->file) & item->watcher.wanted;
}

/* It is to be looked at. True when a thread sleeps for that. */
bool epoll_item_queue(struct epoll_item *item) EXCLUDES(item->epoll->queue.lock);

/* The first to be looked at, taken from the list; NULL: there is none. What changes from now on puts it there again. */
struct epoll_item *epoll_first_ready(struct epoll *epoll) REQUIRES(epoll->lock);

/* With epoll_nesting. Whether `to` may be watched by `epoll`: chains of epolls are short and have no rings. ERR_LOOP. */
err_t epoll_check_chain(struct epoll *epoll, struct epoll *to);
/* Whether the ways from the files that are watched through `file` to epolls that nobody watches are few enough.
 * ERR_INVALID. With epoll_nesting and the lock of what watches the file. */
err_t epoll_check_ways(struct file *file);
