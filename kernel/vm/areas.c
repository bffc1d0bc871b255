/* SPDX-License-Identifier: Apache-2.0 */
/* The areas of a space in order of their addresses, and the gaps between them.
 *
 * Each node of the tree keeps the largest gap below itself and its descendants, so that the highest gap of a
 * given size is found on one way down. */
#include "config.h"
#include "mm/heap.h"
#include "vm/space_internal.h"

static struct area *area_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct area, node) : NULL;
}
static struct area *below(const struct area *area) { return area_of(tree_previous(&area->node)); }
struct area *space_next_locked(const struct area *area) { return area_of(tree_next(&area->node)); }
struct area *space_last_locked(struct space *space) { return area_of(tree_last(&space->areas)); }

/* ---- gaps ---- */

/* The address below which others may be mapped: above it a stack could not be told from its neighbour. */
static uint64_t guarded_start(const struct area *area)
{
    if (!(area->flags & SPACE_GROWS_DOWN)) return area->start;
    return area->start > STACK_GUARD_BYTES ? area->start - STACK_GUARD_BYTES : 0;
}

static uint64_t largest_gap_of(const struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct area, node)->largest_gap : 0;
}

static bool update_largest_gap(struct tree_node *node)
{
    struct area *area = TREE_ENTRY(node, struct area, node);
    uint64_t lower = largest_gap_of(node->child[0]), upper = largest_gap_of(node->child[1]);
    uint64_t largest = MIN(area->gap, AREA_GAP_MAX);
    largest = MAX(largest, lower);
    largest = MAX(largest, upper);
    bool is_new = largest != area->largest_gap;
    area->largest_gap = largest;
    return is_new;
}

void areas_init(struct space *space) { space->areas = (struct tree){ .update = update_largest_gap }; }

static uint64_t gap_below(const struct area *area, const struct area *lower)
{
    uint64_t floor = lower ? lower->end : USER_START, top = guarded_start(area);
    return top > floor ? top - floor : 0;
}

/* Room has come above the hint's place, or its area goes. */
static void forget_hint(struct space *space, const struct area *area)
{
    if (space->gap_hint && (!area || area->start >= space->gap_hint->start)) space->gap_hint = NULL;
}

static void set_gap(struct space *space, struct area *area, uint64_t gap)
{
    uint64_t old = area->gap;
    area->gap = gap;
    if (gap > old && area != space->gap_hint) forget_hint(space, area);
    if (MIN(gap, AREA_GAP_MAX) != MIN(old, AREA_GAP_MAX)) tree_updated(&space->areas, &area->node);
}

/* Its start or the end of the area below, which is `lower`, has moved. NULL: the gap above all areas. */
static void gap_changed_above(struct space *space, struct area *area, const struct area *lower)
{
    if (area)
        set_gap(space, area, gap_below(area, lower));
    else
        forget_hint(space, NULL);
}

static void gap_changed(struct space *space, struct area *area)
{
    gap_changed_above(space, area, area ? below(area) : NULL);
}

static bool fits(uint64_t floor, uint64_t top, uint64_t bytes, uint64_t align, uint64_t *out)
{
    if (top < floor || top - floor < bytes) return false;
    *out = align_down(top - bytes, align);
    return *out >= floor;
}

static bool fits_below(const struct space *space, const struct area *area, uint64_t bytes, uint64_t align,
                       uint64_t *out)
{
    uint64_t top = guarded_start(area);
    return fits(top - area->gap, MIN(top, space->map_top), bytes, align, out);
}

static bool may_hold(const struct tree_node *node, uint64_t bytes)
{
    return largest_gap_of(node) >= MIN(bytes, AREA_GAP_MAX);
}

/* From right to left through all subtrees that have a gap of the size; its place may still not be
 * aligned or lie above map_top. Begins at the hint if what is above that cannot do. */
