/* SPDX-License-Identifier: Apache-2.0 */
/* A tree into a cpio archive. */
#pragma once
#include "host/ck/tree.h"

/* Write `tree` to `fd` from where it stands; *out_bytes is the archive's size. `name` is what messages
 * call the output. False: reported. */
bool pack_tree(struct tree *tree, int fd, const char *name, uint64_t *out_bytes);
/* Likewise into memory. The descriptor, or -1: reported. */
int pack_tree_in_memory(struct tree *tree, uint64_t *out_bytes);
/* `ck build`: `rootfs` (a folder or a tar) into the file `output`, which is complete or not there. */
bool pack_to_file(const char *rootfs, const char *output);
