/* SPDX-License-Identifier: Apache-2.0 */
/* The frames behind pages that a space owns: alone, or with others since a clone. */
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/frame_share.h"
#include "vm/area.h"

uint32_t area_page_flags(const struct area *area)
{
    uint32_t flags = PAGE_USER;
    if (area->flags & SPACE_WRITE) flags |= PAGE_WRITE;
    if (area->flags & SPACE_EXEC) flags |= PAGE_EXEC;
    return flags;
}

static void free_leaf(paddr_t frame, uint8_t leaf_shift)
{
    if (leaf_shift == PAGE_SHIFT)
        frame_free(frame);
    else if (leaf_shift == HUGE_SHIFT)
        frame_free_huge(frame);
    else
        frame_free_run(frame, GIANT_BYTES / PAGE_BYTES);
}

/* Gives up this space's hold on a frame that is not borrowed. */
static void drop_hold(paddr_t frame, uint8_t leaf_shift, uint32_t flags)
{
    uint64_t freed = 1ull << (leaf_shift - PAGE_SHIFT);
    if (flags & PAGE_SHARED)
        freed = frame_share_drop(frame, leaf_shift);
    else
        free_leaf(frame, leaf_shift);
    charge_drop(CHARGE_ANONYMOUS, freed);
}

void page_release(paddr_t frame, uint8_t leaf_shift, uint32_t flags, void *context)
{
    struct space *space = context;
    space->resident_peak_pages = MAX(space->resident_peak_pages, space->resident_pages);
    space->resident_pages -= 1ull << (leaf_shift - PAGE_SHIFT);
    if (!(flags & PAGE_BORROWED)) drop_hold(frame, leaf_shift, flags);
}

err_t space_drop_pages_locked(struct space *space, uint64_t start, uint64_t end)
{
    return page_table_unmap(&space->page_table, start, end - start, page_release, space);
}

err_t page_map_locked(struct space *space, uint64_t at, paddr_t frame, uint8_t leaf_shift, uint32_t flags)
{
    err_t e = page_table_map_leaf(&space->page_table, at, frame, leaf_shift, flags);
    if (!failed(e)) space->resident_pages += 1ull << (leaf_shift - PAGE_SHIFT);
    return e;
}

paddr_t page_alloc_locked(struct space *space, uint64_t at)
{
    (void)space, (void)at;
    return frame_alloc_charged(CHARGE_ANONYMOUS);
}

void page_give_back(paddr_t frame) { drop_hold(frame, PAGE_SHIFT, 0); }

err_t page_install_locked(struct space *space, const struct area *area, uint64_t at, paddr_t frame)
{
    /* Copies of a file's pages stay small, so that the file can take them back one by one. */
    uint32_t flags = area_page_flags(area) | (area->backing ? 0 : PAGE_JOIN);
    err_t e = page_map_locked(space, at, frame, PAGE_SHIFT, flags);
    if (failed(e)) page_give_back(frame);
    return e;
}

/* ---- a write to a page that is there ---- */

static err_t copy_page_locked(struct space *space, const struct area *area, const struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    paddr_t copy = page_alloc_locked(space, at);
    if (is_paddr_none(copy)) return ERR_NO_MEMORY;
    memcpy(direct_map(copy), direct_map(fault->frame), PAGE_BYTES);
    page_table_replace(&space->page_table, at, copy, area_page_flags(area));
    if (!(fault->flags & PAGE_BORROWED)) drop_hold(fault->frame, PAGE_SHIFT, fault->flags);
    return OK;
}

err_t page_make_writable_locked(struct space *space, const struct area *area, struct fault *fault)
{
    uint64_t leaf_bytes = 1ull << fault->leaf_shift, start = align_down(fault->address, leaf_bytes);
    paddr_t leaf = PADDR(align_down(fault->frame.raw, leaf_bytes));
    bool is_taken_over = !(fault->flags & PAGE_BORROWED) &&
                         (!(fault->flags & PAGE_SHARED) || !frame_is_shared(leaf, fault->leaf_shift));
    if (is_taken_over) {
        page_table_replace(&space->page_table, start, leaf, area_page_flags(area));
        return OK;
    }
    /* Of a huge leaf that others hold too, one page is copied; the rest stays shared. */
    if (fault->leaf_shift != PAGE_SHIFT) {
        err_t e = page_table_split(&space->page_table, start + PAGE_BYTES);
        if (failed(e)) return e;
        fault->leaf_shift = PAGE_SHIFT;
    }
    fault->frame = PADDR(align_down(fault->frame.raw, PAGE_BYTES));
    return copy_page_locked(space, area, fault);
}
