/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a regular file in a tree, wherever they are. */
#pragma once
#include "host/ck/memory_file.h"
#include "host/ck/tree.h"

/* False: reported. */
bool tree_file_open(const struct tree_node *node, struct memory_file *out);
/* What tree_file_open() gave; bytes that are not its own stay. */
void tree_file_close(struct memory_file *file);
