/* SPDX-License-Identifier: Apache-2.0 */
/* Areas that change size or place: brk(2) and mremap(2). */
#include "vm/space.h"

#include "mm/frame.h"
#include "vm/layout.h"
#include "vm/space_internal.h"

uint64_t space_set_brk(struct space *space, uint64_t end)
{
    mutex_lock(&space->lock);
    uint64_t old = align_up(space->brk_end, PAGE_BYTES), new = align_up(end, PAGE_BYTES);
    if (end < space->brk_start || end > USER_END) goto out;
    if (new > old) {
        if (!space_is_free_locked(space, old, new)) goto out;
        struct area grown = { .start = old, .end = new, .flags = SPACE_READ | SPACE_WRITE | SPACE_HEAP };
        if (failed(space_insert_locked(space, &grown))) goto out;
    } else if (new < old && failed(space_unmap_locked(space, new, old))) {
        goto out;
    }
    space->brk_end = end;
out:
    end = space->brk_end;
    mutex_unlock(&space->lock);
    return end;
}

/* Every page gets its new mapping before any loses its old one, so running out of memory for page
 * tables half-way leaves the old range as it was. */
static err_t move_pages_locked(struct space *space, uint64_t from, uint64_t bytes, uint64_t to)
    REQUIRES(space->lock)
{
    /* Leaves that reach beyond the range are cut at its ends first. */
    err_t e = page_table_split(&space->page_table, from);
    if (!failed(e)) e = page_table_split(&space->page_table, from + bytes);
    for (uint64_t offset = 0; !failed(e) && offset < bytes;) {
        paddr_t frame;
        uint32_t flags;
        uint8_t leaf_shift = PAGE_SHIFT;
        if (page_table_translate(&space->page_table, from + offset, &frame, &flags, &leaf_shift))
            e = page_table_map(&space->page_table, to + offset, frame, 1ull << leaf_shift, flags);
        offset += 1ull << leaf_shift;
    }
    uint64_t gone = failed(e) ? to : from;
    err_t unmapped = page_table_unmap(&space->page_table, gone, bytes, NULL, NULL);
    ASSERT(!failed(unmapped)); /* nothing is left to split */
    return e;
}

/* All that can fail comes first: cutting the old range out, the new area, its page tables. */
static err_t move_locked(struct space *space, uint64_t from, uint64_t old_bytes, uint64_t to,
                         uint64_t new_bytes) REQUIRES(space->lock)
{
    err_t e = space_isolate_locked(space, from, from + old_bytes);
    if (failed(e)) return e;
    struct area *old = space_find_locked(space, from), like = *old;
    like.start = to;
    like.end = to + new_bytes;
    struct area *new = space_add_area_locked(space, &like);
    e = new ? move_pages_locked(space, from, old_bytes, to) : ERR_NO_MEMORY;
    if (!failed(e))
        space_remove_area_locked(space, old);
    else if (new)
        space_remove_area_locked(space, new);
    space_join_locked(space, from, from + old_bytes);
    space_join_locked(space, to, to + new_bytes);
    return e;
}

static err_t grow_locked(struct space *space, const struct area *area, uint64_t end) REQUIRES(space->lock)
{
    struct area more = *area;
    more.start = area->end;
    more.end = end;
    more.backing_page += (area->end - area->start) >> PAGE_SHIFT;
    return space_insert_locked(space, &more);
}

static err_t remap_locked(struct space *space, uint64_t at, uint64_t old_bytes, uint64_t new_bytes,
                          bool may_move, uint64_t *out) REQUIRES(space->lock)
{
    struct area *area = space_find_locked(space, at);
    if (!area) return ERR_FAULT;
    *out = at;
    if (new_bytes == old_bytes) return OK;
    if (new_bytes < old_bytes) {
        if (!is_user_range(at, old_bytes)) return ERR_INVALID;
        return space_unmap_locked(space, at + new_bytes, at + old_bytes);
    }
    if (!old_bytes) return ERR_INVALID;
    if (area->end - at < old_bytes) return ERR_FAULT;
    if (new_bytes > USER_END) return ERR_NO_MEMORY;

    uint64_t end = at + old_bytes, grown = at + new_bytes;
    if (area->end == end && grown <= USER_END && space_is_free_locked(space, end, grown))
        return grow_locked(space, area, grown);
    if (!may_move || !space_find_gap_locked(space, new_bytes, out)) return ERR_NO_MEMORY;
    return move_locked(space, at, old_bytes, *out, new_bytes);
}

err_t space_remap(struct space *space, uint64_t at, uint64_t old_bytes, uint64_t new_bytes, bool may_move,
                  uint64_t *out)
{
    if (!new_bytes) return ERR_INVALID;
    mutex_lock(&space->lock);
    err_t e = remap_locked(space, at, old_bytes, new_bytes, may_move, out);
    mutex_unlock(&space->lock);
    return e;
}
