/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a tree as a running program would see them: through symbolic links. */
#pragma once
#include "host/ck/tree.h"

/* What is at `path` ("/" is the tree's root, ".." stays inside); NULL: nothing, or links without end. */
struct tree_node *tree_resolve(const struct tree *tree, const char *path);
/* The path of a node, "" for the root; owned by the caller. */
char *tree_path_of(const struct tree_node *node);
/* The program that a shell would start for `name`: as it is when it holds a slash, else the first executable file in
 * the folders of `path` (NULL: the usual ones), else as it is. Owned by the caller. */
char *tree_find_program(const struct tree *tree, const char *name, const char *path);
