/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of regular files: pages in memory over the archive's data, which is never written.
 *
 * A page is looked for in the file's own pages, then in the archive, and is otherwise a hole of zeros.
 * The first write to a page of the archive copies that page. Invariant: bytes of a page beyond the end
 * of the file are zero, so growing a file shows zeros.
 *
 * All named files together hold at most tmpfs_page_limit() pages. Access times are not kept, as under
 * Linux's noatime: reading a file would otherwise need the clock.
 *
 * Mappings show these pages where they are. Whoever changes what a page index shows calls
 * mapping_revoke afterwards: when a hole or a page of the archive gets a page of the file's own, when own
 * pages are cut off (before they are freed), and when the file gets shorter. */
#pragma once
#include "fs/io_buffer.h"
#include "fs/vnode.h"
#include "lib/base.h"
#include "vm/backing.h"

/* From now on files may hold half of the machine's memory, Linux's default. */
void tmpfs_init(void);
uint64_t tmpfs_page_limit(void);
uint64_t tmpfs_pages_used(void);

/* Shows `bytes` bytes of permanent memory as the contents of a fresh file. */
void tmpfs_set_lower(struct vnode *v, const void *data, uint64_t bytes);

/* Bytes read or a negative errno. */
int64_t tmpfs_read(struct vnode *v, struct io_buffer *to, uint64_t position) EXCLUDES(fs_queue.lock);
/* The same for one piece of user memory: quick where the bytes lie in one piece. */
int64_t tmpfs_read_user(struct vnode *v, uint64_t address, uint64_t bytes, uint64_t position)
    EXCLUDES(fs_queue.lock);
/* Bytes written or a negative errno; with `append`, *position becomes the file's end first. It is left
 * behind the last byte written. NO_SPACE, NO_MEMORY, NOT_PERMITTED (sealed). */
int64_t tmpfs_write(struct vnode *v, struct io_buffer *from, uint64_t *position, bool append)
    EXCLUDES(fs_queue.lock);

/* This and the next two also NOT_PERMITTED, when a seal forbids it. TEXT_BUSY: the file is a program that
 * runs. */
err_t tmpfs_truncate(struct vnode *v, uint64_t size) EXCLUDES(fs_queue.lock);
/* Makes sure that writes to the range find memory; with `keep_size` also beyond the end. */
err_t tmpfs_allocate(struct vnode *v, uint64_t offset, uint64_t bytes, bool keep_size)
    EXCLUDES(fs_queue.lock);
/* The range reads as zeros afterwards. The archive's pages in it are hidden by pages of zeros, all
 * others are freed. */
err_t tmpfs_punch(struct vnode *v, uint64_t offset, uint64_t bytes) EXCLUDES(fs_queue.lock);
/* The first data or hole at or after `offset`; NO_DEVICE_ADDRESS (ENXIO) when there is none. Pages of
 * tmpfs_allocate are data from the start; to Linux they are holes until they are written. */
err_t tmpfs_seek(struct vnode *v, uint64_t offset, bool wants_data, uint64_t *out) EXCLUDES(fs_queue.lock);

size_t tmpfs_peek_locked(struct vnode *v, uint64_t offset, const void **data) REQUIRES(fs_queue.lock);

/* ---- for mappings: as the operations of vm/backing.h ---- */
err_t tmpfs_mapped_page(struct vnode *v, uint64_t index, bool is_shared, struct backing_page *out)
    EXCLUDES(fs_queue.lock);
err_t tmpfs_own_mapped(struct vnode *v, uint64_t index) EXCLUDES(fs_queue.lock);
/* True when there is data in memory for this page of the file. */
bool tmpfs_has_page(struct vnode *v, uint64_t index) EXCLUDES(fs_queue.lock);

/* For the end of a vnode: nobody else sees it any more. */
void tmpfs_release_pages(struct vnode *v);
