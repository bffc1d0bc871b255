/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/ck/report.h"

enum { FIRST_BUCKETS = 256 };

bool tree_is_directory(const struct tree_node *node) { return S_ISDIR(node->inode->mode); }

/* ---- inodes ---- */

static void inode_drop_strings(const struct tree_inode *inode)
{
    free(inode->host_path);
    free(inode->target);
}

static struct tree_inode *inode_create(const struct tree_inode *from)
{
    struct tree_inode *inode = must_calloc(sizeof *inode);
    *inode = *from;
    inode->link_count = 1;
    inode->number = inode->links_written = 0;
    return inode;
}

static void inode_put(struct tree_inode *inode)
{
    if (--inode->link_count > 0) return;
    inode_drop_strings(inode);
    free(inode);
}

/* ---- nodes and their index ---- */

static size_t bucket_of(const struct tree *tree, const struct tree_node *parent, const char *name,
                        size_t length)
{
    /* FNV-1a, begun with the parent. [draft-eastlake-fnv 2] */
    uint64_t hash = 0xcbf29ce484222325ull ^ (uintptr_t)parent;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3ull;
    return (size_t)(hash ^ hash >> 32) & (tree->bucket_count - 1);
}

struct tree_node *tree_child(const struct tree *tree, const struct tree_node *parent, const char *name,
                             size_t length)
{
    struct tree_node *node = tree->buckets[bucket_of(tree, parent, name, length)];
    for (; node; node = node->next_in_bucket)
        if (node->parent == parent && strncmp(node->name, name, length) == 0 && !node->name[length])
            return node;
    return NULL;
}

static void index_node(struct tree *tree, struct tree_node *node)
{
    size_t bucket = bucket_of(tree, node->parent, node->name, strlen(node->name));
    node->next_in_bucket = tree->buckets[bucket];
    tree->buckets[bucket] = node;
}

static void grow_index(struct tree *tree)
{
    struct tree_node **old = tree->buckets;
    size_t old_count = tree->bucket_count;
    tree->bucket_count = old_count ? old_count * 2 : FIRST_BUCKETS;
    tree->buckets = must_calloc(tree->bucket_count * sizeof *tree->buckets);
    for (size_t i = 0; i < old_count; i++)
        for (struct tree_node *node = old[i], *next; node; node = next) {
            next = node->next_in_bucket;
            index_node(tree, node);
        }
    free(old);
}

static struct tree_node *add_child(struct tree *tree, struct tree_node *parent, const char *name,
                                   size_t length, struct tree_inode *inode)
{
    if (tree->node_count >= tree->bucket_count) grow_index(tree);
    struct tree_node *node = must_calloc(sizeof *node);
    node->name = must_calloc(length + 1);
    memcpy(node->name, name, length);
    node->parent = parent;
    node->inode = inode;
    node->next_sibling = parent->first_child;
    parent->first_child = node;
    tree->node_count++;
    index_node(tree, node);
    return node;
}

void tree_init(struct tree *tree)
{
    *tree = (struct tree){ 0 };
    grow_index(tree);
    tree->root = must_calloc(sizeof *tree->root);
    tree->root->name = must_copy_string("");
    tree->root->inode = inode_create(&(struct tree_inode){ .mode = S_IFDIR | 0755 });
}

static void node_free(struct tree_node *node)
{
    inode_put(node->inode);
    free(node->name);
    free(node);
}

void tree_fini(struct tree *tree)
{
    for (size_t i = 0; i < tree->bucket_count; i++)
        for (struct tree_node *node = tree->buckets[i], *next; node; node = next) {
            next = node->next_in_bucket;
            node_free(node);
        }
    if (tree->root) node_free(tree->root);
    free(tree->buckets);
    *tree = (struct tree){ 0 };
}

/* ---- paths ---- */

/* The next component, without slashes and "."; false at the end. */
static bool next_component(const char **path, const char **out_name, size_t *out_length)
{
    for (;;) {
        *path += strspn(*path, "/");
        size_t length = strcspn(*path, "/");
        *out_name = *path;
        *out_length = length;
        *path += length;
        if (length == 0) return false;
        if (length != 1 || **out_name != '.') return true;
    }
}

static const char *check_path(const char *path)
{
    if (strlen(path) >= TREE_PATH_MAX) return "the path is longer than 4095 bytes";
    const char *name;
    size_t length;
    while (next_component(&path, &name, &length)) {
        if (length == 2 && memcmp(name, "..", 2) == 0) return "the path leads out through \"..\"";
        if (length > TREE_NAME_MAX) return "a name in the path is longer than 255 bytes";
    }
    return NULL;
}

struct tree_node *tree_find(const struct tree *tree, const char *path)
{
    struct tree_node *node = tree->root;
    const char *name;
    size_t length;
    while (node && next_component(&path, &name, &length)) node = tree_child(tree, node, name, length);
    return node;
}

/* ---- putting ---- */

