/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of files, and what mappings of them see. */
#include "fs/tmpfs_internal.h"

#include "core/time.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"

enum { CUT_BATCH = 64 }; /* pages cut off per turn of the lock */

static uint64_t page_limit = UINT64_MAX;
static uint64_t pages_used; /* atomic */
/* What holes show, to mappings as well: so it is a frame of its own. */
static const uint8_t zero_page[PAGE_BYTES] ALIGNED(PAGE_BYTES) READ_ONLY_ZEROS;

void tmpfs_init(void) { page_limit = frame_total_count() / 2; }
uint64_t tmpfs_page_limit(void) { return page_limit; }
uint64_t tmpfs_pages_used(void) { return __atomic_load_n(&pages_used, __ATOMIC_RELAXED); }

/* ---- pages that the file does not show ---- */

/* The files of memfd_create and of shared anonymous memory are on no file system that could be full: they
 * end where memory does. */
static bool is_counted(const struct vnode *v) { return v->filesystem != FILESYSTEM_ANONYMOUS; }

struct count {
    uint64_t *used, limit;
};

/* A mount of a program's has a limit of its own. */
static struct count count_of(const struct vnode *v)
{
    if (likely(v->filesystem < FILESYSTEM_MOUNTED)) return (struct count){ &pages_used, page_limit };
    struct mount_space *space = mount_space_of(v->filesystem);
    return (struct count){ &space->pages, __atomic_load_n(&space->page_limit, __ATOMIC_RELAXED) };
}

uint64_t tmpfs_page_allowance(const struct vnode *v)
{
    if (!is_counted(v)) return frame_total_count();
    struct count c = count_of(v);
    return c.limit - MIN(c.limit, __atomic_load_n(c.used, __ATOMIC_RELAXED));
}

static err_t count_page(const struct vnode *v)
{
    if (!is_counted(v)) return OK;
    struct count c = count_of(v);
    if (__atomic_add_fetch(c.used, 1, __ATOMIC_RELAXED) <= c.limit) return OK;
    __atomic_sub_fetch(c.used, 1, __ATOMIC_RELAXED);
    return ERR_NO_SPACE;
}

static void uncount_page(const struct vnode *v)
{
    if (is_counted(v)) __atomic_sub_fetch(count_of(v).used, 1, __ATOMIC_RELAXED);
}

err_t tmpfs_page_alloc(const struct vnode *v, uint8_t **out)
{
    err_t e = count_page(v);
    if (failed(e)) return e;
    paddr_t frame = frame_alloc_charged(CHARGE_FILE);
    if (is_paddr_none(frame)) {
        uncount_page(v);
        return ERR_NO_MEMORY;
    }
    *out = direct_map(frame);
    return OK;
}

void tmpfs_page_free(const struct vnode *v, void *page)
{
    frame_free_charged(CHARGE_FILE, direct_map_to_paddr(page));
    uncount_page(v);
}

void tmpfs_fill_from_lower(const struct vnode *v, uint64_t index, uint8_t *page, size_t from, size_t to)
{
    uint64_t start = (index << PAGE_SHIFT) + from;
    size_t below = 0;
    if (start < v->regular.lower_bytes) below = MIN(to - from, v->regular.lower_bytes - start);
    if (below > 0) memcpy(page + from, v->regular.lower + start, below);
    memset(page + from + below, 0, to - from - below);
}

/* ---- pages that the file shows ---- */

uint8_t *tmpfs_find_page(struct vnode *v, uint64_t index)
{
    fs_lock();
    uint8_t *page = page_tree_find(&v->regular.pages, index);
    fs_unlock();
    return page;
}

bool tmpfs_is_hole(struct vnode *v, uint64_t index)
{
    return !tmpfs_is_lower_page(v, index) && !tmpfs_find_page(v, index);
}

static err_t show_locked(struct vnode *v, uint64_t index, uint8_t *page) REQUIRES(fs_queue.lock)
{
    err_t e = page_tree_insert(&v->regular.pages, index, page);
    if (!failed(e) && !tmpfs_is_lower_page(v, index)) v->regular.block_pages++;
    return e;
}

void tmpfs_revoke(struct vnode *v, uint64_t first, uint64_t end)
{
    if (mapping_is_used(&v->regular.mapping)) mapping_revoke(&v->regular.mapping, first, end, false);
}

/* The file has got a page; others may show what it had there before. */
static bool must_tell_locked(const struct vnode *v) REQUIRES(fs_queue.lock)
{
    return v->regular.mapping.lends && mapping_is_used(&v->regular.mapping);
}

err_t tmpfs_show_page(struct vnode *v, uint64_t index, uint8_t *page, uint8_t **shown)
{
    fs_lock();
    *shown = page_tree_find(&v->regular.pages, index);
    bool is_new = !*shown;
    err_t e = is_new ? show_locked(v, index, page) : OK;
    bool must_tell = must_tell_locked(v);
    fs_unlock();
    if (!is_new || failed(e)) return e;
    *shown = page;
    if (must_tell) mapping_revoke(&v->regular.mapping, index, index + 1, false);
    return OK;
}

