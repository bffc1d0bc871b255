/* SPDX-License-Identifier: Apache-2.0 */
/* A second space with the same contents, for fork. Pages are not copied: both spaces lose the right to write
 * to them, and a write fault in either copies one page or, when the other space has let go, takes it over. */
#include "mm/tlb.h"
#include "vm/space_internal.h"

/* Pages of shared files come by themselves. */
static err_t clone_pages_locked(struct space *from, const struct area *area, struct space *to)
    REQUIRES(from->lock)
{
    err_t e = page_table_split(&from->page_table, area->start);
    if (!failed(e)) e = page_table_split(&from->page_table, area->end);
    if (failed(e)) return e;
    return page_table_share(&to->page_table, &from->page_table, area->start, area->end - area->start,
                            area->flags & SPACE_SHARED, &to->resident_pages);
}

static err_t clone_area_locked(struct space *from, const struct area *area, struct space *to)
    REQUIRES(from->lock) REQUIRES(to->lock)
{
    if (area->flags & SPACE_NO_FORK) return OK;
    struct area like = *area;
    like.flags &= ~SPACE_LOCK_MARKS; /* locks are not inherited */
    if (!space_add_area_locked(to, &like)) return ERR_NO_MEMORY;
    bool is_file = area->backing && (area->flags & SPACE_SHARED);
    bool has_pages = !is_file && !(area->flags & SPACE_WIPE_ON_FORK);
    return has_pages ? clone_pages_locked(from, area, to) : OK;
}

static err_t clone_areas_locked(struct space *from, struct space *to) REQUIRES(from->lock) REQUIRES(to->lock)
{
    err_t e = OK;
    struct area *area = space_find_from_locked(from, 0);
    for (; area && !failed(e); area = space_next_locked(area)) e = clone_area_locked(from, area, to);
    tlb_forget_user(&from->page_table); /* what was shared is no longer writable */
    return e;
}

err_t space_clone(struct space *space, struct space **out)
{
    struct space *to;
    err_t e = space_create(&to);
    if (failed(e)) return e;
    mutex_lock(&space->lock);
    mutex_lock_nested(&to->lock); /* which nobody else has seen yet */
    to->map_top = space->map_top;
    to->brk_start = space->brk_start;
    to->brk_end = space->brk_end;
    to->stack_start = space->stack_start;
    to->start = space->start;
    to->limits = space->limits;
    to->barriers = space->barriers;
    to->refuses_huge = space->refuses_huge;
    e = clone_areas_locked(space, to);
    mutex_unlock(&to->lock);
    mutex_unlock(&space->lock);
    if (failed(e))
        space_destroy(to);
    else
        *out = to;
    return e;
}
