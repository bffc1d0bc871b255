/* SPDX-License-Identifier: Apache-2.0 */
/* The short way of a path walk, as a part of the calls that have to be quick: what it does not settle, path.c does from
 * where it got to, or all over again. */
#pragma once
#include "fs/directory_internal.h"
#include "fs/path.h"
#include "fs/permission.h"

/* Where a walk stands. */
struct path_position {
    struct vnode *directory;
    const char *at;
};

/* False: the start is no directory. */
static ALWAYS_INLINE bool path_begin_locked(const struct path_from *from, const char *path,
                                            struct path_position *p) REQUIRES(fs_queue.lock)
{
    p->directory = from->directory ? from->directory : from->context->cwd;
    if (path[0] == '/') p->directory = from->context->root;
    p->at = path;
    return likely(vnode_is_directory(p->directory));
}

/* Without a length nothing behind the path's end may be looked at. */
static ALWAYS_INLINE bool path_may_walk_plainly(const struct path_from *from)
{
    return likely(from->path_bytes) && permission_searches_all();
}

enum { WALK_SPECIAL = WALK_DIRECTORY | WALK_CREATE | WALK_PARENT };

/* Most of most walks: through directories that have nothing special about them to a name that is there, or is not,
 * and is no link. True: that was all, and *e says how it ended. Else `p` says how far it got. */
static ALWAYS_INLINE bool path_walk_plainly_locked(struct path_position *p, uint32_t flags,
                                                   struct path_result *out, err_t *e) REQUIRES(fs_queue.lock)
{
    const char *at = p->at;
    struct vnode *directory = p->directory;
    while (*at == '/') at++;
    while (likely(!directory->made)) {
        uint32_t hash;
        const char *after = name_scan_text(directory, at, &hash), *next = after;
        while (*next == '/') next++;
        bool is_final = !*next;
        if (is_final && (next != after || (flags & WALK_SPECIAL))) break;
        size_t bytes = (size_t)(after - at);
        struct dir_entry *entry = directory_look_up_locked(directory, at, bytes, hash);
        if (unlikely(!entry)) {
            if (*at == '.' || bytes > LINUX_NAME_MAX || bytes == 0) break;
            *e = ERR_NOT_FOUND;
            return true;
        }
        bool is_directory = vnode_is_directory(entry->vnode);
        if (!is_directory && (!is_final || vnode_is_symlink(entry->vnode))) break;
        if (is_final) {
            out->vnode = entry->vnode;
            out->entry = entry;
            out->last = PATH_NAME;
            out->parent = directory;
            out->name = at;
            out->name_bytes = bytes;
            *e = OK;
            return true;
        }
        directory = entry->vnode;
        at = next;
    }
    p->at = at;
    p->directory = directory;
    return false;
}

/* False: not settled, so path_get_stat is to be asked. */
static ALWAYS_INLINE bool path_get_stat_plainly(const struct path_from *from, const char *path,
                                                uint32_t flags, struct linux_stat *out, err_t *e)
    EXCLUDES(fs_queue.lock)
{
    struct path_position p;
    struct path_result found;
    if (unlikely(!path_may_walk_plainly(from))) return false;
    fs_lock_short();
    bool is_done = path_begin_locked(from, path, &p) && path_walk_plainly_locked(&p, flags, &found, e);
    if (likely(is_done) && !failed(*e)) vnode_get_stat_locked(found.vnode, out);
    fs_unlock_short();
    return is_done;
}
