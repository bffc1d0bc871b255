/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: trees that hide a directory of another.
 *
 * The name of the directory leads to the root of the mounted tree, whose own name it becomes; what it hid waits in
 * the mount. Every vnode says by `filesystem` which mount it is of, so that links and renames stay inside. A program
 * that mounts a tree over another finds the younger one; to take a mount away, the names of its tree are counted
 * against the references there are, so nothing is counted when files are opened.
 *
 * A mount lives until the last of its vnodes is gone. Lists and flags change under fs_queue.lock. */
#pragma once
#include "abi/linux/mount.h"
#include "fs/path.h"
#include "fs/vnode.h"

/* Kinds of trees; they live for ever. */
struct mount_type {
    const char *name;
    int64_t magic;  /* as statfs tells */
    bool has_space; /* takes size= and the like, and counts pages and inodes */
    err_t (*create)(struct vnode **root, enum filesystem filesystem, int64_t time_ns);
    struct mount_type *next; /* ours */
};
/* The kind of the root. */
extern struct mount_type mount_tmpfs;
/* Boot only. */
void mount_add_type(struct mount_type *type);
const struct mount_type *mount_find_type(const char *name);

enum { MOUNT_OPTIONS_BYTES = 128 };

/* What a tree may hold, and does. */
struct mount_space {
    uint64_t page_limit, inode_limit; /* inode_limit 0: none */
    uint64_t pages, inodes;           /* atomic */
};

struct mount {
    struct list link;
    enum filesystem filesystem; /* its number */
    uint32_t flags;             /* LINUX_MS_ */
    const struct mount_type *type;
    char *source;          /* NULL: the type's name; owned */
    struct vnode *root;    /* counted; of what is there from the start borrowed */
    struct vnode *covered; /* what its name led to before; counted. NULL: cannot be taken away, or was */
    struct mount_space space;
    struct mount_options {
        uint32_t mode, uid, gid;
        uint64_t page_limit, inode_limit;
        bool has_mode, has_size, has_inodes, has_uid, has_gid;
    } options;
};

/* What there is from the start: the tree of that number is known and stays. */
void mount_add_first(const struct mount_type *type, struct vnode *root);
void mount_fini(void);

struct mount_request {
    const struct mount_type *type;
    const char *source, *options; /* NULL: none */
    uint32_t flags;               /* LINUX_MS_ */
};
/* INVALID for options it does not know; NOT_DIRECTORY, BUSY for the root, NO_SPACE, NO_MEMORY. */
err_t mount_attach(const struct path_from *from, const char *path, const struct mount_request *request)
    EXCLUDES(fs_queue.lock);
/* Other flags, and with `options` another size. INVALID: no mount is there; BUSY: files are open for writing. */
err_t mount_change(const struct path_from *from, const char *path, const char *options, uint32_t flags)
    EXCLUDES(fs_queue.lock);
/* BUSY when somebody uses it, unless `is_lazy`. INVALID: no mount is there. */
err_t mount_detach(const struct path_from *from, const char *path, uint32_t walk_flags, bool is_lazy)
    EXCLUDES(fs_queue.lock);
/* INVALID: no mount is there. */
err_t mount_check(const struct path_from *from, const char *path) EXCLUDES(fs_queue.lock);

/* By age; NULL: the first, after the last. */
struct mount *mount_next_locked(const struct mount *before) REQUIRES(fs_queue.lock);
/* NULL: a number nobody has, or files without names. */
struct mount *mount_find(uint32_t filesystem);
/* "size=..." and so on, behind a comma each. */
void mount_write_options(const struct mount *mount, char text[MOUNT_OPTIONS_BYTES]);

/* ---- what the flags forbid ---- */

enum { MOUNT_FLAGS = LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC };
extern uint8_t mount_flags[256]; /* of them, by filesystem */
static inline bool mount_forbids(const struct vnode *v, uint32_t flag)
{
    return unlikely(__atomic_load_n(&mount_flags[v->filesystem], __ATOMIC_RELAXED) & flag);
}
static inline bool mount_is_read_only(const struct vnode *v) { return mount_forbids(v, LINUX_MS_RDONLY); }

/* ---- what a mount holds; for vnodes of numbers from FILESYSTEM_MOUNTED on ---- */

void mount_vnode_made(enum filesystem filesystem);
void mount_vnode_gone(enum filesystem filesystem);
/* NO_SPACE: no more inodes. */
err_t mount_check_inodes(enum filesystem filesystem);
struct mount_space *mount_space_of(enum filesystem filesystem);
