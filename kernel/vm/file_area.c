/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of files. They are shown where they lie: to private areas for reading, to shared ones also for
 * writing once the file has a page of its own there. */
#include "arch/trap.h"
#include "config.h"
#include "mm/direct_map.h"
#include "vm/area.h"

static bool is_shared(const struct area *area) { return area->flags & SPACE_SHARED; }

static uint32_t borrowed_flags(const struct area *area, const struct backing_page *page)
{
    uint32_t flags = area->page_flags | PAGE_BORROWED;
    return is_shared(area) && page->is_own ? flags : flags & ~PAGE_WRITE;
}

static err_t page_of(const struct area *area, uint64_t at, struct backing_page *out)
{
    return area->backing->ops->page(area->backing, area_page_of(area, at), is_shared(area), out);
}

/* The page's neighbours in a small window come with it, since code and tables are read in sequence. */
static void map_around_locked(struct space *space, const struct area *area, uint64_t page)
    REQUIRES(space->lock)
{
    uint64_t window = CONFIG_FAULT_AROUND_PAGES * PAGE_BYTES;
    uint64_t start = MAX(align_down(page, window), area->start);
    uint64_t end = MIN(align_down(page, window) + window, area->end);
    for (uint64_t at = start; at < end; at += PAGE_BYTES) {
        struct backing_page found;
        if (at == page || failed(page_of(area, at, &found))) continue;
        /* It may be there already, or there may be no memory for a table. */
        (void)failed(page_map_locked(space, at, found.frame, PAGE_SHIFT, borrowed_flags(area, &found)));
    }
}

/* A leaf of 2 MiB where that is how the memory lies, the area shows all of it, and nothing of it is there yet. */
static uint8_t leaf_shift_for(const struct area *area, const struct fault *fault,
                              const struct backing_page *page)
{
    uint64_t start = align_down(fault->address, HUGE_BYTES);
    bool fits = page->is_block && is_shared(area) && fault->place.level > 1 && area->start <= start &&
                area->end - start >= HUGE_BYTES &&
                is_aligned(area_page_of(area, start) << PAGE_SHIFT, HUGE_BYTES);
    return fits ? HUGE_SHIFT : PAGE_SHIFT;
}

/* Where the leaf begins that a page is part of. */
static paddr_t leaf_frame(const struct backing_page *page, uint8_t leaf_shift)
{
    return PADDR(align_down(page->frame.raw, 1ull << leaf_shift));
}

/* The file's own bytes in a page of the space's own. */
static err_t map_copy_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    paddr_t frame = page_alloc();
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    err_t e = area->backing->ops->read(area->backing, area_page_of(area, at), direct_map(frame));
    if (!failed(e)) return page_install_locked(space, area, fault, frame);
    page_give_back(frame);
    return e;
}

static err_t fault_missing_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    bool is_write = fault->access & PF_WRITE;
    if (is_write && !is_shared(area)) return map_copy_locked(space, area, fault);

    struct backing_page page;
    err_t e = page_of(area, at, &page);
    bool is_usable = !failed(e) && (!is_write || page.is_own);
    if (!is_usable && failed(e) && e.code != ERR_NOT_SUPPORTED.code) return e;
    if (!is_usable && !is_shared(area)) return map_copy_locked(space, area, fault);
    if (!is_usable) {
        fault->wants_own = true;
        return OK;
    }
    uint8_t shift = leaf_shift_for(area, fault, &page);
    e = page_fill_locked(space, fault, align_down(at, 1ull << shift), leaf_frame(&page, shift), shift,
                         borrowed_flags(area, &page));
    if (!failed(e) && !is_write && shift == PAGE_SHIFT) map_around_locked(space, area, at);
    return e;
}

static err_t fault_present_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    if (!is_shared(area)) return page_make_writable_locked(space, area, fault);
    struct backing_page page;
    err_t e = page_of(area, fault->address, &page);
    if (failed(e) && e.code != ERR_NOT_SUPPORTED.code) return e;
    if (failed(e) || !page.is_own)
        fault->wants_own = true;
    else
        page_table_replace(&space->page_table, align_down(fault->address, 1ull << fault->place.leaf_shift),
                           leaf_frame(&page, fault->place.leaf_shift), borrowed_flags(area, &page));
    return OK;
}

static err_t fault_file(struct space *space, struct area *area, struct fault *fault)
    NO_THREAD_SAFETY_ANALYSIS /* the lock is its caller's, through a pointer */
{
    return fault->place.is_mapped ? fault_present_locked(space, area, fault)
                                  : fault_missing_locked(space, area, fault);
}

const struct area_kind file_kind = { .fault = fault_file };