bool space_find_gap_locked(struct space *space, uint64_t bytes, uint32_t flags, uint64_t *out)
{
    uint64_t align = flags & SPACE_HUGE_1G ? GIANT_BYTES : bytes >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES;
    struct tree_node *node = space->areas.root;
    bool comes_from_above = false; /* its right subtree has been seen to */
    if (space->gap_hint && bytes >= space->gap_hint_bytes) {
        node = &space->gap_hint->node;
        comes_from_above = true;
    } else {
        const struct area *last = area_of(tree_last(&space->areas));
        if (fits(last ? last->end : USER_START, space->map_top, bytes, align, out)) return true;
    }
    while (node) {
        if (!comes_from_above && may_hold(node->child[1], bytes)) {
            node = node->child[1];
            continue;
        }
        struct area *area = TREE_ENTRY(node, struct area, node);
        if (fits_below(space, area, bytes, align, out)) {
            space->last_hit = area; /* the place will be looked up at once */
            if (align == PAGE_BYTES && (!space->gap_hint || bytes <= space->gap_hint_bytes)) {
                space->gap_hint = area;
                space->gap_hint_bytes = bytes;
            }
            return true;
        }
        comes_from_above = false;
        if (may_hold(node->child[0], bytes)) {
            node = node->child[0];
            continue;
        }
        const struct tree_node *child = node;
        for (node = node->parent; node && node->child[0] == child; node = node->parent) child = node;
        comes_from_above = true;
    }
    return false;
}

/* ---- finding ---- */

struct area *space_find_from_locked(struct space *space, uint64_t address)
{
    struct area *hit = space->last_hit;
    /* The last area found, or the gap below it. */
    if (hit && address < hit->end && address + hit->gap >= hit->start) return hit;
    hit = NULL;
    for (struct tree_node *node = space->areas.root; node;) {
        struct area *area = TREE_ENTRY(node, struct area, node);
        if (area->end > address) hit = area;
        if (area->end > address && area->start <= address) break;
        node = node->child[area->end <= address];
    }
    if (hit) space->last_hit = hit;
    return hit;
}

struct area *space_find_locked(struct space *space, uint64_t address)
{
    struct area *area = space_find_from_locked(space, address);
    return area && area->start <= address ? area : NULL;
}

bool space_is_free_locked(struct space *space, uint64_t start, uint64_t end)
{
    const struct area *area = space_find_from_locked(space, start);
    return !area || area->start >= end;
}

bool space_is_clear_locked(struct space *space, uint64_t start, uint64_t end)
{
    const struct area *area = space_find_from_locked(space, start);
    return !area || guarded_start(area) >= end;
}

/* ---- sizes ---- */

static bool is_data(uint32_t flags)
{
    return (flags & (SPACE_WRITE | SPACE_SHARED | SPACE_GROWS_DOWN)) == SPACE_WRITE;
}

static void count_bytes(struct space *space, uint32_t flags, uint64_t bytes)
{
    space->mapped_bytes += bytes;
    if (is_data(flags)) space->data_bytes += bytes;
}

static void uncount_bytes(struct space *space, uint32_t flags, uint64_t bytes)
{
    space->mapped_peak_bytes = MAX(space->mapped_peak_bytes, space->mapped_bytes);
    space->mapped_bytes -= bytes;
    if (is_data(flags)) space->data_bytes -= bytes;
}

static bool is_within(uint64_t used, uint64_t more, uint64_t limit)
{
    return more <= limit && used <= limit - more;
}

bool space_may_grow_locked(const struct space *space, uint64_t bytes, uint32_t flags)
{
    if (!is_within(space->mapped_bytes, bytes, space->limits.mapped_bytes)) return false;
    if (!is_data(flags)) return true;
    if (bytes > space->limits.request_bytes && !(flags & SPACE_NO_RESERVE)) return false;
    return is_within(space->data_bytes, bytes, space->limits.data_bytes);
}

bool space_may_be_data_locked(const struct space *space, const struct area *area)
{
    uint64_t bytes = area->end - area->start;
    if (!is_data(area->flags | SPACE_WRITE)) return true;
    if (bytes > space->limits.request_bytes && !(area->flags & SPACE_NO_RESERVE)) return false;
    return is_within(space->data_bytes, bytes, space->limits.data_bytes);
}

