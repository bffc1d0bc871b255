/* SPDX-License-Identifier: Apache-2.0 */
/* Files as vm/backing.h wants them. */
#pragma once
#include "vm/backing.h"

struct file;
struct vnode;

/* A backing with one reference for the caller; holds a reference to the vnode. ERR_NO_MEMORY. */
err_t file_backing_create(struct vnode *vnode, struct backing **out);
/* The same for mmap(2): ERR_ACCESS, not open for reading; ERR_NO_DEVICE, not a regular file;
 * ERR_NOT_SUPPORTED, shared and writable. `flags` are SPACE_*. */
err_t file_backing_open(struct file *file, uint32_t flags, struct backing **out);
