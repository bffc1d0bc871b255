/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that begins as zeros. */
#include "arch/trap.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "vm/area.h"

bool area_may_be_huge(const struct area *area)
{
    if (area->flags & SPACE_NO_HUGE) return false;
    return !(area->flags & SPACE_STACK) || (area->flags & SPACE_WANTS_HUGE);
}

/* 2 MiB at once when the area holds the whole aligned block, nothing of it is mapped yet, and there is a
 * free block. Stacks are touched at one end and would waste most of it. */
static bool try_huge_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(fault->address, HUGE_BYTES);
    if (at < area->start || at + HUGE_BYTES > area->end || !area_may_be_huge(area)) return false;
    if (!page_table_is_empty(&space->page_table, at, HUGE_SHIFT)) return false;
    if (!charge_try(CHARGE_ANONYMOUS, HUGE_BYTES / PAGE_BYTES)) return false;
    paddr_t block = frame_alloc_huge_zeroed();
    if (is_paddr_none(block)) goto uncharge;
    if (failed(page_map_locked(space, at, block, HUGE_SHIFT, area_page_flags(area)))) goto free_block;
    fault->leaf_shift = HUGE_SHIFT;
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
    if (fault->is_present) return page_make_writable_locked(space, area, fault);
    if (try_huge_locked(space, area, fault)) return OK;
    uint64_t at = align_down(fault->address, PAGE_BYTES);
    paddr_t frame = page_alloc_locked(space, at);
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    memset(direct_map(frame), 0, PAGE_BYTES);
    return page_install_locked(space, area, at, frame);
}

const struct area_kind anonymous_kind = { .fault = fault_anonymous };
