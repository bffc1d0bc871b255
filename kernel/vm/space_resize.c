/* SPDX-License-Identifier: Apache-2.0 */
/* Areas that change size or place: brk(2) and mremap(2). */
#include "vm/space_internal.h"

uint64_t space_set_brk(struct space *space, uint64_t end)
{
    mutex_lock(&space->lock);
    uint64_t old = align_up(space->brk_end, PAGE_BYTES), new = align_up(end, PAGE_BYTES);
    bool comes_whole = space->future_marks == SPACE_LOCKED;
    if (end < space->brk_start || end > USER_END) goto out;
    if (new > old) {
        /* As on Linux, one page stays free above the heap. [linux mm/mmap.c, brk] */
        if (!space_is_clear_locked(space, old, new + PAGE_BYTES)) goto out;
        uint32_t flags = SPACE_READ | SPACE_WRITE | SPACE_HEAP | space->future_marks;
        struct area grown = { .start = old, .end = new, .kind = &anonymous_kind, .flags = flags };
        if (!space_may_grow_locked(space, new - old, flags)) goto out;
        if (failed(space_insert_locked(space, &grown))) goto out;
    } else if (new < old && failed(space_unmap_locked(space, new, old))) {
        goto out;
    }
    space->brk_end = end;
out:
    end = space->brk_end;
    mutex_unlock(&space->lock);
    if (comes_whole && align_up(end, PAGE_BYTES) > old)
        (void)failed(space_populate(space, old, align_up(end, PAGE_BYTES) - old, POPULATE_WHOLE));
    return end;
}

/* Every page gets its new mapping before any loses its old one, so running out of memory for page
 * tables half-way leaves the old range as it was. */
static err_t move_pages_locked(struct space *space, uint64_t from, uint64_t bytes, uint64_t to)
    REQUIRES(space->lock)
{
    /* Leaves that reach beyond the range are cut at its ends first, and those whose size does not suit
     * the new place. */
    struct page_table *pt = &space->page_table;
    err_t e = page_table_split(pt, from);
    if (!failed(e)) e = page_table_split(pt, from + bytes);
    for (uint64_t offset = 0; !failed(e) && offset < bytes;) {
        struct page_place place;
        page_table_look(pt, from + offset, &place);
        bool suits = !place.is_mapped || is_aligned(to + offset, 1ull << place.leaf_shift);
        if (!suits) {
            e = page_table_split(pt, from + offset + PAGE_BYTES);
            continue;
        }
        if (place.is_mapped)
            e = page_table_map_leaf(pt, to + offset, place.frame, place.leaf_shift, place.flags);
        offset = page_place_end(&place, from + offset) - from;
    }
    uint64_t gone = failed(e) ? to : from;
    err_t unmapped = page_table_unmap(pt, gone, bytes, NULL, NULL);
    ASSERT(!failed(unmapped)); /* nothing is left to split */
    return e;
}

/* All that can fail comes first: cutting the old range out, the new area, its page tables. */
static err_t move_locked(struct space *space, const struct remap_request *r, uint64_t moved_bytes,
                         uint64_t to) REQUIRES(space->lock)
{
    uint64_t from_end = r->at + moved_bytes, to_end = to + r->new_bytes;
    err_t e = space_isolate_locked(space, r->at, from_end);
    if (failed(e)) return e;
    struct area *old = space_find_locked(space, r->at), like = *old;
    if (!space_may_grow_locked(space, r->new_bytes - (r->keeps_old ? 0 : moved_bytes), like.flags)) {
        space_join_locked(space, r->at, from_end);
        return ERR_NO_MEMORY;
    }
    like.start = to;
    like.end = to_end;
    struct area *new = space_add_area_locked(space, &like);
    e = new ? move_pages_locked(space, r->at, moved_bytes, to) : ERR_NO_MEMORY;
    if (failed(e)) {
        if (new) space_remove_area_locked(space, new);
    } else if (r->keeps_old) {
        area_set_flags_locked(space, old, old->flags & ~SPACE_LOCK_MARKS);
    } else {
        space_remove_area_locked(space, old);
    }
    space_join_locked(space, r->at, from_end);
    space_join_locked(space, to, to_end);
    return e;
}

static bool is_overlap(const struct remap_request *r)
{
    return r->at < r->to + r->new_bytes && r->to < r->at + r->old_bytes;
}

/* To a place of the caller's choice, or away from pages that stay mapped. */
static err_t remap_to_locked(struct space *space, const struct remap_request *r, uint64_t *out)
    REQUIRES(space->lock)
{
    uint64_t moved = MIN(r->old_bytes, r->new_bytes), to = r->to;
    const struct area *area = space_find_locked(space, r->at);
    if (!area) return ERR_FAULT;
    if (!is_user_range(r->at, r->old_bytes)) return ERR_INVALID;
    if (r->is_fixed && (!is_user_range(to, r->new_bytes) || is_overlap(r))) return ERR_INVALID;
    if (r->is_fixed && to < USER_START) return ERR_NOT_PERMITTED;
    if (!moved) return ERR_INVALID;
    if (area->end - r->at < moved) return ERR_FAULT;

    err_t e = OK;
    if (r->is_fixed)
        e = space_unmap_locked(space, to, to + r->new_bytes);
    else if (!space_find_gap_locked(space, r->new_bytes, area->flags, &to))
        e = ERR_NO_MEMORY;
    if (!failed(e) && r->old_bytes > moved)
        e = space_unmap_locked(space, r->at + moved, r->at + r->old_bytes);
    if (!failed(e)) e = move_locked(space, r, moved, to);
    if (!failed(e)) *out = to;
    return e;
}

