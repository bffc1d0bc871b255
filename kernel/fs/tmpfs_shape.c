/* SPDX-License-Identifier: Apache-2.0 */
/* The length of files and where they have holes. */
#include "fs/tmpfs_internal.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "lib/string.h"

void tmpfs_clear_tail(struct vnode *v)
{
    size_t from = offset_in_page(v->size);
    if (from == 0 || !v->regular.was_shared) return;
    uint8_t *last = tmpfs_find_page(v, page_of(v->size));
    if (last) memset(last + from, 0, PAGE_BYTES - from);
}

void tmpfs_grow_to(struct vnode *v, uint64_t size)
{
    fs_lock();
    if (size > v->size) v->size = size;
    fs_unlock();
}

void tmpfs_stamp_change(struct vnode *v)
{
    int64_t now_ns = (int64_t)time_realtime_ns();
    fs_lock();
    v->mtime_ns = v->ctime_ns = now_ns;
    fs_unlock();
}

/* ---- truncation ---- */

static void shrink_lower_locked(struct vnode *v, uint64_t bytes) REQUIRES(fs_queue.lock)
{
    struct vnode_regular *r = &v->regular;
    if (bytes >= r->lower_bytes) return;
    r->block_pages -= pages_for(r->lower_bytes) - pages_for(bytes);
    r->lower_bytes = bytes;
}

/* In one piece: a page that a mapping asks for in between must not show what is cut off. */
static void cut_size(struct vnode *v, uint64_t size)
{
    fs_lock();
    v->size = size;
    uint8_t *last = offset_in_page(size) ? page_tree_find(&v->regular.pages, page_of(size)) : NULL;
    if (last) memset(last + offset_in_page(size), 0, PAGE_BYTES - offset_in_page(size));
    shrink_lower_locked(v, size);
    fs_unlock();
}

/* Mappings lose the pages beyond the end, private copies too. Of the last page only the archive's frame
 * goes, which still shows all of it. */
static void revoke_beyond(struct vnode *v, uint64_t size)
{
    if (!mapping_is_used(&v->regular.mapping)) return;
    if (offset_in_page(size)) mapping_revoke(&v->regular.mapping, page_of(size), page_of(size) + 1, false);
    mapping_revoke(&v->regular.mapping, pages_for(size), TMPFS_PAGES_END, true);
}

static err_t truncate_changing(struct vnode *v, uint64_t size)
{
    uint32_t refusal = size < v->size ? LINUX_F_SEAL_SHRINK : size > v->size ? LINUX_F_SEAL_GROW : 0;
    if (__atomic_load_n(&v->regular.runners, __ATOMIC_RELAXED) > 0) return ERR_TEXT_BUSY;
    if (v->seals & refusal) return ERR_NOT_PERMITTED;
    if (size > v->size) {
        tmpfs_clear_tail(v);
        tmpfs_grow_to(v, size);
    } else { /* the same size also drops pages allocated beyond the end */
        uint64_t lower_end = pages_for(v->regular.lower_bytes);
        cut_size(v, size);
        revoke_beyond(v, size);
        tmpfs_cut_pages(v, pages_for(size), TMPFS_PAGES_END, lower_end);
    }
    return OK;
}

err_t tmpfs_truncate(struct vnode *v, uint64_t size)
{
    vnode_start_change(v);
    err_t e = truncate_changing(v, size);
    if (!failed(e)) tmpfs_stamp_change(v);
    vnode_end_change(v);
    return e;
}

/* ---- allocation ---- */

/* Refused before anything is taken when the limit cannot hold it. Pages made before the machine itself
 * ran out of frames stay: they are zeros, as the holes were. */
static err_t allocate_pages(struct vnode *v, uint64_t first, uint64_t end)
{
    uint64_t allowance = tmpfs_page_allowance(v), wanted = 0;
    for (uint64_t index = first; index < end; index++) {
        wanted += tmpfs_is_hole(v, index);
        if (wanted > allowance) return ERR_NO_SPACE;
    }

    for (uint64_t index = first; index < end; index++) {
        uint8_t *page;
        err_t e = tmpfs_is_hole(v, index) ? tmpfs_own_page(v, index, &page) : OK;
        if (failed(e)) return e;
    }
    return OK;
}

static err_t allocate_changing(struct vnode *v, uint64_t offset, uint64_t end, bool keep_size)
{
    if ((v->seals & LINUX_F_SEAL_GROW) && end > v->size) return ERR_NOT_PERMITTED;
    err_t e = allocate_pages(v, page_of(offset), pages_for(end));
    if (failed(e) || keep_size || end <= v->size) return e;
    tmpfs_clear_tail(v);
    tmpfs_grow_to(v, end);
    return OK;
}

err_t tmpfs_allocate(struct vnode *v, uint64_t offset, uint64_t bytes, bool keep_size)
{
    vnode_start_change(v);
    err_t e = allocate_changing(v, offset, offset + bytes, keep_size);
    if (!failed(e)) tmpfs_stamp_change(v);
    vnode_end_change(v);
    return e;
}

/* ---- holes ---- */

/* Zeros in [from, to), which lies in one page and inside the file. Inside a change. */
static err_t zero_in_page(struct vnode *v, uint64_t from, uint64_t to)
{
    uint8_t *page;
    if (from == to || tmpfs_is_hole(v, page_of(from))) return OK;
    err_t e = tmpfs_own_page(v, page_of(from), &page);
    if (!failed(e)) memset(page + offset_in_page(from), 0, to - from);
    return e;
}

static err_t punch_changing(struct vnode *v, uint64_t from, uint64_t to)
{
    if (v->seals & (LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE)) return ERR_NOT_PERMITTED;
    uint64_t whole_first = pages_for(from), whole_end = page_of(to);
    if (whole_first > whole_end) return zero_in_page(v, from, to);

    err_t e = zero_in_page(v, from, whole_first << PAGE_SHIFT);
    if (failed(e)) return e;
    e = zero_in_page(v, whole_end << PAGE_SHIFT, to);
    if (failed(e)) return e;

    uint64_t lower_end = MIN(pages_for(v->regular.lower_bytes), whole_end);
    for (uint64_t index = whole_first; index < lower_end; index++) {
        e = zero_in_page(v, index << PAGE_SHIFT, (index + 1) << PAGE_SHIFT);
        if (failed(e)) return e;
    }
    tmpfs_cut_pages(v, MAX(whole_first, lower_end), whole_end, lower_end);
    return OK;
}

err_t tmpfs_punch(struct vnode *v, uint64_t offset, uint64_t bytes)
{
    vnode_start_change(v);
    err_t e = punch_changing(v, offset, offset + bytes);
    if (!failed(e)) tmpfs_stamp_change(v);
    vnode_end_change(v);
    return e;
}

err_t tmpfs_seek(struct vnode *v, uint64_t offset, bool wants_data, uint64_t *out)
{
    err_t e = OK;
    fs_lock();
    uint64_t index = page_of(offset), lower_end = pages_for(v->regular.lower_bytes);
    if (offset >= v->size) {
        e = ERR_NO_DEVICE_ADDRESS;
    } else if (wants_data) {
        if (index >= lower_end) index = page_tree_next(&v->regular.pages, index);
    } else {
        index = MAX(index, lower_end);
        while (page_tree_find(&v->regular.pages, index)) index++;
    }
    if (!failed(e)) {
        uint64_t found = index > page_of(v->size) ? v->size : MAX(offset, index << PAGE_SHIFT);
        if (wants_data && found >= v->size) e = ERR_NO_DEVICE_ADDRESS;
        *out = MIN(found, v->size);
    }
    fs_unlock();
    return e;
}
