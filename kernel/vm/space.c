/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/space.h"

#include "config.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "vm/space_internal.h"

err_t space_create(struct space **out)
{
    struct space *space = heap_alloc_zeroed(sizeof(*space));
    if (!space) return ERR_NO_MEMORY;
    err_t e = page_table_create_user(&space->page_table);
    if (failed(e)) {
        heap_free(space);
        return e;
    }
    space->references = space->users = 1;
    space->limits.mapped_bytes = space->limits.data_bytes = UINT64_MAX;
    space->limits.stack_bytes = CONFIG_USER_STACK_BYTES;
    space->limits.request_bytes = frame_total_count() << PAGE_SHIFT;
    mutex_init(&space->lock);
    areas_init(space);
    *out = space;
    return OK;
}

struct space *space_get(struct space *space)
{
    __atomic_add_fetch(&space->references, 1, __ATOMIC_RELAXED);
    return space;
}

void space_put(struct space *space)
{
    if (__atomic_sub_fetch(&space->references, 1, __ATOMIC_ACQ_REL) == 0) heap_free(space);
}

static uint64_t faults_of_the_gone; /* atomic */

uint64_t space_faults_of_the_gone(void) { return __atomic_load_n(&faults_of_the_gone, __ATOMIC_RELAXED); }

void space_destroy(struct space *space)
{
    mutex_lock(&space->lock);
    __atomic_fetch_add(&faults_of_the_gone, space->fault_count, __ATOMIC_RELAXED);
    page_table_destroy_user(&space->page_table, page_release, space);
    space_remove_areas_locked(space);
    mutex_unlock(&space->lock);
    space_put(space);
}

struct space *space_enter(struct space *space)
{
    __atomic_add_fetch(&space->users, 1, __ATOMIC_RELAXED);
    return space;
}

void space_leave(struct space *space)
{
    if (__atomic_sub_fetch(&space->users, 1, __ATOMIC_ACQ_REL) == 0) space_destroy(space);
}

err_t space_unmap_locked(struct space *space, uint64_t start, uint64_t end)
{
    struct area *area = space_find_from_locked(space, start);
    if (!area || area->start >= end) return OK;
    /* Only a hole in the middle of an area needs memory: a second area. */
    bool is_hole = area->start < start && area->end > end;
    err_t e = space_check_cuts_locked(space, area, start, end);
    if (!failed(e) && is_hole) e = space_split_locked(space, end);
    if (!failed(e)) e = space_drop_pages_locked(space, start, end);
    if (failed(e)) {
        space_join_locked(space, end, end);
        return e;
    }
    while (area && area->start < end) {
        struct area *next = area->end < end ? space_next_locked(area) : NULL;
        space_cut_area_locked(space, area, start, end);
        area = next;
    }
    return OK;
}

static err_t choose_place_locked(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags,
                                 uint64_t *out) REQUIRES(space->lock)
{
    bool fits = at >= USER_START && is_user_range(at, bytes);
    if (flags & SPACE_FIXED) {
        if (!fits) return is_user_range(at, bytes) ? ERR_NOT_PERMITTED : ERR_NO_MEMORY;
        *out = at;
        if (space_is_free_locked(space, at, at + bytes)) return OK;
        return flags & SPACE_NO_REPLACE ? ERR_EXISTS : space_unmap_locked(space, at, at + bytes);
    }
    if (at && fits && space_is_clear_locked(space, at, at + bytes)) {
        *out = at;
        return OK;
    }
    return space_find_gap_locked(space, bytes, flags, out) ? OK : ERR_NO_MEMORY;
}

static const struct area_kind *kind_for(uint32_t flags, const struct backing *backing)
{
    if (flags & SPACE_HUGE) return &huge_kind;
    return backing ? &file_kind : &anonymous_kind;
}

/* What the new area replaces is taken off what it may be. */
static bool may_map_locked(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags)
    REQUIRES(space->lock)
{
    if (space_may_grow_locked(space, bytes, flags)) return true;
    if (!(flags & SPACE_FIXED)) return false;
    uint64_t end = at + bytes, more = bytes;
    struct area *area = space_find_from_locked(space, at);
    for (; area && area->start < end; area = space_next_locked(area))
        more -= MIN(end, area->end) - MAX(at, area->start);
    return space_may_grow_locked(space, more, flags);
}

static err_t map_locked(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags,
                        struct backing *backing, uint64_t backing_page, uint64_t *place) REQUIRES(space->lock)
{
    if (!bytes || bytes > USER_END || !may_map_locked(space, at, bytes, flags)) return ERR_NO_MEMORY;
    err_t e = choose_place_locked(space, at, bytes, flags, place);
    if (failed(e)) return e;
    struct area fresh; /* what space_insert_locked looks at */
    fresh.start = *place;
    fresh.end = *place + bytes;
    fresh.kind = kind_for(flags, backing);
    fresh.flags = (flags & SPACE_AREA_FLAGS) | space->future_marks;
    if (flags & SPACE_HUGE) fresh.flags &= ~SPACE_LOCK_MARKS;
    fresh.backing = backing;
    fresh.backing_page = backing_page;
    return space_insert_locked(space, &fresh);
}

