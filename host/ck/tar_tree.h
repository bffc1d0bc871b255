/* SPDX-License-Identifier: Apache-2.0 */
/* A tar as a tree. */
#pragma once
#include "host/ck/tar.h"
#include "host/ck/tree.h"

/* The tree's files point into `bytes`. `name` is the archive's, for messages. False: reported. */
bool tar_fill_tree(struct tree *tree, const char *name, const void *bytes, uint64_t count);

/* One entry, which is no FIFO. NULL, or what is wrong. */
const char *tar_put_entry(struct tree *tree, const struct tar_entry *entry);
