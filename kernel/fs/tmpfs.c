/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tmpfs.h"

#include "core/time.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"

enum { CUT_BATCH = 64 }; /* pages cut off per turn of the lock */

static uint64_t page_limit = UINT64_MAX;
static uint64_t pages_used; /* atomic */
static const uint8_t zero_page[PAGE_BYTES] READ_ONLY_ZEROS;

void tmpfs_init(void) { page_limit = frame_total_count() / 2; }
uint64_t tmpfs_page_limit(void) { return page_limit; }
uint64_t tmpfs_pages_used(void) { return __atomic_load_n(&pages_used, __ATOMIC_RELAXED); }

static uint64_t page_of(uint64_t offset) { return offset >> PAGE_SHIFT; }
static uint64_t pages_for(uint64_t bytes) { return page_of(bytes) + ((bytes & (PAGE_BYTES - 1)) != 0); }
static size_t offset_in_page(uint64_t offset) { return offset & (PAGE_BYTES - 1); }

/* ---- pages ---- */

static err_t page_alloc(uint8_t **out)
{
    if (__atomic_add_fetch(&pages_used, 1, __ATOMIC_RELAXED) > page_limit) {
        __atomic_sub_fetch(&pages_used, 1, __ATOMIC_RELAXED);
        return ERR_NO_SPACE;
    }
    paddr_t frame = frame_alloc_charged(CHARGE_FILE);
    if (is_paddr_none(frame)) {
        __atomic_sub_fetch(&pages_used, 1, __ATOMIC_RELAXED);
        return ERR_NO_MEMORY;
    }
    *out = direct_map(frame);
    return OK;
}

static void page_free(void *page)
{
    frame_free_charged(CHARGE_FILE, direct_map_to_paddr(page));
    __atomic_sub_fetch(&pages_used, 1, __ATOMIC_RELAXED);
}

static bool is_lower_page(const struct vnode *v, uint64_t index)
{
    return index < pages_for(v->regular.lower_bytes);
}

/* Bytes [from, to) of page `index` as the archive has them, zeros where it has none. */
static void fill_from_lower(const struct vnode *v, uint64_t index, uint8_t *page, size_t from, size_t to)
{
    uint64_t start = (index << PAGE_SHIFT) + from;
    size_t below = 0;
    if (start < v->regular.lower_bytes) below = MIN(to - from, v->regular.lower_bytes - start);
    if (below > 0) memcpy(page + from, v->regular.lower + start, below);
    memset(page + from + below, 0, to - from - below);
}

/* A page with its old contents, filled before others can see it. */
static err_t page_insert(struct vnode *v, uint64_t index, uint8_t *page)
{
    fs_lock();
    err_t e = page_tree_insert(&v->regular.pages, index, page);
    if (!failed(e) && !is_lower_page(v, index)) v->regular.block_pages++;
    fs_unlock();
    return e;
}

/* The file's own page, made from what was there before. Inside a change. */
static err_t page_own(struct vnode *v, uint64_t index, uint8_t **out)
{
    *out = page_tree_find(&v->regular.pages, index);
    if (*out) return OK;
    err_t e = page_alloc(out);
    if (failed(e)) return e;
    fill_from_lower(v, index, *out, 0, PAGE_BYTES);
    e = page_insert(v, index, *out);
    if (failed(e)) page_free(*out);
    return e;
}

/* Takes the file's own pages first..last away. Inside a change: readers that still copy from such a
 * page are waited for. */
static void pages_cut(struct vnode *v, uint64_t first, uint64_t last)
{
    struct page_tree_cut cut[CUT_BATCH];
    size_t count;
    do {
        fs_lock();
        count = page_tree_cut(&v->regular.pages, first, last, cut, CUT_BATCH);
        for (size_t i = 0; i < count; i++)
            if (!is_lower_page(v, cut[i].index)) v->regular.block_pages--;
        fs_unlock();
        if (count > 0) vnode_wait_for_pins(v);
        for (size_t i = 0; i < count; i++) page_free(cut[i].page);
    } while (count == CUT_BATCH);
}

