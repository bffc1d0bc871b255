/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that begins as zeros. */
#include "arch/trap.h"
#include "arch/zero.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "vm/area.h"

enum { HUGE_LEVEL = 2 }; /* of the entries that leaves of 2 MiB go into */

bool area_may_be_huge(const struct area *area)
{
    if (area->flags & SPACE_NO_HUGE || area->space->refuses_huge) return false;
    return !(area->flags & SPACE_STACK) || (area->flags & SPACE_WANTS_HUGE);
}

/* 2 MiB at once when the area holds the whole aligned block, nothing of it is mapped yet, and there is a
 * free block. Stacks are touched at one end and would waste most of it. */
static bool try_huge_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, HUGE_BYTES);
    if (at < area->start || at + HUGE_BYTES > area->end || !area_may_be_huge(area)) return false;
    if (fault->place.level < HUGE_LEVEL) return false;
    if (!charge_try(CHARGE_ANONYMOUS, HUGE_BYTES / PAGE_BYTES)) return false;
    paddr_t block = frame_alloc_huge_zeroed();
    if (is_paddr_none(block)) goto uncharge;
    if (failed(page_fill_locked(space, fault, at, block, HUGE_SHIFT, area->page_flags))) goto free_block;
    return true;

free_block:
    frame_free_huge(block);
uncharge:
    charge_drop(CHARGE_ANONYMOUS, HUGE_BYTES / PAGE_BYTES);
    return false;
}

static err_t fault_anonymous(struct space *space, struct area *area, struct fault *fault)
    NO_THREAD_SAFETY_ANALYSIS /* the lock is its caller's, through a pointer */
{
    if (fault->place.is_mapped) return page_make_writable_locked(space, area, fault);
    if (try_huge_locked(space, area, fault)) return OK;
    paddr_t frame;
    if (area_may_be_huge(area)) {
        paddr_t block = page_place_block(&fault->place);
        if (!is_paddr_none(block) && page_fill_rest_locked(space, area, fault, block)) return OK;
        frame = page_alloc_in_place(fault, block);
    } else {
        frame = page_alloc();
    }
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    zero_pages(direct_map(frame), PAGE_BYTES);
    return page_install_locked(space, area, fault, frame);
}

/* Blocks for entries of one table that lie side by side. */
static uint64_t populate_anonymous(struct space *space, struct area *area, uint64_t at, uint64_t end)
    NO_THREAD_SAFETY_ANALYSIS /* the lock is its caller's, through a pointer */
{
    struct page_place place;
    uint64_t room = PAGE_TABLE_ENTRIES - pte_index(at, HUGE_LEVEL);
    uint64_t blocks = MIN((end - at) / HUGE_BYTES, room), frames = blocks * (HUGE_BYTES / PAGE_BYTES);
    if (!blocks || !is_aligned(at, HUGE_BYTES) || !area_may_be_huge(area)) return at;
    page_table_look(&space->page_table, at, &place);
    if (place.is_mapped || place.level != HUGE_LEVEL || !charge_try(CHARGE_ANONYMOUS, frames)) return at;
    uint64_t done = page_table_fill_row(&place, blocks, area->page_flags, frame_alloc_huge_zeroed);
    uint64_t done_frames = done * (HUGE_BYTES / PAGE_BYTES);
    space->resident_pages += done_frames;
    if (done < blocks) charge_drop(CHARGE_ANONYMOUS, frames - done_frames);
    return at + done * HUGE_BYTES;
}

const struct area_kind anonymous_kind = { .fault = fault_anonymous, .populate = populate_anonymous };