static void set_flags(struct area *area, uint32_t flags)
{
    area->flags = flags;
    area->page_flags = PAGE_USER;
    if (flags & SPACE_WRITE) area->page_flags |= PAGE_WRITE;
    if (flags & SPACE_EXEC) area->page_flags |= PAGE_EXEC;
}

void area_set_flags_locked(struct space *space, struct area *area, uint32_t flags)
{
    uint64_t bytes = area->end - area->start;
    uncount_bytes(space, area->flags, bytes);
    count_bytes(space, flags, bytes);
    set_flags(area, flags);
}

/* ---- coming and going ---- */

static struct area *add_after(struct space *space, struct area *lower, const struct area *like)
{
    struct area *area = space->area_count < CONFIG_AREAS_MAX ? heap_alloc(sizeof(*area)) : NULL;
    if (!area) return NULL;
    area->start = like->start;
    area->end = like->end;
    area->kind = like->kind;
    set_flags(area, like->flags);
    area->backing = like->backing;
    area->backing_page = like->backing_page;
    area->space = space;
    area->gap = gap_below(area, lower);
    area->largest_gap = 0;
    area_attach(area);
    tree_insert_after(&space->areas, lower ? &lower->node : NULL, &area->node);
    space->area_count++;
    return area;
}

struct area *space_add_area_locked(struct space *space, const struct area *like)
{
    struct area *above = space_find_from_locked(space, like->start);
    struct area *lower = above ? below(above) : area_of(tree_last(&space->areas));
    struct area *area = add_after(space, lower, like);
    if (!area) return NULL;
    gap_changed(space, above);
    count_bytes(space, area->flags, area->end - area->start);
    return area;
}

static void free_area(struct tree_node *node)
{
    struct area *area = TREE_ENTRY(node, struct area, node);
    area_detach(area);
    heap_free(area);
}

/* Without the bytes, which another area may have taken over. */
static void forget_area_locked(struct space *space, struct area *area) REQUIRES(space->lock)
{
    struct area *above = space_next_locked(area);
    tree_remove(&space->areas, &area->node);
    gap_changed(space, above);
    space->area_count--;
    if (space->last_hit == area) space->last_hit = NULL;
    if (space->gap_hint == area) space->gap_hint = NULL;
    free_area(&area->node);
}

void space_remove_area_locked(struct space *space, struct area *area)
{
    uncount_bytes(space, area->flags, area->end - area->start);
    forget_area_locked(space, area);
}

void space_remove_areas_locked(struct space *space)
{
    space->mapped_peak_bytes = MAX(space->mapped_peak_bytes, space->mapped_bytes);
    space->mapped_bytes = space->data_bytes = 0;
    space->area_count = 0;
    space->last_hit = space->gap_hint = NULL;
    tree_clear(&space->areas, free_area);
}

err_t space_split_locked(struct space *space, uint64_t at)
{
    struct area *area = space_find_locked(space, at);
    if (!area || area->start == at) return OK;
    if (!is_aligned(at, area_unit(area))) return ERR_INVALID;
    struct area upper = *area;
    upper.start = at;
    upper.backing_page = area_page_of(area, at);
    uint64_t end = area->end;
    area->end = at; /* or the new one would seem to have no room */
    if (add_after(space, area, &upper)) return OK;
    area->end = end;
    return ERR_NO_MEMORY;
}

err_t space_isolate_locked(struct space *space, uint64_t start, uint64_t end)
{
    err_t e = space_split_locked(space, start);
    return failed(e) ? e : space_split_locked(space, end);
}

static bool cuts_huge_page(const struct area *area, uint64_t at)
{
    return area && (area->flags & SPACE_HUGE) && area->start < at && !is_aligned(at, area_unit(area));
}

