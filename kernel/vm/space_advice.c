/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about a range without mapping it anew: madvise(2), the mlock family, msync(2). */
#include "arch/trap.h"
#include "vm/space_internal.h"

/* Of huge pages only whole ones go. */
static err_t drop_in_area_locked(struct space *space, const struct area *area, uint64_t start, uint64_t end)
    REQUIRES(space->lock)
{
    if (!is_aligned(start, area_unit(area))) return ERR_INVALID;
    bool stays = (area->flags & SPACE_HUGE) && (area->flags & SPACE_SHARED); /* as in a file */
    if (stays) return OK;
    end = align_down(end, area_unit(area));
    return start < end ? space_drop_pages_locked(space, start, end) : OK;
}

err_t space_advise(struct space *space, uint64_t at, uint64_t bytes, area_check_fn *check, uint64_t context,
                   bool drops)
{
    err_t hole = at < USER_END ? OK : ERR_NO_MEMORY, e = OK;
    uint64_t end = range_end(at, bytes);
    mutex_lock(&space->lock);
    for (const struct area *area; !failed(e) && at < end; at = area->end) {
        area = space_find_from_locked(space, at);
        if (!area || area->start > at) hole = ERR_NO_MEMORY;
        if (!area || area->start >= end) break;
        e = check(area, context);
        if (!failed(e) && drops)
            e = drop_in_area_locked(space, area, MAX(at, area->start), MIN(end, area->end));
    }
    mutex_unlock(&space->lock);
    return failed(e) ? e : hole;
}

/* The access that leaves nothing to a later fault. */
static uint32_t whole_access(const struct area *area) { return area->flags & SPACE_WRITE ? PF_WRITE : 0; }

static uint64_t populate_quickly_locked(struct space *space, struct area *area, uint64_t at, uint64_t end)
    REQUIRES(space->lock)
{
    return area->kind->populate ? area->kind->populate(space, area, at, end) : at;
}

/* Goes on to the end of the area, or to where a file must get a page of its own first. */
static err_t populate_area_locked(struct space *space, struct area *area, uint64_t *at, uint64_t end,
                                  uint32_t access) REQUIRES(space->lock)
{
    for (end = MIN(end, area->end); *at < end;) {
        struct fault fault;
        uint64_t quick_end = populate_quickly_locked(space, area, *at, end);
        if (quick_end > *at) {
            *at = quick_end;
            continue;
        }
        fault_init(&fault, *at, access);
        err_t e = space_fault_locked(space, area, &fault);
        if (failed(e) || fault.wants_own) return e;
        uint64_t leaf_bytes = 1ull << fault.place.leaf_shift;
        *at = align_down(*at, leaf_bytes) + leaf_bytes;
    }
    return OK;
}

err_t space_populate(struct space *space, uint64_t at, uint64_t bytes, enum space_populate how)
{
    static const uint32_t needed[] = {
        [POPULATE_READ] = SPACE_READ, [POPULATE_WRITE] = SPACE_WRITE, [POPULATE_WHOLE] = SPACE_PROTECTION
    };
    for (uint64_t end = at + bytes; at < end;) {
        uint64_t start = at;
        uint32_t access = how == POPULATE_WRITE ? PF_WRITE : 0;
        err_t e = ERR_INVALID;
        mutex_lock(&space->lock);
        struct area *area = is_user_range(at, PAGE_BYTES) ? space_find_locked(space, at) : NULL;
        if (area && how == POPULATE_WHOLE) access = whole_access(area);
        bool is_huge = area && (area->flags & SPACE_HUGE) && how == POPULATE_WHOLE;
        if (area && (is_huge || (area->flags & needed[how])))
            e = populate_area_locked(space, area, &at, end, access);
        mutex_unlock(&space->lock);
        if (!area) return ERR_NO_MEMORY;
        if (!failed(e) && at == start) { /* by way of the file */
            e = space_fault(space, at, access);
            at += PAGE_BYTES;
        }
        if (failed(e)) return e.code == ERR_IO.code ? ERR_FAULT : e;
    }
    return OK;
}

