/* SPDX-License-Identifier: Apache-2.0 */
/* Changing names by path: create, link, unlink, rename, with Linux's answers. Each call is atomic, and
 * one that fails has changed nothing. */
#pragma once
#include "fs/path.h"

struct node_request {
    uint32_t mode;      /* type and permissions, the umask already applied */
    uint64_t device;    /* of S_IFCHR and S_IFBLK */
    const char *target; /* of S_IFLNK */
    size_t target_bytes;
    int64_t time_ns;
};

/* A new node under the name that a walk with WALK_CREATE or WALK_PARENT did not find. Both results are
 * counted. NOT_FOUND when the directory is removed; NOT_PERMITTED in /proc; NO_MEMORY. */
err_t namespace_add_locked(const struct path_result *at, const struct node_request *node,
                           struct vnode **vnode, struct dir_entry **entry) REQUIRES(fs_queue.lock);

/* mkdir, mknod, symlink. The umask is applied to everything but symbolic links. */
err_t namespace_create(const struct path_from *from, const char *path, struct node_request node)
    EXCLUDES(fs_queue.lock);
/* The same; the new vnode is counted. */
err_t namespace_create_vnode(const struct path_from *from, const char *path, struct node_request node,
                             struct vnode **out) EXCLUDES(fs_queue.lock);

err_t namespace_unlink(const struct path_from *from, const char *path) EXCLUDES(fs_queue.lock);
err_t namespace_remove_directory(const struct path_from *from, const char *path) EXCLUDES(fs_queue.lock);

/* Another name for the vnode. */
err_t namespace_link(struct vnode *vnode, const struct path_from *to, const char *path)
    EXCLUDES(fs_queue.lock);

/* `flags`: LINUX_RENAME_NOREPLACE, LINUX_RENAME_EXCHANGE, not both. */
err_t namespace_rename(const struct path_from *from, const char *old_path, const struct path_from *to,
                       const char *new_path, uint32_t flags) EXCLUDES(fs_queue.lock);
