/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "fs/file.h"

enum { PTYS_MAX = 256 };
#define PTMX_DEVICE (5ull << 8 | 2)
#define PTS_DEVICE  (136ull << 8) /* and the PTYS_MAX numbers from there */

extern const struct file_ops ptmx_ops, pts_ops;
/* A new tree for /dev/pts, not attached yet. NO_MEMORY. */
err_t pts_create(struct vnode **out, enum filesystem filesystem, int64_t time_ns);
