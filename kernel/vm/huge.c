/* SPDX-License-Identifier: Apache-2.0 */
/* Memory in leaves of 2 MiB or 1 GiB and no others, because it was asked for so (MAP_HUGETLB). */
#include "arch/zero.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/frame_share.h"
#include "vm/area.h"

static uint8_t leaf_shift_of(const struct area *area)
{
    return area->flags & SPACE_HUGE_1G ? GIANT_SHIFT : HUGE_SHIFT;
}

uint64_t area_unit(const struct area *area)
{
    return area->flags & SPACE_HUGE ? 1ull << leaf_shift_of(area) : PAGE_BYTES;
}

static uint64_t frames_in(uint8_t leaf_shift) { return 1ull << (leaf_shift - PAGE_SHIFT); }

/* With the contents of `from`, or zeros. Charged. */
static paddr_t alloc_leaf(uint8_t leaf_shift, paddr_t from)
{
    uint64_t frames = frames_in(leaf_shift);
    if (!charge_try(CHARGE_ANONYMOUS, frames)) return PADDR_NONE;
    bool is_copy = !is_paddr_none(from);
    paddr_t leaf = leaf_shift == GIANT_SHIFT ? frame_alloc_run(frames, GIANT_BYTES)
                   : is_copy                 ? frame_alloc_huge()
                                             : frame_alloc_huge_zeroed();
    if (is_paddr_none(leaf))
        charge_drop(CHARGE_ANONYMOUS, frames);
    else if (is_copy)
        memcpy(direct_map(leaf), direct_map(from), frames << PAGE_SHIFT);
    else if (leaf_shift == GIANT_SHIFT)
        zero_pages(direct_map(leaf), GIANT_BYTES);
    return leaf;
}

static err_t write_present_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    paddr_t leaf = fault->place.frame;
    uint8_t shift = fault->place.leaf_shift;
    uint64_t at = align_down(fault->address, area_unit(area));
    if (area->flags & SPACE_SHARED) { /* with its other holders */
        uint32_t flags = area->page_flags | (fault->place.flags & PAGE_SHARED);
        page_table_replace(&space->page_table, at, leaf, flags);
        return OK;
    }
    if (!(fault->place.flags & PAGE_SHARED) || !frame_is_shared(leaf, shift))
        return page_make_writable_locked(space, area, fault);
    paddr_t copy = alloc_leaf(shift, leaf);
    if (is_paddr_none(copy)) return ERR_IO;
    page_table_replace(&space->page_table, at, copy, area->page_flags);
    charge_drop(CHARGE_ANONYMOUS, frame_share_drop(leaf, shift));
    return OK;
}

static err_t install_locked(struct space *space, const struct area *area, const struct page_place *place,
                            uint64_t at) REQUIRES(space->lock)
{
    uint8_t shift = leaf_shift_of(area);
    paddr_t leaf = alloc_leaf(shift, PADDR_NONE);
    if (is_paddr_none(leaf)) return ERR_IO;
    uint32_t flags = area->flags & SPACE_PROTECTION ? area->page_flags : PAGE_HIDDEN;
    err_t e = page_table_fill(&space->page_table, place, at, leaf, shift, flags);
    if (!failed(e)) {
        space->resident_pages += frames_in(shift);
        return OK;
    }
    if (shift == GIANT_SHIFT)
        frame_free_run(leaf, frames_in(shift));
    else
        frame_free_huge(leaf);
    charge_drop(CHARGE_ANONYMOUS, frames_in(shift));
    return e;
}

/* As on Linux, a huge page that cannot be had is a SIGBUS. */
static err_t fault_huge(struct space *space, struct area *area, struct fault *fault)
    NO_THREAD_SAFETY_ANALYSIS /* the lock is its caller's, through a pointer */
{
    if (fault->place.is_mapped) return write_present_locked(space, area, fault);
    uint64_t at = align_down(fault->address, area_unit(area));
    fault->place.leaf_shift = leaf_shift_of(area);
    return install_locked(space, area, &fault->place, at);
}

/* Also where nothing may be touched yet: the pages are set aside when they are mapped. */
static uint64_t populate_huge(struct space *space, struct area *area, uint64_t at, uint64_t end)
    NO_THREAD_SAFETY_ANALYSIS /* the lock is its caller's, through a pointer */
{
    for (; at < end; at += area_unit(area)) {
        struct page_place place;
        at = align_down(at, area_unit(area));
        page_table_look(&space->page_table, at, &place);
        if (!place.is_mapped && failed(install_locked(space, area, &place, at))) break;
    }
    return MIN(at, end);
}

const struct area_kind huge_kind = { .fault = fault_huge, .populate = populate_huge };
