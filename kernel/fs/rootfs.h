/* SPDX-License-Identifier: Apache-2.0 */
/* The root: the initramfs as the lower, immutable half of one tree, changes above it in memory.
 *
 * Names, link targets and file contents stay in the archive and are pointed to; an entry costs a vnode
 * and a directory entry on the heap and no page. So the archive must stay where it is for ever, and,
 * to be mapped from there, in the direct map. */
#pragma once
#include "fs/mount.h"
#include "fs/vnode.h"

/* A tree that is attached to a directory of the root, beside /dev; the record lives for ever. Before rootfs_init. */
struct rootfs_tree {
    const char *name;
    struct mount_type *type;
    enum filesystem filesystem;
    struct rootfs_tree *next; /* ours */
};
void rootfs_add_tree(struct rootfs_tree *tree);

/* Builds the tree, with /dev and those trees mounted over what the archive has there. A bad archive is
 * refused: nothing is left behind and *why says what is wrong with which entry, in a static buffer.
 * INVALID, NO_MEMORY, and what paths through the archive give (NOT_DIRECTORY, EXISTS). */
err_t rootfs_init(const void *archive, size_t bytes, const char **why);
/* Takes the tree down. Files that are still open live on. */
void rootfs_fini(void);

/* NULL before rootfs_init. Borrowed. */
struct vnode *rootfs_root(void);