err_t tmpfs_own_page(struct vnode *v, uint64_t index, uint8_t **out)
{
    *out = tmpfs_find_page(v, index);
    if (*out) return OK;
    uint8_t *page;
    err_t e = tmpfs_page_alloc(v, &page);
    if (failed(e)) return e;
    tmpfs_fill_from_lower(v, index, page, 0, PAGE_BYTES);
    e = tmpfs_show_page(v, index, page, out);
    if (*out != page) tmpfs_page_free(v, page);
    return e;
}

void tmpfs_cut_pages(struct vnode *v, uint64_t first, uint64_t end, uint64_t lower_end)
{
    struct page_tree_cut cut[CUT_BATCH];
    size_t count = first < end ? CUT_BATCH : 0;
    while (count == CUT_BATCH) {
        fs_lock();
        count = page_tree_cut(&v->regular.pages, first, end - 1, cut, CUT_BATCH);
        for (size_t i = 0; i < count; i++) v->regular.block_pages -= cut[i].index >= lower_end;
        fs_unlock();
        if (count == 0) break;
        tmpfs_revoke(v, cut[0].index, cut[count - 1].index + 1);
        vnode_wait_for_pins(v);
        for (size_t i = 0; i < count; i++) tmpfs_page_free(v, cut[i].page);
    }
}

void tmpfs_release_pages(struct vnode *v)
{
    struct page_tree_cut cut[CUT_BATCH];
    size_t count;
    do {
        count = page_tree_cut(&v->regular.pages, 0, TMPFS_PAGES_END, cut, CUT_BATCH);
        for (size_t i = 0; i < count; i++) tmpfs_page_free(v, cut[i].page);
    } while (count == CUT_BATCH);
}

void tmpfs_set_lower(struct vnode *v, const void *data, uint64_t bytes)
{
    v->regular.lower = data;
    v->regular.lower_bytes = bytes;
    v->regular.block_pages = pages_for(bytes);
    v->size = bytes;
}

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

/* ---- for mappings ---- */

static bool is_beyond_locked(const struct vnode *v, uint64_t index) REQUIRES(fs_queue.lock)
{
    return index >= pages_for(v->size);
}

static err_t mapped_page_locked(struct vnode *v, uint64_t index, bool is_shared, struct backing_page *out)
    REQUIRES(fs_queue.lock)
{
    if (is_beyond_locked(v, index)) return ERR_IO;
    void *own = page_tree_find(&v->regular.pages, index);
    if (own) {
        *out = (struct backing_page){ .frame = direct_map_to_paddr(own), .is_own = true };
        return OK;
    }
    bool is_hole = !tmpfs_is_lower_page(v, index);
    if (is_hole && is_shared) return ERR_NOT_SUPPORTED;
    if (is_hole) {
        v->regular.mapping.lends = true;
        *out = (struct backing_page){ .frame = image_to_paddr(zero_page), .is_own = false };
        return OK;
    }
    /* What follows the end of the data in the archive is not the file's. */
    const uint8_t *lower = v->regular.lower + (index << PAGE_SHIFT);
    if (index >= page_of(v->regular.lower_bytes) || !is_aligned((uint64_t)lower, PAGE_BYTES))
        return ERR_NOT_SUPPORTED;
    v->regular.mapping.lends = true;
    *out = (struct backing_page){ .frame = direct_map_to_paddr(lower), .is_own = false };
    return OK;
}

err_t tmpfs_mapped_page(struct vnode *v, uint64_t index, bool is_shared, struct backing_page *out)
{
    fs_lock();
    err_t e = mapped_page_locked(v, index, is_shared, out);
    fs_unlock();
    return e;
}

/* Puts the page into the tree unless there is one. It is filled here, under the lock: the file may be
 * cut short until then. */
static err_t own_locked(struct vnode *v, uint64_t index, uint8_t *page, bool *is_shown)
    REQUIRES(fs_queue.lock)
{
    if (is_beyond_locked(v, index)) return ERR_IO;
    if (page_tree_find(&v->regular.pages, index)) return OK;
    tmpfs_fill_from_lower(v, index, page, 0, PAGE_BYTES);
    err_t e = show_locked(v, index, page);
    *is_shown = !failed(e);
    return e;
}

err_t tmpfs_own_mapped(struct vnode *v, uint64_t index)
{
    fs_lock();
    bool is_beyond = is_beyond_locked(v, index), is_owned = page_tree_find(&v->regular.pages, index);
    fs_unlock();
    if (is_beyond || is_owned) return is_beyond ? ERR_IO : OK;

    uint8_t *page;
    bool is_shown = false;
    err_t e = tmpfs_page_alloc(v, &page);
    if (failed(e)) return e;
    fs_lock();
    e = own_locked(v, index, page, &is_shown);
    bool must_tell = is_shown && must_tell_locked(v);
    fs_unlock();
    if (!is_shown) tmpfs_page_free(v, page);
    if (must_tell) mapping_revoke(&v->regular.mapping, index, index + 1, false);
    return e;
}

bool tmpfs_has_page(struct vnode *v, uint64_t index)
{
    fs_lock();
    bool is_data = tmpfs_is_lower_page(v, index) || page_tree_find(&v->regular.pages, index);
    bool is_inside = !is_beyond_locked(v, index);
    fs_unlock();
    return is_data && is_inside;
}
