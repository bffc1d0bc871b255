/* SPDX-License-Identifier: Apache-2.0 */
/* A root file system on its way into an archive: names, attributes, and where the bytes are.
 *
 * Whoever fills the tree (a walk over a folder, a tar) may be wrong or hostile, so tree_put() judges
 * every path: nothing leaves the tree, a name has one meaning, parents are directories. Later puts
 * replace earlier ones, as unpacking would. */
#pragma once
#include "lib/base.h"

enum {
    TREE_PATH_MAX = 4096, /* NUL included; Linux's PATH_MAX */
    TREE_NAME_MAX = 255,
};

/* What a name stands for; several names may share one (hard links). */
struct tree_inode {
    uint32_t mode; /* type and permissions, as in stat */
    uint32_t uid, gid;
    uint64_t mtime_s;
    uint32_t device_major, device_minor;
    uint64_t bytes;      /* of a file's data */
    char *host_path;     /* where a file's data is; NULL: at `data` */
    const uint8_t *data; /* not owned */
    char *target;        /* of a symbolic link */
    uint32_t link_count; /* names */
    uint32_t number;     /* the archive's; 0 until it is written */
    uint32_t links_written;
};

struct tree_node {
    char *name;
    struct tree_node *parent, *first_child, *next_sibling, *next_in_bucket;
    struct tree_inode *inode;
};

struct tree {
    struct tree_node *root;
    struct tree_node **buckets; /* by parent and name */
    size_t bucket_count, node_count;
};

void tree_init(struct tree *tree);
void tree_fini(struct tree *tree); /* one of zeroes is fine, too */

/* Put `inode` at `path` ("a/b", "/a/b" and "./a//b/" are the same; "" is the root). Missing parents become
 * directories of mode 755. The strings in `inode` are handed over in every case. NULL, or what is wrong. */
const char *tree_put(struct tree *tree, const char *path, const struct tree_inode *inode);
/* One more name for what is at `target`. NULL, or what is wrong. */
const char *tree_link(struct tree *tree, const char *path, const char *target);
/* Symbolic links are not followed. */
struct tree_node *tree_find(const struct tree *tree, const char *path);
/* The child of that name, `length` bytes of it; NULL: none. */
struct tree_node *tree_child(const struct tree *tree, const struct tree_node *parent, const char *name,
                             size_t length);
bool tree_is_directory(const struct tree_node *node);
/* A node other than the root, or all below one, with everything in them. */
void tree_remove(struct tree *tree, struct tree_node *node);
void tree_remove_children(struct tree *tree, struct tree_node *node);
/* Make a directory of mode `permissions` there unless the name is taken. */
void tree_ensure_directory(struct tree *tree, const char *path, uint32_t permissions);

/* Every node but the root, parents first, siblings in the order of their bytes; `path` is without a
 * leading slash. Stops when `visit` returns false. */
bool tree_visit(struct tree *tree, bool (*visit)(void *context, const char *path, struct tree_node *node),
                void *context);
