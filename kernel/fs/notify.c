/* SPDX-License-Identifier: Apache-2.0 */
/* Which vnodes are watched, and whom an event concerns. [linux fs/notify/fsnotify.c] */
#include "fs/inotify_internal.h"

#include "mm/heap.h"

struct spinlock notify_lock = SPINLOCK_INIT_CLASS("notify_lock");
static struct tree all; /* under notify_lock */
static uint32_t last_cookie;

/* Where the vnode's node is, or would be: behind *before. */
static struct watched *find_locked(const struct vnode *v, struct tree_node **before) REQUIRES(notify_lock)
{
    struct tree_node *node = all.root;
    *before = NULL;
    while (node) {
        struct watched *watched = TREE_ENTRY(node, struct watched, node);
        if (watched->vnode == v) return watched;
        bool is_behind = watched->vnode < v;
        if (is_behind) *before = node;
        node = node->child[is_behind];
    }
    return NULL;
}

static void mark_names_locked(const struct vnode *directory, bool is_watched) REQUIRES(fs_queue.lock)
{
    LIST_FOR_EACH (node, &directory->directory.entries) {
        struct vnode *v = LIST_ENTRY(node, struct dir_entry, siblings)->vnode;
        if (is_watched)
            __atomic_fetch_or(&v->notify, VNODE_NAMED, __ATOMIC_RELAXED);
        else if (vnode_is_directory(v) || v->links <= 1) /* else another directory may watch it */
            __atomic_fetch_and(&v->notify, (uint8_t)~VNODE_NAMED, __ATOMIC_RELAXED);
    }
}

struct watched *notify_watch_locked(struct vnode *v)
{
    struct tree_node *before;
    struct watched *watched = find_locked(v, &before);
    if (watched) return watched;
    watched = heap_alloc_zeroed(sizeof(*watched));
    if (!watched) return NULL;
    watched->vnode = v;
    list_init(&watched->watches);
    tree_insert_after(&all, before, &watched->node);
    __atomic_fetch_or(&v->notify, VNODE_WATCHED, __ATOMIC_RELAXED);
    if (vnode_is_directory(v)) mark_names_locked(v, true);
    return watched;
}

static void forget_locked(struct watched *watched) REQUIRES(notify_lock)
{
    __atomic_fetch_and(&watched->vnode->notify, (uint8_t)~VNODE_WATCHED, __ATOMIC_RELAXED);
    tree_remove(&all, &watched->node);
    heap_free(watched);
}

void notify_unwatch_locked(struct watched *watched)
{
    if (!list_is_empty(&watched->watches)) return;
    if (vnode_is_directory(watched->vnode)) mark_names_locked(watched->vnode, false);
    forget_locked(watched);
}

/* ---- events ---- */

static void send_locked(const struct vnode *v, const struct notice *notice)
    REQUIRES(fs_queue.lock, notify_lock)
{
    struct tree_node *before;
    struct watched *watched = find_locked(v, &before);
    if (!watched) return;
    LIST_FOR_EACH_SAFE (node, &watched->watches) {
        struct watch *watch = LIST_ENTRY(node, struct watch, link);
        if (!(watch->mask & notice->event & LINUX_IN_ALL_EVENTS)) continue;
        if (notice->is_unlinked && (watch->mask & LINUX_IN_EXCL_UNLINK)) continue;
        inotify_queue_event(watch, notice);
        if (watch->mask & LINUX_IN_ONESHOT) inotify_end_watch_locked(watch);
    }
    notify_unwatch_locked(watched);
}

static uint32_t kind_of(const struct vnode *v) { return vnode_is_directory(v) ? LINUX_IN_ISDIR : 0; }

/* Whoever watches the directory knows it by its name there; who watches the vnode itself needs none. The root of
 * a mount is nobody's child. */
void notify_tell(struct vnode *v, const struct dir_entry *entry, uint32_t event)
{
    struct notice notice = { .event = event | kind_of(v) };
    fs_lock();
    spin_lock(&notify_lock);
    if (!entry && vnode_is_directory(v)) entry = v->directory.entry;
    notice.is_unlinked = entry && !entry->vnode;
    if (entry && entry->parent->filesystem == v->filesystem) {
        struct notice named = notice;
        named.name = entry->name;
        named.bytes = entry->name_bytes;
        send_locked(entry->parent, &named);
    }
    send_locked(v, &notice);
    spin_unlock(&notify_lock);
    fs_unlock();
}

void notify_tell_self_locked(struct vnode *v, uint32_t event)
{
    /* Linux never told the kind of what moved or was deleted, and programs compare the whole word. */
    uint32_t kind = event & (LINUX_IN_MOVE_SELF | LINUX_IN_DELETE_SELF) ? 0 : kind_of(v);
    struct notice notice = { .event = event | kind };
    spin_lock(&notify_lock);
    send_locked(v, &notice);
    spin_unlock(&notify_lock);
}

void notify_tell_name_locked(const struct dir_entry *name, const struct vnode *v, uint32_t event,
                             uint32_t cookie)
{
    struct notice notice = {
        .event = event | kind_of(v), .cookie = cookie, .name = name->name, .bytes = name->name_bytes
    };
    spin_lock(&notify_lock);
    send_locked(name->parent, &notice);
    spin_unlock(&notify_lock);
}

uint32_t notify_cookie(void) { return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED); }

void notify_end(struct vnode *v, uint32_t event)
{
    struct tree_node *before;
    struct notice notice = { .event = event };
    spin_lock(&notify_lock);
    struct watched *watched = find_locked(v, &before);
    if (watched) {
        LIST_FOR_EACH_SAFE (node, &watched->watches) {
            struct watch *watch = LIST_ENTRY(node, struct watch, link);
            if ((watch->mask | LINUX_IN_UNMOUNT) & event) inotify_queue_event(watch, &notice);
            inotify_end_watch_locked(watch);
        }
        forget_locked(watched);
    }
    spin_unlock(&notify_lock);
}
