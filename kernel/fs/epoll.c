/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched: items come, change and go. */
#include "fs/epoll_internal.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/text_file.h"
#include "mm/charge.h"
#include "mm/heap.h"

enum {
    WATCHES_SHARE = 25, /* one part in so many of the container's memory */
    ALWAYS_WANTED = LINUX_POLLERR | LINUX_POLLHUP,
};

struct mutex epoll_nesting = MUTEX_INIT(epoll_nesting);
struct spinlock epoll_links_lock = SPINLOCK_INIT_CLASS("epoll_links_lock");
static uint64_t watches; /* atomic */

uint64_t epoll_watches_max(void)
{
    uint64_t frames = __atomic_load_n(&charge_counters.limits[CHARGE_KERNEL], __ATOMIC_RELAXED);
    return MIN(frames, UINT64_MAX / PAGE_BYTES) * PAGE_BYTES / WATCHES_SHARE / sizeof(struct epoll_item);
}

/* ---- items, in their tree ---- */

static int compare(const struct file *file, uint32_t fd, const struct epoll_item *item)
{
    if (file != item->file) return file < item->file ? -1 : 1;
    return fd == item->fd ? 0 : fd < item->fd ? -1 : 1;
}

static struct epoll_item *item_at(struct tree_node *node)
{
    return TREE_ENTRY(node, struct epoll_item, node);
}

struct epoll_item *epoll_find_item(struct epoll *ep, const struct file *file, uint32_t fd,
                                   struct tree_node **before)
{
    struct tree_node *node = ep->items.root;
    *before = NULL;
    while (node) {
        int side = compare(file, fd, item_at(node));
        if (side == 0) return item_at(node);
        if (side > 0) *before = node;
        node = node->child[side > 0];
    }
    return NULL;
}

/* ---- being told ---- */

bool epoll_item_queue(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    spin_lock(&ep->queue.lock);
    bool has_sleeper = !list_is_empty(&ep->queue.waiters);
    if (list_is_empty(&item->ready_link)) list_push_back(&ep->ready, &item->ready_link);
    if (has_sleeper) wait_wake_one_locked(&ep->queue);
    spin_unlock(&ep->queue.lock);
    return has_sleeper;
}

