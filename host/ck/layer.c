/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/layer.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"
#include "host/ck/tar.h"
#include "host/ck/tar_tree.h"
#include "host/ck/tree_walk.h"

#define WHITEOUT ".wh."
#define OPAQUE   WHITEOUT WHITEOUT ".opq"

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_whiteout(const char *path) { return strncmp(base_of(path), WHITEOUT, strlen(WHITEOUT)) == 0; }

/* Tar programs end a folder's path with a slash. */
static void drop_slashes(char *path)
{
    for (size_t length = strlen(path); length > 0 && path[length - 1] == '/'; length--)
        path[length - 1] = '\0';
}

/* Where `path` is, when a folder on the way is a symbolic link of a layer below: unpacking follows it. */
static char *real_path(const struct tree *tree, const char *path)
{
    const char *base = base_of(path);
    if (base == path) return must_copy_string(path);
    char *folder = must_format("%.*s", (int)(base - path), path);
    struct tree_node *parent = tree_resolve(tree, folder);
    free(folder);
    if (!parent) return must_copy_string(path);
    char *parent_path = tree_path_of(parent);
    char *real = must_format("%s%s%s", parent_path, *parent_path ? "/" : "", base);
    free(parent_path);
    return real;
}

static const char *white_out(struct tree *tree, const char *path)
{
    const char *base = base_of(path);
    char *folder = must_format("%.*s", (int)(base - path), path);
    struct tree_node *parent = tree_resolve(tree, folder);
    const char *why = NULL;
    free(folder);
    if (strcmp(base, OPAQUE) == 0) {
        if (parent) tree_remove_children(tree, parent);
    } else if (base[strlen(WHITEOUT)] == '\0') {
        why = "a whiteout of nothing";
    } else if (parent) {
        const char *name = base + strlen(WHITEOUT);
        struct tree_node *node = tree_child(tree, parent, name, strlen(name));
        if (node) tree_remove(tree, node);
    }
    return why;
}

static const char *add(struct tree *tree, const char *path, const struct tar_entry *entry)
{
    if (entry->kind == TAR_FIFO) return NULL;
    struct tree_node *old = tree_find(tree, path);
    /* A folder and something else are not the same thing with other contents: the old one goes. */
    bool is_folder = entry->kind == TAR_DIRECTORY;
    if (old && old != tree->root && is_folder != tree_is_directory(old)) tree_remove(tree, old);
    struct tar_entry moved = *entry;
    moved.path = path;
    char *target = entry->kind == TAR_HARD_LINK ? real_path(tree, entry->link) : NULL;
    if (target) moved.link = target;
    const char *why = tar_put_entry(tree, &moved);
    free(target);
    return why;
}

/* One of the two rounds: what is taken away from below, then what is added. */
static const char *apply(struct tree *tree, struct tar_reader *reader, bool is_taking, char **out_path)
{
    struct tar_entry entry;
    enum tar_step step;
    while ((step = tar_next(reader, &entry)) == TAR_ENTRY) {
        char *path = must_copy_string(entry.path);
        drop_slashes(path);
        const char *why = NULL;
        if (is_whiteout(path)) {
            if (is_taking) why = white_out(tree, path);
        } else if (!is_taking) {
            char *real = real_path(tree, path);
            why = add(tree, real, &entry);
            free(real);
        }
        if (why) {
            *out_path = path;
            return why;
        }
        free(path);
    }
    *out_path = step == TAR_BROKEN ? must_format("byte %llu", (unsigned long long)reader->header_at) : NULL;
    return step == TAR_BROKEN ? reader->why : NULL;
}

const char *layer_apply(struct tree *tree, const void *bytes, uint64_t count, char **out_path)
{
    /* Two paths of 4 KiB: too much for a frame of the stack. */
    struct tar_reader *reader = must_calloc(sizeof *reader);
    tar_init(reader, bytes, count);
    const char *why = apply(tree, reader, true, out_path);
    if (!why) {
        tar_init(reader, bytes, count);
        why = apply(tree, reader, false, out_path);
    }
    free(reader);
    return why;
}
