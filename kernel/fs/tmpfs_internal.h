/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by tmpfs.c (reading and writing), tmpfs_shape.c (length and holes) and tmpfs_pages.c (pages).
 *
 * Own pages appear inside a change and, for mappings, at any time; they go inside a change only. So who
 * changes a file may go on with a page it has found, and looks again under the lock where it found none.
 * Size, seals and what the archive shows change inside a change and under the lock: either is enough to
 * read them. */
#pragma once
#include "fs/tmpfs.h"

static inline uint64_t page_of(uint64_t offset) { return offset >> PAGE_SHIFT; }
static inline size_t offset_in_page(uint64_t offset) { return offset & (PAGE_BYTES - 1); }
static inline uint64_t pages_for(uint64_t bytes) { return page_of(bytes) + (offset_in_page(bytes) != 0); }

/* Beyond the last page of any file. */
#define TMPFS_PAGES_END (1ull << (63 - PAGE_SHIFT))

/* True where the archive has data, own page above it or not. */
static inline bool tmpfs_is_lower_page(const struct vnode *v, uint64_t index)
{
    return index < pages_for(v->regular.lower_bytes);
}

/* A page to be filled and shown. NO_SPACE, NO_MEMORY. */
err_t tmpfs_page_alloc(const struct vnode *v, uint8_t **out);
void tmpfs_page_free(const struct vnode *v, void *page);
/* How many more pages the file may have at most. */
uint64_t tmpfs_page_allowance(const struct vnode *v);

/* Bytes [from, to) of page `index` as the archive has them, zeros where it has none. */
void tmpfs_fill_from_lower(const struct vnode *v, uint64_t index, uint8_t *page, size_t from, size_t to);

/* The file's own page, or NULL. */
uint8_t *tmpfs_find_page(struct vnode *v, uint64_t index) EXCLUDES(fs_queue.lock);
bool tmpfs_is_hole(struct vnode *v, uint64_t index) EXCLUDES(fs_queue.lock);

/* Shows a filled page, unless the file has got one meanwhile: *shown is the one it has. NO_MEMORY: *shown
 * is NULL. A page that is not shown stays the caller's. Inside a change. */
err_t tmpfs_show_page(struct vnode *v, uint64_t index, uint8_t *page, uint8_t **shown)
    EXCLUDES(fs_queue.lock);

/* The file's own page, made from what was there before. Inside a change. */
err_t tmpfs_own_page(struct vnode *v, uint64_t index, uint8_t **out) EXCLUDES(fs_queue.lock);

/* Takes the file's own pages of [first, end) away. Inside a change: mappings and readers that use such a
 * page are waited for. In the count of blocks, pages before `lower_end` are the archive's. */
void tmpfs_cut_pages(struct vnode *v, uint64_t first, uint64_t end, uint64_t lower_end)
    EXCLUDES(fs_queue.lock);

/* Mappings look again at pages [first, end), which show something else now. */
void tmpfs_revoke(struct vnode *v, uint64_t first, uint64_t end) EXCLUDES(fs_queue.lock);

/* Before the file grows: what mappings have stored behind its end does not come to light. Inside a
 * change. */
void tmpfs_clear_tail(struct vnode *v) EXCLUDES(fs_queue.lock);
void tmpfs_grow_to(struct vnode *v, uint64_t size) EXCLUDES(fs_queue.lock);
void tmpfs_stamp_change(struct vnode *v) EXCLUDES(fs_queue.lock);
