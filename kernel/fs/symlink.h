/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "fs/fs_context.h"

/* The text of a symbolic link as `reader` sees it; no NUL, cut to `capacity` as readlink does. NOT_FOUND: what it
 * leads to is gone; NAME_TOO_LONG when a path is longer than PATH_MAX; NO_MEMORY. */
err_t symlink_read(struct fs_context *reader, const struct vnode *link, char *text, size_t capacity,
                   size_t *length) EXCLUDES(fs_queue.lock);
