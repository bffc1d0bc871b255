/* SPDX-License-Identifier: Apache-2.0 */
/* The frames behind pages that a space owns: alone, or with others since a clone. */
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/frame_share.h"
#include "mm/tlb.h"
#include "vm/area.h"

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

paddr_t page_alloc(void) { return frame_alloc_charged(CHARGE_ANONYMOUS); }

void page_give_back(paddr_t frame) { drop_hold(frame, PAGE_SHIFT, 0); }

err_t page_install_locked(struct space *space, const struct area *area, struct fault *fault, paddr_t frame)
{
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    /* Copies of a file's pages stay small, so that the file can take them back one by one. */
    uint32_t flags = area->page_flags | (area_may_join(area, at) ? PAGE_JOIN : 0);
    err_t e = page_fill_locked(space, fault, at, frame, PAGE_SHIFT, flags);
    if (failed(e)) page_give_back(frame);
    return e;
}

/* ---- a write to a page that is there ---- */

static err_t copy_page_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    paddr_t copy = page_alloc();
    if (is_paddr_none(copy)) return ERR_NO_MEMORY;
    uint64_t inside = at & ((1ull << fault->place.leaf_shift) - 1);
    paddr_t old = PADDR(fault->place.frame.raw + inside);
    memcpy(direct_map(copy), direct_map(old), PAGE_BYTES);
    page_table_replace(&space->page_table, at, copy, area->page_flags);
    if (!(fault->place.flags & PAGE_BORROWED)) drop_hold(old, PAGE_SHIFT, fault->place.flags);
    fault->place.leaf_shift = PAGE_SHIFT;
    return OK;
}

/* When nobody else holds anything of the block any more, that holds for all of its pages nearby: none of them
 * faults for it again, and if they are in place they are one leaf. */
static bool take_over_table_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    const struct page_place *place = &fault->place;
    bool is_part = place->leaf_shift == PAGE_SHIFT && (place->flags & PAGE_OWNERSHIP) == PAGE_SHARED;
    if (!is_part || frame_is_shared(place->frame, HUGE_SHIFT)) return false;
    uint64_t at = align_down(fault->address, PAGE_BYTES), table = align_down(at, HUGE_BYTES);
    uint64_t start = MAX(table, area->start), end = MIN(table + HUGE_BYTES, area->end);
    paddr_t block = PADDR(align_down(place->frame.raw, HUGE_BYTES));
    page_place_take_over(place, start, end, block, area->page_flags);
    tlb_forget(&space->page_table, &at,
               1); /* the others' may be read-only yet: then they fault, and find it done */
    if (area_may_join(area, at)) page_table_join(&space->page_table, at);
    return true;
}

err_t page_make_writable_locked(struct space *space, const struct area *area, struct fault *fault)
{
    const struct page_place *place = &fault->place;
    uint64_t start = align_down(fault->address, 1ull << place->leaf_shift);
    if (take_over_table_locked(space, area, fault)) return OK;
    bool is_taken_over = !(place->flags & PAGE_BORROWED) &&
                         (!(place->flags & PAGE_SHARED) || !frame_is_shared(place->frame, place->leaf_shift));
    if (is_taken_over) {
        page_table_replace(&space->page_table, start, place->frame, area->page_flags);
        return OK;
    }
    /* Of a huge leaf that others hold too, one page is copied; the rest stays shared. */
    if (place->leaf_shift != PAGE_SHIFT) {
        err_t e = page_table_split(&space->page_table, start + PAGE_BYTES);
        if (failed(e)) return e;
    }
    return copy_page_locked(space, area, fault);
}
