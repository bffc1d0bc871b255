/* SPDX-License-Identifier: Apache-2.0 */
/* Areas that grow downward when something below them is touched: the first stack of a program, and
 * what it maps with MAP_GROWSDOWN. */
#include "vm/layout.h"
#include "vm/space_internal.h"

/* The address below which others may be mapped: above it a stack could not be told from its neighbour. */
uint64_t area_guarded_start(const struct area *area)
{
    if (!(area->flags & SPACE_GROWS_DOWN)) return area->start;
    return area->start > STACK_GUARD_BYTES ? area->start - STACK_GUARD_BYTES : 0;
}

/* An area without access is a guard by itself, and so is another that grows. */
static bool is_too_close(const struct area *below, uint64_t start)
{
    bool counts = (below->flags & SPACE_PROTECTION) && !(below->flags & SPACE_GROWS_DOWN);
    return counts && start - below->end < STACK_GUARD_BYTES;
}

struct area *space_grow_down_locked(struct space *space, uint64_t address)
{
    struct area *area = space_find_from_locked(space, address);
    uint64_t start = align_down(address, PAGE_BYTES);
    if (!area || !(area->flags & SPACE_GROWS_DOWN) || start < USER_START) return NULL;
    if (area->end - start > space->stack_limit_bytes) return NULL;
    const struct area *below = space_below_locked(space, area);
    if (below && is_too_close(below, start)) return NULL;
    space->mapped_bytes += area->start - start;
    area->start = start;
    return area;
}