/* Huge pages are there from the start, or the mapping fails. Other pages that could not be had come (or
 * fail) on touch, as on Linux. */
static err_t populate_new(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags)
{
    bool is_reserved =
        (flags & SPACE_HUGE) && (flags & (SPACE_NO_RESERVE | SPACE_SHARED)) != SPACE_NO_RESERVE;
    err_t e = space_populate(space, at, bytes, POPULATE_WHOLE);
    if (!failed(e) || !is_reserved) return OK;
    e = space_unmap(space, at, bytes);
    return failed(e) ? e : ERR_NO_MEMORY;
}

err_t space_map(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags, struct backing *backing,
                uint64_t backing_page, uint64_t *out)
{
    mutex_lock(&space->lock);
    err_t e = map_locked(space, at, bytes, flags, backing, backing_page, out);
    uint32_t marks = flags | space->future_marks;
    mutex_unlock(&space->lock);
    backing_put(backing);
    if (failed(e)) return e;
    bool comes_whole = (marks & (SPACE_POPULATE | SPACE_HUGE)) || (marks & SPACE_LOCK_MARKS) == SPACE_LOCKED;
    return comes_whole ? populate_new(space, *out, bytes, flags) : OK;
}

err_t space_unmap(struct space *space, uint64_t at, uint64_t bytes)
{
    if (!bytes || !is_user_range(at, bytes)) return ERR_INVALID;
    mutex_lock(&space->lock);
    err_t e = space_unmap_locked(space, at, at + bytes);
    mutex_unlock(&space->lock);
    return e;
}

/* ---- protection ---- */

/* What a file or another space holds too becomes writable only by a write fault, which looks closer. */
static err_t protect_area_locked(struct space *space, struct area *area, uint32_t protection)
    REQUIRES(space->lock)
{
    uint32_t old = area->flags;
    uint64_t bytes = area->end - area->start;
    bool may_not = (protection & SPACE_WRITE) && (old & SPACE_SHARED) && !(old & SPACE_MAY_WRITE);
    if (may_not) return ERR_ACCESS;
    bool is_more = (protection & SPACE_WRITE) && !(old & SPACE_WRITE);
    if (is_more && !space_may_be_data_locked(space, area)) return ERR_NO_MEMORY;
    area_set_flags_locked(space, area, (old & ~SPACE_PROTECTION) | protection);
    err_t e = page_table_protect(&space->page_table, area->start, bytes,
                                 protection ? area->page_flags : PAGE_HIDDEN);
    if (failed(e)) area_set_flags_locked(space, area, old);
    return e;
}

static err_t reach_down_locked(struct space *space, uint64_t *at, uint64_t end) REQUIRES(space->lock)
{
    const struct area *area = space_find_from_locked(space, *at);
    if (!area || area->start >= end) return ERR_NO_MEMORY;
    if (!(area->flags & SPACE_GROWS_DOWN)) return ERR_INVALID;
    *at = area->start;
    return OK;
}

static err_t protect_range_locked(struct space *space, uint64_t at, uint64_t end, uint32_t protection)
    REQUIRES(space->lock)
{
    err_t e = space_isolate_locked(space, at, end);
    while (!failed(e) && at < end) {
        struct area *area = space_find_locked(space, at);
        e = area ? protect_area_locked(space, area, protection) : ERR_NO_MEMORY;
        if (area) at = area->end;
    }
    return e;
}

static void join_pages_locked(struct space *space, uint64_t at) REQUIRES(space->lock)
{
    const struct area *area = space_find_locked(space, at);
    if (area && area_may_join(area, at)) page_table_join(&space->page_table, at);
}

err_t space_protect(struct space *space, uint64_t at, uint64_t bytes, uint32_t protection)
{
    if (!bytes) return OK;
    uint64_t end = range_end(at, bytes);
    mutex_lock(&space->lock);
    err_t e = at < USER_END ? OK : ERR_NO_MEMORY;
    if (protection & SPACE_GROWS_DOWN) e = reach_down_locked(space, &at, end);
    if (!failed(e)) e = protect_range_locked(space, at, end, protection & SPACE_PROTECTION);
    space_join_locked(space, at, end);
    if (!failed(e)) {
        /* What another change had cut may be whole again. */
        join_pages_locked(space, at);
        join_pages_locked(space, end - 1);
    }
    mutex_unlock(&space->lock);
    return e;
}
