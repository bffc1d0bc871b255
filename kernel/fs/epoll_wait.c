/* SPDX-License-Identifier: Apache-2.0 */
/* The ready list is what may be ready: each of it is looked at when somebody asks, and leaves the list. What is level
 * triggered and has been told of goes to its end, so that all have their turn. */
#include "abi/linux/poll.h"
#include "fs/epoll_internal.h"
#include "vm/usercopy.h"

enum { CHUNK = 16 };

/* Told outside the locks; what cannot be told goes back. */
struct told {
    const struct file *file; /* names the item, which may be gone */
    uint32_t fd;
    uint32_t wanted; /* what it was switched on for */
    struct linux_epoll_event event;
};

struct epoll_item *epoll_first_ready(struct epoll *ep)
{
    struct epoll_item *item = NULL;
    spin_lock_short(&ep->queue.lock);
    if (!list_is_empty(&ep->ready)) {
        item = LIST_ENTRY(ep->ready.next, struct epoll_item, ready_link);
        list_remove(&item->ready_link);
    }
    spin_unlock_short(&ep->queue.lock);
    return item;
}

/* Back on the list. Whoever began to sleep while it was away has missed it. */
static void queue_again(struct epoll *ep, struct epoll_item *item, bool is_first) REQUIRES(ep->lock)
{
    spin_lock_short(&ep->queue.lock);
    if (is_first) {
        list_remove(&item->ready_link);
        list_push_front(&ep->ready, &item->ready_link);
    } else if (list_is_empty(&item->ready_link)) {
        list_push_back(&ep->ready, &item->ready_link);
    }
    if (unlikely(!list_is_empty(&ep->queue.waiters))) wait_wake_one_locked(&ep->queue);
    spin_unlock_short(&ep->queue.lock);
}

static bool tell(struct epoll *ep, struct epoll_item *item, uint64_t scan, struct told *out)
    REQUIRES(ep->lock)
{
    uint32_t ready = epoll_item_poll(item);
    if (!ready) return false;
    item->scan = scan;
    *out = (struct told){ item->file, item->fd, item->watcher.wanted, { ready, item->data } };
    if (item->events & LINUX_EPOLLONESHOT)
        epoll_item_switch(item, 0);
    else if (!(item->events & LINUX_EPOLLET))
        queue_again(ep, item, false);
    return true;
}

/* Up to `capacity` items that this scan, 0 for a new one, has not told of. */
static uint32_t collect(struct epoll *ep, uint64_t *scan, struct told *out, uint32_t capacity)
{
    uint32_t count = 0;
    struct epoll_item *item;
    mutex_lock(&ep->lock);
    if (*scan == 0) *scan = ++ep->scans;
    while (count < capacity && (item = epoll_first_ready(ep)) != NULL) {
        if (item->scan == *scan) {
            queue_again(ep, item, true);
            break;
        }
        count += tell(ep, item, *scan, &out[count]);
    }
    mutex_unlock(&ep->lock);
    return count;
}

/* They were not told of after all. Some may be gone, or somebody else's by now: then they are looked at in vain. */
static void take_back(struct epoll *ep, const struct told *told, uint32_t count)
{
    struct tree_node *before;
    mutex_lock(&ep->lock);
    for (uint32_t i = count; i-- > 0;) {
        struct epoll_item *item = epoll_find_item(ep, told[i].file, told[i].fd, &before);
        if (!item) continue;
        if (!item->watcher.wanted) epoll_item_switch(item, told[i].wanted);
        queue_again(ep, item, true);
    }
    mutex_unlock(&ep->lock);
}

/* How many of them the program has got. */
static uint32_t copy_out(uint64_t address, const struct told *told, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (failed(
                user_copy_out(UADDR(address + i * sizeof(told->event)), &told[i].event, sizeof(told->event))))
            return i;
    return count;
}

static int64_t deliver(struct epoll *ep, uint64_t address, uint32_t capacity)
{
    struct told told[CHUNK];
    uint64_t scan = 0;
    uint32_t done = 0, count;
    do {
        count = collect(ep, &scan, told, MIN(capacity - done, (uint32_t)CHUNK));
        uint32_t copied = copy_out(address + done * sizeof(told->event), told, count);
        done += copied;
        if (likely(copied == count)) continue;
        take_back(ep, told + copied, count - copied);
        return done ? (int64_t)done : ERR_FAULT.code;
    } while (count == CHUNK && done < capacity);
    return done;
}

static err_t sleep(struct epoll *ep, uint64_t deadline_ns)
{
    err_t e = OK;
    spin_lock(&ep->queue.lock);
    while (list_is_empty(&ep->ready) && !failed(e))
        e = wait_sleep_interruptible_locked(&ep->queue, deadline_ns);
    spin_unlock(&ep->queue.lock);
    return e;
}

int64_t epoll_wait(struct file *epoll, uint64_t events, uint32_t capacity, uint64_t deadline_ns)
{
    struct epoll *ep = epoll_of(epoll);
    err_t e = OK;
    for (;;) {
        int64_t result = deliver(ep, events, capacity);
        if (result || deadline_ns == 0 || e.code == ERR_TIMED_OUT.code) return result;
        if (failed(e)) return e.code;
        e = sleep(ep, deadline_ns);
    }
}