static bool item_told(struct watcher *watcher, uint32_t changes UNUSED)
{
    struct epoll_item *item = CONTAINER_OF(watcher, struct epoll_item, watcher);
    bool has_sleeper = epoll_item_queue(item);
    readiness_changed_nested(&item->epoll->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
    return has_sleeper;
}

/* After it was added or changed: it may have something to say at once. */
static void look_at_item(struct epoll_item *item)
{
    if (!epoll_item_poll(item)) return;
    epoll_item_queue(item);
    readiness_changed(&item->epoll->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
}

/* ---- coming and going ---- */

static void link_to_file(struct epoll_item *item)
{
    struct file *file = item->file;
    spin_lock(&epoll_links_lock);
    if (!file->is_watched) list_init(&file->epoll_items);
    file->is_watched = true;
    list_push_front(&file->epoll_items, &item->file_link);
    spin_unlock(&epoll_links_lock);
}

/* The file may end as soon as it is unlinked. */
static void remove_locked(struct epoll *ep, struct epoll_item *item) REQUIRES(ep->lock)
{
    readiness_unwatch(&item->watcher);
    tree_remove(&ep->items, &item->node);
    spin_lock(&ep->queue.lock);
    list_remove(&item->ready_link);
    spin_unlock(&ep->queue.lock);
    spin_lock(&epoll_links_lock);
    list_remove(&item->file_link);
    spin_unlock(&epoll_links_lock);
    heap_free(item);
    __atomic_sub_fetch(&watches, 1, __ATOMIC_RELAXED);
}

static err_t item_create(struct epoll *ep, struct file *file, uint32_t fd, struct epoll_item **out)
{
    if (__atomic_add_fetch(&watches, 1, __ATOMIC_RELAXED) > epoll_watches_max()) {
        __atomic_sub_fetch(&watches, 1, __ATOMIC_RELAXED);
        return ERR_NO_SPACE;
    }
    struct epoll_item *item = heap_alloc_zeroed(sizeof(*item));
    if (!item) {
        __atomic_sub_fetch(&watches, 1, __ATOMIC_RELAXED);
        return ERR_NO_MEMORY;
    }
    item->epoll = ep;
    item->file = file;
    item->fd = fd;
    list_init(&item->ready_link);
    *out = item;
    return OK;
}

static void set_events(struct epoll_item *item, const struct linux_epoll_event *event)
{
    item->data = event->data;
    item->events = (event->events | ALWAYS_WANTED) & ~LINUX_EPOLLWAKEUP; /* as without CAP_BLOCK_SUSPEND */
    epoll_item_switch(item, item->events & ~EPOLL_MODES);
}

static err_t add_locked(struct epoll *ep, struct tree_node *before, struct file *file, uint32_t fd,
                        const struct linux_epoll_event *event, bool is_nested) REQUIRES(ep->lock)
{
    struct epoll_item *item;
    err_t e = item_create(ep, file, fd, &item);
    if (failed(e)) return e;
    set_events(item, event);
    item->watcher.tell = item_told;
    item->watcher.is_exclusive = event->events & LINUX_EPOLLEXCLUSIVE;
    tree_insert_after(&ep->items, before, &item->node);
    link_to_file(item);
    if (is_nested) e = epoll_check_ways(file);
    if (failed(e)) {
        remove_locked(ep, item);
        return e;
    }
    struct readiness *readiness = file_readiness(file);
    if (readiness) readiness_watch(readiness, &item->watcher);
    look_at_item(item);
    return OK;
}

static err_t change_locked(struct epoll *ep, struct epoll_item *item, const struct linux_epoll_event *event)
    REQUIRES(ep->lock)
{
    (void)ep;
    if (item->events & LINUX_EPOLLEXCLUSIVE) return ERR_INVALID;
    set_events(item, event);
    look_at_item(item);
    return OK;
}

/* ---- epoll_ctl ---- */

static err_t check_exclusive(uint32_t operation, const struct file *file, uint32_t events)
{
    const uint32_t allowed = LINUX_POLLIN | LINUX_POLLOUT | ALWAYS_WANTED | LINUX_EPOLLWAKEUP |
                             LINUX_EPOLLET | LINUX_EPOLLEXCLUSIVE;
    if (!(events & LINUX_EPOLLEXCLUSIVE)) return OK;
    if (operation == LINUX_EPOLL_CTL_MOD) return ERR_INVALID;
    bool is_bad = file_is_epoll(file) || (events & ~allowed);
    return operation == LINUX_EPOLL_CTL_ADD && is_bad ? ERR_INVALID : OK;
}

static err_t control(struct epoll *ep, uint32_t operation, struct file *file, uint32_t fd,
                     const struct linux_epoll_event *event, bool is_nested)
{
    struct tree_node *before;
    err_t e = is_nested && file_is_epoll(file) ? epoll_check_chain(ep, epoll_of(file)) : OK;
    if (failed(e)) return e;
    mutex_lock(&ep->lock);
    struct epoll_item *item = epoll_find_item(ep, file, fd, &before);
    if (operation == LINUX_EPOLL_CTL_ADD) {
        e = item ? ERR_EXISTS : add_locked(ep, before, file, fd, event, is_nested);
    } else if (operation == LINUX_EPOLL_CTL_MOD) {
        e = item ? change_locked(ep, item, event) : ERR_NOT_FOUND;
    } else if (operation == LINUX_EPOLL_CTL_DEL) {
        if (item) remove_locked(ep, item);
        e = item ? OK : ERR_NOT_FOUND;
    } else {
        e = ERR_INVALID;
    }
    mutex_unlock(&ep->lock);
    return e;
}

err_t epoll_control(struct file *epoll, uint32_t operation, struct file *file, uint32_t fd,
                    const struct linux_epoll_event *event)
{
    if (!file->ops->poll) return ERR_NOT_PERMITTED;
    if (file == epoll || !file_is_epoll(epoll)) return ERR_INVALID;
    err_t e = event ? check_exclusive(operation, file, event->events) : OK;
    if (failed(e)) return e;
    bool is_nested = operation == LINUX_EPOLL_CTL_ADD && (file_is_epoll(file) || epoll->is_watched);
    if (!is_nested) return control(epoll_of(epoll), operation, file, fd, event, false);
    mutex_lock(&epoll_nesting);
    e = control(epoll_of(epoll), operation, file, fd, event, true);
    mutex_unlock(&epoll_nesting);
    return e;
}

/* ---- files end ---- */

static void put(struct epoll *ep)
{
    if (__atomic_sub_fetch(&ep->references, 1, __ATOMIC_ACQ_REL) == 0) heap_free(ep);
}

/* The epoll of some item of the file, counted; NULL: there is none. */
static struct epoll *some_watcher(struct file *file)
{
    struct epoll *ep = NULL;
    spin_lock(&epoll_links_lock);
    if (!list_is_empty(&file->epoll_items)) {
        ep = LIST_ENTRY(file->epoll_items.next, struct epoll_item, file_link)->epoll;
        __atomic_add_fetch(&ep->references, 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&epoll_links_lock);
    return ep;
}

/* The epoll may end meanwhile; then its items go there. */
void epoll_forget_file(struct file *file)
{
    struct epoll *ep;
    while ((ep = some_watcher(file)) != NULL) {
        struct tree_node *before;
        mutex_lock(&ep->lock);
        epoll_find_item(ep, file, 0, &before);
        struct tree_node *node = before ? tree_next(before) : tree_first(&ep->items);
        while (node && item_at(node)->file == file) {
            struct tree_node *next = tree_next(node);
            remove_locked(ep, item_at(node));
            node = next;
        }
        mutex_unlock(&ep->lock);
        put(ep);
    }
}

static void epoll_release(struct file *file)
{
    struct epoll *ep = epoll_of(file);
    mutex_lock(&ep->lock);
    while (ep->items.root) remove_locked(ep, item_at(ep->items.root));
    mutex_unlock(&ep->lock);
    put(ep);
}

/* ---- as a file ---- */

/* What is not ready after all leaves the list. */
static uint32_t epoll_poll(struct file *file)
{
    struct epoll *ep = epoll_of(file);
    uint32_t ready = 0;
    mutex_lock_nested(
        &ep->lock); /* the other one is of an epoll that watches this one, and chains have no rings */
    struct epoll_item *item;
    while (!ready && (item = epoll_first_ready(ep)) != NULL) {
        if (!epoll_item_poll(item)) continue;
        epoll_item_queue(item);
        ready = LINUX_POLLIN | LINUX_POLLRDNORM;
    }
    mutex_unlock(&ep->lock);
    return ready;
}

static struct readiness *epoll_readiness(struct file *file) { return &epoll_of(file)->readiness; }

static void epoll_describe(struct file *file, struct text *text)
{
    struct epoll *ep = epoll_of(file);
    mutex_lock(&ep->lock);
    for (struct tree_node *node = tree_first(&ep->items); node; node = tree_next(node)) {
        const struct epoll_item *item = item_at(node);
        struct vnode_attributes a;
        vnode_get_attributes(item->file->vnode, &a);
        text_add(text, "tfd: %8u events: %8x data: %16lx  pos:%lu ino:%lx sdev:%lx\n", item->fd, item->events,
                 item->data, item->file->position, a.inode, a.device);
    }
    mutex_unlock(&ep->lock);
}

static const struct file_ops epoll_ops = {
    .name = "anon_inode:[eventpoll]",
    .mode = 0600,
    .seek = file_seek_nowhere,
    .poll = epoll_poll,
    .readiness = epoll_readiness,
    .describe = epoll_describe,
    .release = epoll_release,
};

bool file_is_epoll(const struct file *file) { return file->ops == &epoll_ops; }

err_t epoll_open(struct file **out)
{
    struct epoll *ep = heap_alloc_zeroed(sizeof(*ep));
    if (!ep) return ERR_NO_MEMORY;
    ep->references = 1;
    mutex_init(&ep->lock);
    wait_queue_init(&ep->queue);
    list_init(&ep->ready);
    readiness_init(&ep->readiness);
    ep->file = *out = file_create(&epoll_ops, ep, LINUX_O_RDWR);
    if (*out) return OK;
    heap_free(ep);
    return ERR_NO_MEMORY;
}
