/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/tree_walk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/ck/report.h"

enum { LINKS_MAX = 40 }; /* Linux's MAXSYMLINKS */

/* One walk, links included: each one's target takes the place of its name in front of what is left. */
struct tree_node *tree_resolve(const struct tree *tree, const char *path)
{
    struct tree_node *node = tree->root;
    char *rest = must_copy_string(path);
    int links = 0;
    size_t at = 0;
    while (node) {
        at += strspn(rest + at, "/");
        size_t length = strcspn(rest + at, "/");
        if (length == 0) break;
        const char *name = rest + at;
        at += length;
        if (!S_ISDIR(node->inode->mode)) {
            node = NULL;
        } else if (length == 1 && name[0] == '.') {
            continue;
        } else if (length == 2 && memcmp(name, "..", 2) == 0) {
            if (node->parent) node = node->parent;
            continue;
        } else {
            node = tree_child(tree, node, name, length);
        }
        if (!node || !S_ISLNK(node->inode->mode)) continue;
        if (++links > LINKS_MAX) {
            node = NULL;
            break;
        }
        const char *target = node->inode->target;
        node = target[0] == '/' ? tree->root : node->parent;
        char *joined = must_format("%s/%s", target, rest + at);
        free(rest);
        rest = joined;
        at = 0;
    }
    free(rest);
    return node;
}

char *tree_path_of(const struct tree_node *node)
{
    char *path = must_copy_string("");
    for (; node->parent; node = node->parent) {
        char *longer = must_format("%s%s%s", node->name, *path ? "/" : "", path);
        free(path);
        path = longer;
    }
    return path;
}

static bool is_program(const struct tree_node *node)
{
    return node && S_ISREG(node->inode->mode) && (node->inode->mode & 0111);
}

char *tree_find_program(const struct tree *tree, const char *name, const char *path)
{
    if (strchr(name, '/')) return must_copy_string(name);
    if (!path) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    while (*path) {
        size_t length = strcspn(path, ":");
        char *candidate = must_format("%.*s/%s", (int)length, path, name);
        if (is_program(tree_resolve(tree, candidate))) return candidate;
        free(candidate);
        path += length;
        path += *path == ':';
    }
    return must_copy_string(name);
}