/* Linux rounds the range out to pages, and a length that wraps around to nothing is nothing. */
static err_t round_out(uint64_t *at, uint64_t *bytes)
{
    *bytes = align_up(*bytes + *at % PAGE_BYTES, PAGE_BYTES);
    *at = align_down(*at, PAGE_BYTES);
    return *at + *bytes < *at ? ERR_INVALID : OK;
}

/* Huge pages are never locked, as on Linux: they do not leave memory anywhere. */
static bool takes_mark(const struct area *area, uint32_t marks)
{
    return !(marks & SPACE_LOCK_MARKS) || !(area->flags & SPACE_HUGE);
}

static err_t cut_for_mark_locked(struct space *space, uint64_t at, uint32_t marks) REQUIRES(space->lock)
{
    const struct area *area = space_find_locked(space, at);
    return area && takes_mark(area, marks) ? space_split_locked(space, at) : OK;
}

/* Up to the first hole. */
static err_t mark_locked(struct space *space, uint64_t at, uint64_t end, uint32_t clear, uint32_t set)
    REQUIRES(space->lock)
{
    uint64_t start = at;
    err_t e = space_find_locked(space, at) ? cut_for_mark_locked(space, at, clear) : ERR_NO_MEMORY;
    if (!failed(e)) e = cut_for_mark_locked(space, end, clear);
    while (!failed(e) && at < end) {
        struct area *area = space_find_locked(space, at);
        if (!area) {
            e = ERR_NO_MEMORY;
            break;
        }
        if (takes_mark(area, clear)) area->flags = (area->flags & ~clear) | set;
        at = area->end;
    }
    space_join_locked(space, start, end);
    return e;
}

err_t space_mark(struct space *space, uint64_t at, uint64_t bytes, area_check_fn *check, uint64_t context,
                 uint32_t clear, uint32_t set)
{
    err_t hole = at < USER_END ? OK : ERR_NO_MEMORY, e = OK;
    uint64_t end = range_end(at, bytes);
    mutex_lock(&space->lock);
    while (!failed(e) && at < end) {
        const struct area *area = space_find_from_locked(space, at);
        if (!area || area->start > at) hole = ERR_NO_MEMORY;
        if (!area || area->start >= end) break;
        uint64_t from = MAX(at, area->start);
        at = MIN(end, area->end);
        e = check(area, context);
        if (!failed(e)) e = mark_locked(space, from, at, clear, set);
        if (e.code == ERR_NO_MEMORY.code) e = ERR_TRY_AGAIN; /* Linux's answer, which no hole gives */
    }
    mutex_unlock(&space->lock);
    return failed(e) ? e : hole;
}

err_t space_lock(struct space *space, uint64_t at, uint64_t bytes, uint32_t marks)
{
    err_t e = round_out(&at, &bytes);
    if (failed(e) || !bytes) return e;
    mutex_lock(&space->lock);
    e = mark_locked(space, at, range_end(at, bytes), SPACE_LOCK_MARKS, marks);
    mutex_unlock(&space->lock);
    if (failed(e) || marks != SPACE_LOCKED) return e;
    return failed(space_populate(space, at, bytes, POPULATE_WHOLE)) ? ERR_NO_MEMORY : OK;
}

/* Brings in what can be had of all areas; what cannot is no error. */
static void populate_all(struct space *space)
{
    for (uint64_t at = USER_START; at < USER_END;) {
        mutex_lock(&space->lock);
        const struct area *area = space_find_from_locked(space, at);
        uint64_t start = area ? area->start : USER_END, end = area ? area->end : USER_END;
        mutex_unlock(&space->lock);
        (void)failed(space_populate(space, start, end - start, POPULATE_WHOLE));
        at = end;
    }
}

void space_lock_all(struct space *space, uint32_t present, uint32_t future, bool sets_present)
{
    mutex_lock(&space->lock);
    space->future_marks = future;
    if (sets_present) {
        for (struct area *area = space_find_from_locked(space, 0); area;
             area = space_find_from_locked(space, area->end))
            if (takes_mark(area, SPACE_LOCK_MARKS)) area->flags = (area->flags & ~SPACE_LOCK_MARKS) | present;
        space_join_locked(space, USER_START, USER_END);
    }
    mutex_unlock(&space->lock);
    if (sets_present && present == SPACE_LOCKED) populate_all(space);
}
