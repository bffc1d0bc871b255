/* SPDX-License-Identifier: Apache-2.0 */
/* Small pages that become 2 MiB leaves without being copied.
 *
 * Heaps grow by less than 2 MiB at a time, so their memory cannot come as huge pages. Instead each page gets
 * the frame that has the page's place in a block of 2 MiB: one block for each aligned 2 MiB of addresses, kept
 * for it (mm/frame_kept.c) from the first page on. The page tables know which one it is. When all 512 pages
 * are there and differ in nothing, the table is replaced by one leaf; once the area holds all of the 2 MiB,
 * that is when half of them are.
 *
 * What has no block, or not at that place, is as any memory: a block is a chance and no promise. Frames of
 * it that no page has come for count as free, and go to others when there is nothing else. */
#include "arch/zero.h"
#include "config.h"
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "vm/area.h"

enum { HUGE_PAGES = HUGE_BYTES / PAGE_BYTES };
_Static_assert((uint32_t)PAGE_SET_WORDS == FRAME_SET_WORDS, "the pages of 2 MiB are the frames of a block");

static paddr_t frame_for(const struct fault *fault, paddr_t block)
{
    uint64_t index = fault->address / PAGE_BYTES % HUGE_PAGES;
    if (!is_paddr_none(block)) {
        paddr_t frame = PADDR(block.raw + (index << PAGE_SHIFT));
        return frame_take(frame) ? frame : PADDR_NONE;
    }
    return page_place_used(&fault->place) ? PADDR_NONE : frame_alloc_kept(index);
}

paddr_t page_alloc_in_place(const struct fault *fault, paddr_t block)
{
    if (alloc_should_fail() || !charge_try(CHARGE_ANONYMOUS, 1)) return PADDR_NONE;
    paddr_t frame = frame_for(fault, block);
    if (is_paddr_none(frame)) frame = frame_alloc();
    if (is_paddr_none(frame)) charge_drop(CHARGE_ANONYMOUS, 1);
    return frame;
}

static void zero_frames(paddr_t block, const uint64_t set[PAGE_SET_WORDS])
{
    for (uint32_t i = 0; i < HUGE_PAGES; i++)
        if (set[i / 64] >> i % 64 & 1) zero_pages(direct_map(PADDR(block.raw + i * PAGE_BYTES)), PAGE_BYTES);
}

/* Away from the short path, which needs no room for a set. */
static NOINLINE bool fill_rest_locked(struct space *space, const struct area *area, struct fault *fault,
                                      paddr_t block) REQUIRES(space->lock)
{
    uint64_t missing[PAGE_SET_WORDS];
    uint32_t count = HUGE_PAGES - page_place_used(&fault->place), flags = area->page_flags;
    /* Where others have frames of the block, or pages are not in place, the numbers differ. */
    if (frame_free_in_block(block) != count) return false;
    if (!page_place_missing(&fault->place, block, flags, missing)) return false;
    if (!charge_try(CHARGE_ANONYMOUS, count)) return false;
    if (!frame_take_set(block, missing, count)) {
        charge_drop(CHARGE_ANONYMOUS, count);
        return false;
    }
    zero_frames(block, missing);
    page_place_make_leaf(&space->page_table, &fault->place, block, flags);
    space->resident_pages += count;
    fault->place.leaf_shift = HUGE_SHIFT;
    return true;
}

bool page_fill_rest_locked(struct space *space, const struct area *area, struct fault *fault, paddr_t block)
{
    uint64_t at = align_down(fault->address, HUGE_BYTES);
    if (likely(at < area->start || at + HUGE_BYTES > area->end)) return false;
    return page_place_used(&fault->place) >= CONFIG_FILL_REST_PAGES &&
           fill_rest_locked(space, area, fault, block);
}
