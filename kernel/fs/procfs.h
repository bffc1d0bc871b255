/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of /proc: /proc/self with its links and descriptors, to which the names /dev/fd and /dev/stdin
 * lead, and the texts of fs/proc_text.h. Whose they are is decided by who walks the path and who reads. */
#pragma once
#include "fs/directory.h"
#include "fs/file.h"
#include "fs/fs_context.h"

/* A new tree for /proc, not attached yet. NO_MEMORY. */
err_t procfs_create(struct vnode **out, int64_t time_ns) EXCLUDES(fs_queue.lock);

/* Entry N of /proc/self/fd while descriptor N is open, else *out is NULL. Entries are made when first
 * asked for and stay; there can be as many as descriptors. NO_MEMORY. */
err_t procfs_find_fd_locked(struct vnode *directory, const char *name, size_t bytes, struct dir_entry **out)
    REQUIRES(fs_queue.lock);

/* A name in /proc; *out is NULL when there is none. */
err_t procfs_find_process_locked(struct vnode *directory, const char *name, size_t bytes,
                                 struct dir_entry **out) REQUIRES(fs_queue.lock);

/* What a magic link leads to, counted; *entry may be NULL. NOT_FOUND. */
err_t procfs_resolve_locked(struct fs_context *context, const struct vnode *link, struct vnode **vnode,
                            struct dir_entry **entry) REQUIRES(fs_queue.lock);

/* Listing /proc/self/fd; file->context is the fd_table, watched. */
extern const struct file_ops fd_directory_ops;

/* The text of a symbolic link, magic or not; no NUL, cut to `capacity` as readlink does. NOT_FOUND;
 * NAME_TOO_LONG when a path is longer than PATH_MAX; NO_MEMORY. */
err_t symlink_read(struct fs_context *context, struct vnode *link, char *text, size_t capacity,
                   size_t *length) EXCLUDES(fs_queue.lock);