static err_t grow_locked(struct space *space, const struct area *area, uint64_t end) REQUIRES(space->lock)
{
    struct area more = *area;
    more.start = area->end;
    more.end = end;
    more.backing_page = area_page_of(area, area->end);
    return space_may_grow_locked(space, end - area->end, area->flags) ? space_insert_locked(space, &more)
                                                                      : ERR_NO_MEMORY;
}

static err_t remap_locked(struct space *space, const struct remap_request *r, uint64_t *out)
    REQUIRES(space->lock)
{
    if (r->is_fixed || r->keeps_old) return remap_to_locked(space, r, out);
    const struct area *area = space_find_locked(space, r->at);
    if (!area) return ERR_FAULT;
    if (r->new_bytes == r->old_bytes) return OK;
    if (r->new_bytes < r->old_bytes) {
        if (!is_user_range(r->at, r->old_bytes)) return ERR_INVALID;
        return space_unmap_locked(space, r->at + r->new_bytes, r->at + r->old_bytes);
    }
    if (area->end - r->at < r->old_bytes) return ERR_FAULT;
    if (r->new_bytes > USER_END) return ERR_NO_MEMORY;

    uint64_t end = r->at + r->old_bytes, grown = r->at + r->new_bytes, to;
    if (area->end == end && grown <= USER_END && space_is_free_locked(space, end, grown))
        return grow_locked(space, area, grown);
    if (!r->may_move || !space_find_gap_locked(space, r->new_bytes, area->flags, &to)) return ERR_NO_MEMORY;
    err_t e = move_locked(space, r, r->old_bytes, to);
    if (!failed(e)) *out = to;
    return e;
}

/* Shared memory a second time: no page moves, each view gets them from the file. */
static err_t map_again_locked(struct space *space, const struct remap_request *r, uint64_t *out)
    REQUIRES(space->lock)
{
    struct area *area = space_find_locked(space, r->at);
    uint64_t to = r->to;
    if (!area) return ERR_FAULT;
    if (!(area->flags & SPACE_SHARED) || r->keeps_old) return ERR_INVALID;
    if (!r->may_move) return ERR_NO_MEMORY;
    if (r->is_fixed && (!is_user_range(to, r->new_bytes) || is_overlap(r))) return ERR_INVALID;
    if (r->is_fixed && to < USER_START) return ERR_NOT_PERMITTED;
    if (!space_may_grow_locked(space, r->new_bytes, area->flags)) return ERR_NO_MEMORY;
    struct area again = *area;
    again.backing_page = area_page_of(area, r->at);
    backing_get(again.backing); /* the area may be what a fixed place replaces */
    err_t e = OK;
    if (r->is_fixed)
        e = space_unmap_locked(space, to, to + r->new_bytes);
    else if (!space_find_gap_locked(space, r->new_bytes, again.flags, &to))
        e = ERR_NO_MEMORY;
    again.start = to;
    again.end = to + r->new_bytes;
    if (!failed(e)) e = space_insert_locked(space, &again);
    backing_put(again.backing);
    if (!failed(e)) *out = to;
    return e;
}

/* Huge pages move whole, do not grow and leave nothing behind. */
static err_t fit_huge_locked(struct space *space, struct remap_request *r) REQUIRES(space->lock)
{
    const struct area *area = space_find_locked(space, r->at);
    if (!area || !(area->flags & SPACE_HUGE)) return OK;
    uint64_t unit = area_unit(area);
    r->old_bytes = align_up(r->old_bytes, unit);
    r->new_bytes = align_up(r->new_bytes, unit);
    bool is_aligned_all = is_aligned(r->at, unit) && (!r->is_fixed || is_aligned(r->to, unit));
    return is_aligned_all && r->old_bytes && !r->keeps_old && r->new_bytes <= r->old_bytes ? OK : ERR_INVALID;
}

err_t space_remap(struct space *space, const struct remap_request *request, uint64_t *out)
{
    struct remap_request r = *request;
    if (!r.new_bytes) return ERR_INVALID;
    *out = r.at;
    mutex_lock(&space->lock);
    err_t e = fit_huge_locked(space, &r);
    if (!failed(e)) e = r.old_bytes ? remap_locked(space, &r, out) : map_again_locked(space, &r, out);
    const struct area *area = failed(e) ? NULL : space_find_locked(space, *out);
    bool comes_whole = area && (area->flags & SPACE_LOCK_MARKS) == SPACE_LOCKED && r.new_bytes > r.old_bytes;
    mutex_unlock(&space->lock);
    if (comes_whole)
        (void)failed(space_populate(space, *out + r.old_bytes, r.new_bytes - r.old_bytes, POPULATE_WHOLE));
    return e;
}