void tmpfs_release_pages(struct vnode *v)
{
    struct page_tree_cut cut[CUT_BATCH];
    size_t count;
    do {
        count = page_tree_cut(&v->regular.pages, 0, UINT64_MAX >> PAGE_SHIFT, cut, CUT_BATCH);
        for (size_t i = 0; i < count; i++) page_free(cut[i].page);
    } while (count == CUT_BATCH);
}

void tmpfs_set_lower(struct vnode *v, const void *data, uint64_t bytes)
{
    v->regular.lower = data;
    v->regular.lower_bytes = bytes;
    v->regular.block_pages = pages_for(bytes);
    v->size = bytes;
}

/* ---- reading ---- */

size_t tmpfs_peek_locked(struct vnode *v, uint64_t offset, const void **data)
{
    if (offset >= v->size) return 0;
    const struct vnode_regular *r = &v->regular;
    size_t in_page = offset_in_page(offset);
    uint64_t to_page_end = MIN(PAGE_BYTES - in_page, v->size - offset);

    const uint8_t *page = page_tree_find(&r->pages, page_of(offset));
    if (page) {
        *data = page + in_page;
        return to_page_end;
    }
    if (offset < r->lower_bytes) {
        /* Without own pages the rest of the archive's data is one piece. */
        *data = r->lower + offset;
        uint64_t below = r->lower_bytes - offset;
        return r->pages.root ? MIN(below, to_page_end) : below;
    }
    *data = zero_page + in_page;
    return to_page_end;
}

const void *tmpfs_lower_page_locked(struct vnode *v, uint64_t index)
{
    if (!vnode_is_regular(v) || index >= page_of(v->regular.lower_bytes)) return NULL;
    const uint8_t *page = v->regular.lower + (index << PAGE_SHIFT);
    if (!is_aligned((uint64_t)page, PAGE_BYTES)) return NULL;
    return page_tree_find(&v->regular.pages, index) ? NULL : page;
}

int64_t tmpfs_read(struct vnode *v, struct io_buffer *to, uint64_t position)
{
    uint64_t done = 0;
    size_t bytes, copied;
    fs_lock();
    uint32_t ticket = vnode_pin_locked(v);
    do {
        const void *data = NULL;
        bytes = MIN(tmpfs_peek_locked(v, position + done, &data), to->left);
        if (bytes == 0) {
            copied = 0;
            break;
        }
        fs_unlock();
        copied = io_put(to, data, bytes);
        done += copied;
        fs_lock();
    } while (copied == bytes && to->left > 0);
    vnode_unpin_locked(v, ticket);
    fs_unlock();
    return io_result(done, copied == bytes ? OK : ERR_FAULT);
}

/* ---- writing ---- */

/* At most one page, which is not in the tree yet: filled first, shown after. */
static err_t write_new_page(struct vnode *v, struct io_buffer *from, uint64_t position, size_t bytes,
                            size_t *done)
{
    uint64_t index = page_of(position);
    size_t start = offset_in_page(position);
    uint8_t *page;
    err_t e = page_alloc(&page);
    if (failed(e)) return e;

    *done = io_take(from, page + start, bytes);
    if (*done == 0) {
        page_free(page);
        return ERR_FAULT;
    }
    fill_from_lower(v, index, page, 0, start);
    fill_from_lower(v, index, page, start + *done, PAGE_BYTES);
    e = page_insert(v, index, page);
    if (failed(e)) page_free(page);
    return e;
}

static err_t write_piece(struct vnode *v, struct io_buffer *from, uint64_t position, size_t bytes,
                         size_t *done)
{
    uint8_t *page = page_tree_find(&v->regular.pages, page_of(position));
    if (!page) return write_new_page(v, from, position, bytes, done);
    *done = io_take(from, page + offset_in_page(position), bytes);
    return *done == 0 ? ERR_FAULT : OK;
}

static void grow_to(struct vnode *v, uint64_t size)
{
    fs_lock();
    if (size > v->size) v->size = size;
    fs_unlock();
}

static void stamp_change(struct vnode *v)
{
    int64_t now_ns = (int64_t)time_realtime_ns();
    fs_lock();
    v->mtime_ns = v->ctime_ns = now_ns;
    fs_unlock();
}

