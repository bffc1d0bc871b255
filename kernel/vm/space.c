/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/space.h"

#include "config.h"
#include "core/panic.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "vm/layout.h"
#include "vm/space_internal.h"

static struct area *area_of(struct list *node) { return LIST_ENTRY(node, struct area, link); }

uint32_t area_page_flags(const struct area *area)
{
    uint32_t flags = PAGE_USER;
    if (area->flags & SPACE_WRITE) flags |= PAGE_WRITE;
    if (area->flags & SPACE_EXEC) flags |= PAGE_EXEC;
    return flags;
}

err_t space_create(struct space **out)
{
    struct space *space = heap_alloc_zeroed(sizeof(*space));
    if (!space) return ERR_NO_MEMORY;
    err_t e = page_table_create_user(&space->page_table);
    if (failed(e)) {
        heap_free(space);
        return e;
    }
    space->stack_limit_bytes = CONFIG_USER_STACK_BYTES;
    mutex_init(&space->lock);
    list_init(&space->areas);
    *out = space;
    return OK;
}

/* A leaf that a private mapping owns is freed; one lent by a file is not. */
static void free_leaf(paddr_t frame, uint8_t leaf_shift, uint32_t flags, void *context)
{
    struct space *space = context;
    space->resident_pages -= 1ull << (leaf_shift - PAGE_SHIFT);
    if (flags & PAGE_BORROWED) return;
    if (leaf_shift == HUGE_SHIFT)
        frame_free_huge(frame);
    else
        frame_free(frame);
}

err_t space_drop_pages_locked(struct space *space, uint64_t start, uint64_t end)
{
    return page_table_unmap(&space->page_table, start, end - start, free_leaf, space);
}

void space_remove_area_locked(struct space *space, struct area *area)
{
    list_remove(&area->link);
    space->area_count--;
    space->mapped_bytes -= area->end - area->start;
    if (space->last_hit == area) space->last_hit = NULL;
    backing_put(area->backing);
    heap_free(area);
}

void space_destroy(struct space *space)
{
    mutex_lock(&space->lock);
    page_table_destroy_user(&space->page_table, free_leaf, space);
    LIST_FOR_EACH_SAFE (node, &space->areas) space_remove_area_locked(space, area_of(node));
    mutex_unlock(&space->lock);
    heap_free(space);
}

struct area *space_find_from_locked(struct space *space, uint64_t address)
{
    struct area *hit = space->last_hit;
    struct list *node = hit && hit->start <= address ? &hit->link : space->areas.next;
    for (; node != &space->areas; node = node->next)
        if (area_of(node)->end > address) return space->last_hit = area_of(node);
    return NULL;
}

struct area *space_find_locked(struct space *space, uint64_t address)
{
    struct area *area = space_find_from_locked(space, address);
    return area && area->start <= address ? area : NULL;
}

struct area *space_below_locked(struct space *space, struct area *area)
{
    return area->link.prev == &space->areas ? NULL : area_of(area->link.prev);
}

static struct area *next_area(struct space *space, struct area *area)
{
    return area->link.next == &space->areas ? NULL : area_of(area->link.next);
}

/* Cuts `area` in two at `at`, which lies inside it; both halves keep their pages. */
static err_t split_locked(struct space *space, struct area *area, uint64_t at) REQUIRES(space->lock)
{
    if (space->area_count >= CONFIG_AREAS_MAX) return ERR_NO_MEMORY;
    struct area *upper = heap_alloc(sizeof(*upper));
    if (!upper) return ERR_NO_MEMORY;
    *upper = *area;
    upper->start = at;
    upper->backing_page += (at - area->start) >> PAGE_SHIFT;
    backing_get(upper->backing);
    area->end = at;
    list_push_front(&area->link, &upper->link);
    space->area_count++;
    return OK;
}

/* Cuts areas at both ends of the range, so that every area is inside it or outside. */
err_t space_isolate_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock)
{
    struct area *area = space_find_from_locked(space, start);
    if (area && area->start < start) {
        err_t e = split_locked(space, area, start);
        if (failed(e)) return e;
    }
    area = space_find_from_locked(space, end - 1);
    if (area && area->start < end && area->end > end) return split_locked(space, area, end);
    return OK;
}

err_t space_unmap_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock)
{
    err_t e = space_isolate_locked(space, start, end);
    if (failed(e)) return e;
    struct area *area = space_find_from_locked(space, start);
    if (!area || area->start >= end) return OK;
    e = space_drop_pages_locked(space, start, end);
    if (failed(e)) return e;
    while (area && area->start < end) {
        struct area *next = next_area(space, area);
        space_remove_area_locked(space, area);
        area = next;
    }
    return OK;
}

/* The highest gap of `bytes` below map_top. Areas large enough for 2 MiB leaves are placed so that
 * they can have them. */
bool space_find_gap_locked(struct space *space, uint64_t bytes, uint64_t *out) REQUIRES(space->lock)
{
    uint64_t align = bytes >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES;
    uint64_t top = space->map_top;
    for (struct list *node = space->areas.prev;; node = node->prev) {
        bool none_left = node == &space->areas;
        uint64_t floor = none_left ? USER_START : area_of(node)->end;
        if (top >= floor && top - floor >= bytes) {
            uint64_t at = align_down(top - bytes, align);
            if (at >= floor) {
                *out = at;
                return true;
            }
        }
        if (none_left) return false;
        top = MIN(top, area_guarded_start(area_of(node)));
    }
}

bool space_is_free_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock)
{
    struct area *area = space_find_from_locked(space, start);
    return !area || area->start >= end;
}

