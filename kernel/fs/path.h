/* SPDX-License-Identifier: Apache-2.0 */
/* Path walk. The answers, and which error comes first, are Linux's: programs and C libraries depend on
 * both. The whole walk happens under fs_queue.lock in memory, so it neither sleeps nor counts
 * references on the way; what it returns is borrowed and good until the lock is released. */
#pragma once
#include "fs/directory.h"
#include "fs/fs_context.h"
#include "fs/vnode.h"

/* So many bytes behind the end of a path can be read, so that a walk can look at eight at a time. */
enum { PATH_SLACK_BYTES = 8 };

/* Where relative paths begin. */
struct path_from {
    struct fs_context *context;
    struct vnode *directory; /* NULL: the working directory. Kept alive by the caller */
    /* Of the path that comes with it, which has PATH_SLACK_BYTES more; 0: not counted yet. */
    size_t path_bytes;
    uint32_t resolve; /* LINUX_RESOLVE_; with any of them path_bytes is 0 */
};

/* WALK_FOLLOW: a final symbolic link is followed (a trailing slash asks for it too).
 * WALK_DIRECTORY: what is found must be a directory.
 * WALK_CREATE: a missing final name is no error: vnode is NULL then, and parent and name say where.
 * WALK_PARENT: the final component is only looked up, never followed, and may be missing. */
enum { WALK_FOLLOW = 1, WALK_DIRECTORY = 2, WALK_CREATE = 4, WALK_PARENT = 8 };

enum path_last { PATH_NAME, PATH_DOT, PATH_DOTDOT, PATH_ROOT, PATH_MAGIC };

struct path_result {
    struct vnode *vnode;     /* NULL: the final name does not exist */
    struct dir_entry *entry; /* how the vnode was reached; NULL for roots and magic links without a path */
    struct vnode *parent;    /* of the final name; with PATH_NAME */
    const char *name;
    size_t name_bytes;
    enum path_last last; /* what the final component was */
    bool has_trailing_slash;
    err_t name_error; /* WALK_PARENT: why the final name could not be looked up, for the caller to return
                       * when its turn comes */
    struct vnode *held_vnode; /* where a magic link led to, counted: see path_finish */
    struct dir_entry *held_entry;
};

/* NOT_FOUND, NOT_DIRECTORY, ACCESS, LOOP, NAME_TOO_LONG, NO_MEMORY. `path` ends with a NUL and is not empty. Also
 * after a failure, path_finish is called once the lock is released. */
err_t path_walk_locked(const struct path_from *from, const char *path, uint32_t flags,
                       struct path_result *out) REQUIRES(fs_queue.lock);
void path_release_held(struct path_result *result); /* with or without fs_lock */
static inline void path_finish(struct path_result *result) EXCLUDES(fs_queue.lock)
{
    if (unlikely(result->held_vnode)) path_release_held(result);
}

/* Whether a call that changes the path's final name would get as far as that name. */
err_t path_check_parent(const struct path_from *from, const char *path) EXCLUDES(fs_queue.lock);

/* For callers that want what a path names and nothing else: a counted vnode. An empty path means the
 * start itself. */
err_t path_get_vnode(const struct path_from *from, const char *path, uint32_t flags, struct vnode **out)
    EXCLUDES(fs_queue.lock);
/* The same with the name it was reached by, counted or NULL. */
err_t path_get_named(const struct path_from *from, const char *path, uint32_t flags, struct vnode **vnode,
                     struct dir_entry **entry) EXCLUDES(fs_queue.lock);
/* The same, but only its attributes. */
err_t path_get_attributes(const struct path_from *from, const char *path, uint32_t flags,
                          struct vnode_attributes *out) EXCLUDES(fs_queue.lock);
err_t path_get_stat(const struct path_from *from, const char *path, uint32_t flags, struct linux_stat *out)
    EXCLUDES(fs_queue.lock);

/* Writes the absolute path of an entry (NULL: of the root) as seen from `root`, without NUL; *length
 * is its bytes. RANGE when it does not fit; *is_reachable is false when the walk up missed `root`,
 * *is_removed when a name on the way is gone. */
struct path_text {
    size_t length;
    bool is_reachable, is_removed;
};
err_t path_write_locked(const struct vnode *root, const struct dir_entry *entry, char *text, size_t capacity,
                        struct path_text *out) REQUIRES(fs_queue.lock);
