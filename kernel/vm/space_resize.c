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
        err_t e = space_insert_locked(space, old, new - old, SPACE_READ | SPACE_WRITE | SPACE_HEAP, NULL, 0);
        if (failed(e)) goto out;
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

static err_t move_area_locked(struct space *space, struct area *area, uint64_t at, uint64_t old_bytes,
                              uint64_t new_bytes, uint64_t to) REQUIRES(space->lock)
{
    uint64_t moved = MIN(old_bytes, new_bytes);
    err_t e = space_insert_locked(space, to, new_bytes, area->flags, area->backing,
                                  area->backing_page + ((at - area->start) >> PAGE_SHIFT));
    if (failed(e)) return e;
    e = move_pages_locked(space, at, moved, to);
    if (failed(e)) {
        err_t undone = space_unmap_locked(space, to, to + new_bytes);
        ASSERT(!failed(undone)); /* an area of its own or the end of one, without pages */
        return e;
    }
    return space_unmap_locked(space, at, at + old_bytes);
}

static err_t remap_locked(struct space *space, uint64_t at, uint64_t old_bytes, uint64_t new_bytes,
                          bool may_move, uint64_t *out) REQUIRES(space->lock)
{
    struct area *area = space_find_locked(space, at);
    if (!area || area->end < at + old_bytes) return ERR_FAULT;
    *out = at;
    if (new_bytes == old_bytes) return OK;
    if (new_bytes < old_bytes) return space_unmap_locked(space, at + new_bytes, at + old_bytes);

    uint64_t grown = at + new_bytes;
    if (area->end == at + old_bytes && grown <= USER_END && space_is_free_locked(space, area->end, grown)) {
        space->mapped_bytes += grown - area->end;
        area->end = grown;
        return OK;
    }
    uint64_t to;
    if (!may_move || !space_find_gap_locked(space, new_bytes, &to)) return ERR_NO_MEMORY;
    *out = to;
    return move_area_locked(space, area, at, old_bytes, new_bytes, to);
}

err_t space_remap(struct space *space, uint64_t at, uint64_t old_bytes, uint64_t new_bytes, bool may_move,
                  uint64_t *out)
{
    if (!old_bytes || !new_bytes || !is_user_range(at, old_bytes)) return ERR_INVALID;
    if (!is_user_range(at, new_bytes) && !may_move) return ERR_NO_MEMORY;
    if (new_bytes > USER_END) return ERR_NO_MEMORY;
    mutex_lock(&space->lock);
    err_t e = remap_locked(space, at, old_bytes, new_bytes, may_move, out);
    mutex_unlock(&space->lock);
    return e;
}
