/* SPDX-License-Identifier: Apache-2.0 */
/* Files as vm/backing.h wants them, and opening them for mmap(2). */
#pragma once
#include "lib/base.h"

struct backing;
struct file;

/* The file in which a backing is embedded; NULL for NULL and for memory that is no file's. */
struct file *file_of_backing(struct backing *backing);

/* Of a new file on a regular vnode. */
void file_backing_init(struct file *file);

/* The file's backing, counted for the caller, who maps it and then calls file_backing_settle, mapped or
 * not: in between, a file that may be written counts as mapped, so that it cannot be sealed.
 * `flags` are SPACE_*; a shared mapping that may ever be written gets SPACE_MAY_WRITE.
 * ERR_ACCESS: not open for that. ERR_NO_DEVICE: not a regular file. ERR_NOT_PERMITTED: sealed. */
err_t file_backing_open(struct file *file, uint32_t *flags, struct backing **out);
void file_backing_settle(struct file *file, uint32_t flags);

/* For madvise(2) and mincore(2); page numbers are the file's. */
err_t file_backing_punch(struct backing *backing, uint64_t first_page, uint64_t pages);
bool file_backing_has_page(struct backing *backing, uint64_t page);
