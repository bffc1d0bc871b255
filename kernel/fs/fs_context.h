/* SPDX-License-Identifier: Apache-2.0 */
/* What a process knows about names: its root, its working directory, its umask, and what /proc/self/exe means
 * for it. Shared by threads; counted, because clone may share it among processes. */
#pragma once
#include "fs/vnode.h"

struct file;

struct fs_context {
    uint32_t references; /* atomic */
    uint32_t umask;      /* under fs_queue.lock, as the rest */
    struct vnode *root;  /* counted */
    struct vnode *cwd;   /* counted */
    struct file *exe;    /* /proc/self/exe; counted, or NULL */
};

/* Working directory and root are `root`. NULL when memory is out. */
struct fs_context *fs_context_create(struct vnode *root);
/* A copy for a new process. NULL when memory is out. */
struct fs_context *fs_context_clone(struct fs_context *context);
struct fs_context *fs_context_get(struct fs_context *context);
void fs_context_put(struct fs_context *context); /* NULL is fine */

/* The directory becomes the working directory. */
void fs_context_set_cwd(struct fs_context *context, struct vnode *directory) EXCLUDES(fs_queue.lock);
/* The same for where absolute paths begin and ".." ends. */
void fs_context_set_root(struct fs_context *context, struct vnode *directory) EXCLUDES(fs_queue.lock);
/* Takes over the caller's reference to `exe`. */
void fs_context_set_exe(struct fs_context *context, struct file *exe) EXCLUDES(fs_queue.lock);
uint32_t fs_context_set_umask(struct fs_context *context, uint32_t umask) EXCLUDES(fs_queue.lock);

/* The path from the root to the working directory, ended by a NUL; *length counts it. NOT_FOUND when
 * the directory was removed; RANGE when `capacity` is too small; what lies outside the root starts
 * with "(unreachable)", as on Linux. */
err_t fs_context_get_cwd(struct fs_context *context, char *text, size_t capacity, size_t *length)
    EXCLUDES(fs_queue.lock);
