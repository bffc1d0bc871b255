/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the host as a tree. */
#pragma once
#include <sys/stat.h>

#include "host/ck/tree.h"

/* Fill `tree` with what is under `folder`. Symbolic links stay links, hard links stay together; the
 * caller's own files become root's. Sockets and FIFOs are left out with a warning. False: reported. */
bool folder_read(struct tree *tree, const char *folder);
/* Attributes of one file, with its data left at `host_path` (copied). */
struct tree_inode folder_inode(const char *host_path, const struct stat *stat);