err_t space_check_cuts_locked(struct space *space, const struct area *first, uint64_t start, uint64_t end)
{
    const struct area *last = first->end >= end ? first : space_find_from_locked(space, end);
    return cuts_huge_page(first, start) || cuts_huge_page(last, end) ? ERR_INVALID : OK;
}

void space_cut_area_locked(struct space *space, struct area *area, uint64_t start, uint64_t end)
{
    if (start <= area->start && end >= area->end) {
        space_remove_area_locked(space, area);
    } else if (start > area->start) {
        uncount_bytes(space, area->flags, area->end - start);
        area->end = start;
        gap_changed(space, space_next_locked(area));
    } else {
        uncount_bytes(space, area->flags, end - area->start);
        area->backing_page = area_page_of(area, end);
        bool is_guarded = area->flags & SPACE_GROWS_DOWN;
        uint64_t more = end - area->start;
        area->start = end;
        set_gap(space, area, is_guarded ? gap_below(area, below(area)) : area->gap + more);
    }
}

/* ---- neighbours ---- */

/* Neighbours that differ in nothing. Programs map, grow and protect memory in steps; without joining,
 * each step would leave an area behind. */
static bool can_join(const struct area *lower, const struct area *upper)
{
    return lower->end == upper->start && lower->flags == upper->flags && lower->backing == upper->backing &&
           lower->kind == upper->kind &&
           (!lower->backing || area_page_of(lower, lower->end) == upper->backing_page);
}

void space_join_locked(struct space *space, uint64_t start, uint64_t end)
{
    struct area *area = space_find_from_locked(space, start ? start - 1 : 0), *next;
    while (area && area->end <= end && (next = space_next_locked(area))) {
        if (can_join(area, next)) {
            area->end = next->end;
            forget_area_locked(space, next);
        } else {
            area = next;
        }
    }
}

err_t space_insert_locked(struct space *space, const struct area *fresh)
{
    struct area *above = space_find_from_locked(space, fresh->start);
    uint64_t bytes = fresh->end - fresh->start;
    if (above && can_join(fresh, above) && above->gap > bytes) { /* and nothing touches it from below */
        above->start = fresh->start;
        above->backing_page = fresh->backing_page;
        set_gap(space, above, above->gap - bytes);
        count_bytes(space, fresh->flags, bytes);
        return OK;
    }
    struct area *lower = above ? below(above) : area_of(tree_last(&space->areas));
    if (lower && can_join(lower, fresh)) {
        lower->end = fresh->end;
        space->last_hit = lower;
        if (above && can_join(lower, above)) {
            lower->end = above->end;
            forget_area_locked(space, above);
        } else {
            gap_changed_above(space, above, lower);
        }
    } else if (above && can_join(fresh, above)) {
        above->start = fresh->start;
        above->backing_page = fresh->backing_page;
        gap_changed_above(space, above, lower);
    } else {
        struct area *area = add_after(space, lower, fresh);
        if (!area) return ERR_NO_MEMORY;
        gap_changed_above(space, above, area);
    }
    count_bytes(space, fresh->flags, bytes);
    return OK;
}

/* ---- growing downward ---- */

/* An area without access is a guard by itself, and so is another that grows. */
static bool is_too_close(const struct area *lower, uint64_t start)
{
    bool counts = (lower->flags & SPACE_PROTECTION) && !(lower->flags & SPACE_GROWS_DOWN);
    return counts && start - lower->end < STACK_GUARD_BYTES;
}

struct area *space_grow_down_locked(struct space *space, uint64_t address)
{
    struct area *area = space_find_from_locked(space, address);
    uint64_t start = align_down(address, PAGE_BYTES);
    if (!area || !(area->flags & SPACE_GROWS_DOWN) || start < USER_START) return NULL;
    if (area->end - start > space->limits.stack_bytes) return NULL;
    if (!space_may_grow_locked(space, area->start - start, area->flags)) return NULL;
    const struct area *lower = below(area);
    if (lower && is_too_close(lower, start)) return NULL;
    count_bytes(space, area->flags, area->start - start);
    area->start = start;
    gap_changed(space, area);
    return area;
}