bool space_is_clear_locked(struct space *space, uint64_t start, uint64_t end)
{
    const struct area *above = space_find_from_locked(space, start);
    return !above || area_guarded_start(above) >= end;
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
    return space_find_gap_locked(space, bytes, out) ? OK : ERR_NO_MEMORY;
}

/* Neighbours that differ in nothing. Programs map, grow and protect memory in steps; without joining,
 * each step would leave an area behind. */
static bool can_join(const struct area *lower, const struct area *upper)
{
    return lower->end == upper->start && lower->flags == upper->flags && lower->backing == upper->backing &&
           (!lower->backing ||
            lower->backing_page + ((lower->end - lower->start) >> PAGE_SHIFT) == upper->backing_page);
}

/* `lower` takes over all of `upper`, which is then an empty area. */
static void join_locked(struct space *space, struct area *lower, struct area *upper) REQUIRES(space->lock)
{
    lower->end = upper->start = upper->end;
    space_remove_area_locked(space, upper);
}

/* Joins across every border in [start, end] that need not be one. */
void space_join_locked(struct space *space, uint64_t start, uint64_t end)
{
    struct area *area = space_find_from_locked(space, start - 1), *next;
    while (area && area->end <= end && (next = next_area(space, area))) {
        if (can_join(area, next))
            join_locked(space, area, next);
        else
            area = next;
    }
}

struct area *space_add_area_locked(struct space *space, const struct area *like)
{
    struct area *area = space->area_count < CONFIG_AREAS_MAX ? heap_alloc(sizeof(*area)) : NULL;
    if (!area) return NULL;
    struct area *above = space_find_from_locked(space, like->start);
    *area = *like;
    backing_get(area->backing);
    list_push_back(above ? &above->link : &space->areas, &area->link);
    space->area_count++;
    space->mapped_bytes += area->end - area->start;
    return area;
}

/* The common case, without a new area, is that a neighbour grows. */
err_t space_insert_locked(struct space *space, const struct area *fresh)
{
    struct area *above = space_find_from_locked(space, fresh->start);
    struct list *below = above ? above->link.prev : space->areas.prev;
    struct area *lower = below == &space->areas ? NULL : area_of(below);

    if (lower && can_join(lower, fresh)) {
        lower->end = fresh->end;
        if (above && can_join(lower, above)) join_locked(space, lower, above);
    } else if (above && can_join(fresh, above)) {
        above->start = fresh->start;
        above->backing_page = fresh->backing_page;
    } else {
        return space_add_area_locked(space, fresh) ? OK : ERR_NO_MEMORY;
    }
    space->mapped_bytes += fresh->end - fresh->start;
    return OK;
}

err_t space_map(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags, struct backing *backing,
                uint64_t backing_page, uint64_t *out)
{
    uint64_t place = 0;
    mutex_lock(&space->lock);
    flags |= space->future_marks;
    err_t e =
        bytes && bytes <= USER_END ? choose_place_locked(space, at, bytes, flags, &place) : ERR_NO_MEMORY;
    struct area fresh = {
        .start = place,
        .end = place + bytes,
        .flags = flags & (SPACE_PROTECTION | SPACE_STACK | SPACE_HEAP | SPACE_SHARED | SPACE_GROWS_DOWN |
                          SPACE_LOCK_MARKS),
        .backing = backing,
        .backing_page = backing_page,
    };
    if (!failed(e)) e = space_insert_locked(space, &fresh);
    backing_put(backing);
    mutex_unlock(&space->lock);
    if (failed(e)) return e;
    /* As on Linux, pages that could not be had come (or fail) on touch. */
    if (flags & SPACE_POPULATE || (flags & SPACE_LOCK_MARKS) == SPACE_LOCKED)
        (void)failed(space_populate(space, place, bytes, POPULATE_WHOLE));
    *out = place;
    return OK;
}

err_t space_unmap(struct space *space, uint64_t at, uint64_t bytes)
{
    if (!bytes || !is_user_range(at, bytes)) return ERR_INVALID;
    mutex_lock(&space->lock);
    err_t e = space_unmap_locked(space, at, at + bytes);
    mutex_unlock(&space->lock);
    return e;
}

/* A private file page may only become writable by being copied, which its next write fault does. */
static err_t protect_area_locked(struct space *space, struct area *area, uint32_t protection)
    REQUIRES(space->lock)
{
    uint32_t old_flags = area->flags;
    area->flags = (area->flags & ~SPACE_PROTECTION) | protection;
    uint32_t flags = protection ? area_page_flags(area) : PAGE_HIDDEN;
    if (area->backing) flags &= ~PAGE_WRITE;
    err_t e = page_table_protect(&space->page_table, area->start, area->end - area->start, flags);
    if (failed(e)) area->flags = old_flags;
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

err_t space_protect(struct space *space, uint64_t at, uint64_t bytes, uint32_t protection)
{
    if (!bytes) return OK;
    uint64_t end = range_end(at, bytes);
    mutex_lock(&space->lock);
    err_t e = at < USER_END ? OK : ERR_NO_MEMORY;
    if (protection & SPACE_GROWS_DOWN) e = reach_down_locked(space, &at, end);
    uint64_t start = at;
    protection &= SPACE_PROTECTION;
    if (!failed(e)) e = space_isolate_locked(space, at, end);
    while (!failed(e) && at < end) {
        struct area *area = space_find_locked(space, at);
        if (!area) {
            e = ERR_NO_MEMORY;
            break;
        }
        /* Where a shared view could be written, the file would have to change with it. */
        bool is_refused = (area->flags & SPACE_SHARED) && (protection & SPACE_WRITE);
        e = is_refused ? ERR_ACCESS : protect_area_locked(space, area, protection);
        at = area->end;
    }
    space_join_locked(space, start, end);
    mutex_unlock(&space->lock);
    return e;
}
