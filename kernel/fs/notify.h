/* SPDX-License-Identifier: Apache-2.0 */
/* Telling what happens to files and names: the hooks of inotify.
 *
 * `vnode.notify` says whether anybody may want to know: VNODE_WATCHED, somebody watches this vnode; VNODE_NAMED,
 * somebody watches a directory that names it, or did. It is zero nearly always, so a hook costs the test of a byte.
 *
 * Lock order: fs_queue.lock, then notify_lock, which guards all watches, then the queue of an inotify. */
#pragma once
#include "abi/linux/inotify.h"
#include "fs/directory.h"
#include "fs/file.h"

/* `event` happened to the vnode, by the name `entry`; NULL: by none, or a directory's own. */
void notify_tell(struct vnode *v, const struct dir_entry *entry, uint32_t event) EXCLUDES(fs_queue.lock);
static inline void notify_vnode(struct vnode *v, const struct dir_entry *entry, uint32_t event)
    EXCLUDES(fs_queue.lock)
{
    if (unlikely(v->notify)) notify_tell(v, entry, event);
}
static inline void notify_file(const struct file *file, uint32_t event) EXCLUDES(fs_queue.lock)
{
    notify_vnode(file->vnode, file->entry, event);
}

/* To who watches the vnode itself and not by a name. */
void notify_tell_self_locked(struct vnode *v, uint32_t event) REQUIRES(fs_queue.lock);
static inline void notify_self_locked(struct vnode *v, uint32_t event) REQUIRES(fs_queue.lock)
{
    if (unlikely(v->notify & VNODE_WATCHED)) notify_tell_self_locked(v, event);
}

/* The name came or went, with `v` behind it: to who watches the directory. */
void notify_tell_name_locked(const struct dir_entry *name, const struct vnode *v, uint32_t event,
                             uint32_t cookie) REQUIRES(fs_queue.lock);
static inline void notify_name_locked(const struct dir_entry *name, const struct vnode *v, uint32_t event,
                                      uint32_t cookie) REQUIRES(fs_queue.lock)
{
    if (unlikely(name->parent->notify & VNODE_WATCHED)) notify_tell_name_locked(name, v, event, cookie);
}
/* Ties the two halves of a rename together. */
uint32_t notify_cookie(void);

/* Nobody can reach the vnode any more, or its file system is gone (`event`: IN_UNMOUNT): its watches end. */
void notify_end(struct vnode *v, uint32_t event);
static inline void notify_gone(struct vnode *v)
{
    if (unlikely(v->notify & VNODE_WATCHED)) notify_end(v, v->links == 0 ? LINUX_IN_DELETE_SELF : 0);
}

/* The directory got a name for `v`. */
static inline void notify_named_locked(const struct vnode *directory, struct vnode *v) REQUIRES(fs_queue.lock)
{
    if (unlikely(directory->notify & VNODE_WATCHED))
        __atomic_fetch_or(&v->notify, VNODE_NAMED, __ATOMIC_RELAXED);
}