/* Replace what `node` stands for; takes over one reference to `inode`. */
static const char *replace(struct tree_node *node, struct tree_inode *inode)
{
    if (tree_is_directory(node) != S_ISDIR(inode->mode)) {
        inode_put(inode);
        return "the same name is a directory and something else";
    }
    inode_put(node->inode);
    node->inode = inode;
    return NULL;
}

/* Takes over one reference to `inode`. */
static const char *put_inode(struct tree *tree, const char *path, struct tree_inode *inode)
{
    struct tree_node *node = tree->root;
    const char *why = check_path(path);
    const char *name, *next_name;
    size_t length, next_length;
    bool has_name = !why && next_component(&path, &name, &length);
    while (!why && has_name) {
        bool has_next = next_component(&path, &next_name, &next_length);
        struct tree_node *child = tree_child(tree, node, name, length);
        if (!tree_is_directory(node)) {
            why = "its parent is not a directory";
        } else if (!child && !has_next) {
            add_child(tree, node, name, length, inode);
            return NULL;
        } else if (!child) {
            struct tree_inode parent = { .mode = S_IFDIR | 0755 };
            child = add_child(tree, node, name, length, inode_create(&parent));
        }
        node = child;
        name = next_name;
        length = next_length;
        has_name = has_next;
    }
    if (!why) return replace(node, inode);
    inode_put(inode);
    return why;
}

const char *tree_put(struct tree *tree, const char *path, const struct tree_inode *inode)
{
    return put_inode(tree, path, inode_create(inode));
}

const char *tree_link(struct tree *tree, const char *path, const char *target)
{
    const char *why = check_path(target);
    if (why) return why;
    struct tree_node *node = tree_find(tree, target);
    if (!node) return "a hard link to a file that is not in front of it";
    if (tree_is_directory(node)) return "a hard link to a directory";
    node->inode->link_count++;
    return put_inode(tree, path, node->inode);
}

void tree_ensure_directory(struct tree *tree, const char *path, uint32_t permissions)
{
    if (tree_find(tree, path)) return;
    /* Fails only where the parent is a file, and then the image has its own idea of that place. */
    (void)tree_put(tree, path, &(struct tree_inode){ .mode = S_IFDIR | permissions });
}

/* ---- removing ---- */

static void unindex_node(struct tree *tree, struct tree_node *node)
{
    struct tree_node **at = &tree->buckets[bucket_of(tree, node->parent, node->name, strlen(node->name))];
    while (*at != node) at = &(*at)->next_in_bucket;
    *at = node->next_in_bucket;
}

/* Leaves first; a tree is as deep as its longest path has slashes, too deep to call oneself for each. */
void tree_remove_children(struct tree *tree, struct tree_node *top)
{
    struct tree_node *node = top;
    for (;;) {
        while (node->first_child) node = node->first_child;
        if (node == top) return;
        struct tree_node *parent = node->parent;
        parent->first_child = node->next_sibling;
        unindex_node(tree, node);
        tree->node_count--;
        node_free(node);
        node = parent;
    }
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    tree_remove_children(tree, node);
    struct tree_node **at = &node->parent->first_child;
    while (*at != node) at = &(*at)->next_sibling;
    *at = node->next_sibling;
    unindex_node(tree, node);
    tree->node_count--;
    node_free(node);
}

/* ---- visiting ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(struct tree_node *const *)a)->name, (*(struct tree_node *const *)b)->name);
}

static void sort_children(struct tree_node *parent)
{
    size_t count = 0;
    for (struct tree_node *node = parent->first_child; node; node = node->next_sibling) count++;
    if (count < 2) return;
    struct tree_node **all = must_calloc(count * sizeof *all);
    struct tree_node *node = parent->first_child;
    for (size_t i = 0; i < count; i++, node = node->next_sibling) all[i] = node;
    qsort(all, count, sizeof *all, compare_names);
    parent->first_child = NULL;
    for (size_t i = count; i-- > 0;) {
        all[i]->next_sibling = parent->first_child;
        parent->first_child = all[i];
    }
    free(all);
}

bool tree_visit(struct tree *tree, bool (*visit)(void *context, const char *path, struct tree_node *node),
                void *context)
{
    char path[TREE_PATH_MAX + 1];
    size_t length = 0;
    struct tree_node *node = tree->root;
    for (;;) {
        if (node->first_child) {
            sort_children(node);
            node = node->first_child;
        } else {
            while (node != tree->root && !node->next_sibling) {
                length -= strlen(node->name) + 1;
                node = node->parent;
            }
            if (node == tree->root) return true;
            length -= strlen(node->name) + 1;
            node = node->next_sibling;
        }
        /* check_path() has bounded the sum of the names and their slashes. */
        size_t name_length = strlen(node->name);
        memcpy(path + length, node->name, name_length);
        length += name_length;
        path[length] = '\0';
        if (!visit(context, path, node)) return false;
        path[length++] = '/';
    }
}
