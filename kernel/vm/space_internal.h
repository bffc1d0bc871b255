/* SPDX-License-Identifier: Apache-2.0 */
/* Areas, shared by areas.c (their order) and those who change them: space.c, space_resize.c,
 * space_advice.c, space_clone.c. */
#pragma once
#include "vm/area.h"
#include "vm/layout.h"
#include "vm/space.h"

/* The end of a range whose calls get as far as they can: beyond user space is one page of hole. */
static inline uint64_t range_end(uint64_t at, uint64_t bytes)
{
    return is_user_range(at, bytes) ? at + bytes : USER_END + PAGE_BYTES;
}

/* The areas' tree of a new space. */
void areas_init(struct space *space);
/* Lets the area above a free address grow down to it; NULL when it may not. */
struct area *space_grow_down_locked(struct space *space, uint64_t address) REQUIRES(space->lock);
/* Cuts the area around `at` in two. ERR_INVALID: inside a huge page. ERR_NO_MEMORY. */
err_t space_split_locked(struct space *space, uint64_t at) REQUIRES(space->lock);
/* Cuts areas at both ends of the range, so that every area is inside it or outside. ERR_INVALID: inside a
 * huge page. ERR_NO_MEMORY. */
err_t space_isolate_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* ERR_INVALID when an end of the range lies inside a huge page. `first` is the lowest area in the range. */
err_t space_check_cuts_locked(struct space *space, const struct area *first, uint64_t start, uint64_t end)
    REQUIRES(space->lock);
/* Takes [start, end) off an area, at one of its ends or all of it; there are no pages any more. */
void space_cut_area_locked(struct space *space, struct area *area, uint64_t start, uint64_t end)
    REQUIRES(space->lock);
err_t space_unmap_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
bool space_is_free_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* Free, and away from what grows toward it. */
bool space_is_clear_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* The highest gap of `bytes` below map_top, aligned so that leaves of 2 MiB fit in; for `flags` with
 * SPACE_HUGE_1G so that leaves of 1 GiB do. */
bool space_find_gap_locked(struct space *space, uint64_t bytes, uint32_t flags, uint64_t *out)
    REQUIRES(space->lock);

/* False when a limit forbids that much more memory of an area with these flags. */
bool space_may_grow_locked(const struct space *space, uint64_t bytes, uint32_t flags) REQUIRES(space->lock);
/* False when the limit of RLIMIT_DATA forbids that the area becomes writable. */
bool space_may_be_data_locked(const struct space *space, const struct area *area) REQUIRES(space->lock);
/* Adds a copy of `like`, whose range is free, with a reference of its own to the backing. NULL when
 * memory is short or there are too many areas. */
struct area *space_add_area_locked(struct space *space, const struct area *like) REQUIRES(space->lock);
/* The same where a neighbour may grow instead. ERR_NO_MEMORY. */
err_t space_insert_locked(struct space *space, const struct area *fresh) REQUIRES(space->lock);
/* Takes away an area that has no pages any more. */
void space_remove_area_locked(struct space *space, struct area *area) REQUIRES(space->lock);
/* All of them at once. */
void space_remove_areas_locked(struct space *space) REQUIRES(space->lock);
void area_set_flags_locked(struct space *space, struct area *area, uint32_t flags) REQUIRES(space->lock);
/* Joins areas that differ in nothing, across every border in [start, end]. */
void space_join_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