int64_t tmpfs_write(struct vnode *v, struct io_buffer *from, uint64_t *position, bool append)
{
    if (from->left == 0) return 0;
    uint64_t total = 0;
    err_t e = OK;
    vnode_start_change(v);
    if (append) *position = v->size;
    while (from->left > 0) {
        size_t bytes = MIN(from->left, PAGE_BYTES - offset_in_page(*position));
        size_t done = 0;
        e = write_piece(v, from, *position, bytes, &done);
        if (failed(e)) break;
        *position += done;
        total += done;
        grow_to(v, *position);
    }
    if (total > 0) stamp_change(v);
    vnode_end_change(v);
    return io_result(total, e);
}

/* ---- changing the shape ---- */

/* Zeros in [from, to), which lies in one page and inside the file. Inside a change. */
static err_t zero_in_page(struct vnode *v, uint64_t from, uint64_t to)
{
    uint64_t index = page_of(from);
    if (from == to || (!page_tree_find(&v->regular.pages, index) && !is_lower_page(v, index))) return OK;
    uint8_t *page;
    err_t e = page_own(v, index, &page);
    if (failed(e)) return e;
    memset(page + offset_in_page(from), 0, to - from);
    return OK;
}

static void shrink_lower(struct vnode *v, uint64_t bytes)
{
    fs_lock();
    struct vnode_regular *r = &v->regular;
    if (bytes < r->lower_bytes) {
        r->block_pages -= pages_for(r->lower_bytes) - pages_for(bytes);
        r->lower_bytes = bytes;
    }
    fs_unlock();
}

static void truncate_changing(struct vnode *v, uint64_t size)
{
    fs_lock();
    bool is_shorter = size <= v->size; /* the same size also drops pages allocated beyond the end */
    v->size = size;
    fs_unlock();
    if (!is_shorter) return;

    /* The archive shows nothing beyond its new end by itself; only an own last page needs zeros. */
    uint8_t *last = page_tree_find(&v->regular.pages, page_of(size));
    if (last) memset(last + offset_in_page(size), 0, PAGE_BYTES - offset_in_page(size));
    pages_cut(v, pages_for(size), UINT64_MAX >> PAGE_SHIFT);
    shrink_lower(v, size);
}

err_t tmpfs_truncate(struct vnode *v, uint64_t size)
{
    vnode_start_change(v);
    truncate_changing(v, size);
    stamp_change(v);
    vnode_end_change(v);
    return OK;
}

static bool is_hole(const struct vnode *v, uint64_t index)
{
    return !is_lower_page(v, index) && !page_tree_find(&v->regular.pages, index);
}

/* Refused before anything is taken when the limit cannot hold it. Pages made before the machine itself
 * ran out of frames stay: they are zeros, as the holes were. */
static err_t allocate_changing(struct vnode *v, uint64_t first, uint64_t end)
{
    if (end - first > page_limit) return ERR_NO_SPACE;
    uint64_t wanted = 0;
    for (uint64_t index = first; index < end; index++) wanted += is_hole(v, index);
    if (wanted > page_limit - MIN(page_limit, tmpfs_pages_used())) return ERR_NO_SPACE;

    for (uint64_t index = first; index < end; index++) {
        uint8_t *page;
        err_t e = is_hole(v, index) ? page_own(v, index, &page) : OK;
        if (failed(e)) return e;
    }
    return OK;
}

err_t tmpfs_allocate(struct vnode *v, uint64_t offset, uint64_t bytes, bool keep_size)
{
    vnode_start_change(v);
    err_t e = allocate_changing(v, page_of(offset), pages_for(offset + bytes));
    if (!failed(e) && !keep_size) grow_to(v, offset + bytes);
    stamp_change(v);
    vnode_end_change(v);
    return e;
}

static err_t punch_changing(struct vnode *v, uint64_t from, uint64_t to)
{
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
    whole_first = MAX(whole_first, lower_end);
    if (whole_first < whole_end) pages_cut(v, whole_first, whole_end - 1);
    return OK;
}

err_t tmpfs_punch(struct vnode *v, uint64_t offset, uint64_t bytes)
{
    vnode_start_change(v);
    err_t e = punch_changing(v, offset, offset + bytes);
    stamp_change(v);
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
