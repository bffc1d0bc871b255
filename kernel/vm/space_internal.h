/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by space.c (areas), space_resize.c (brk, mremap), space_advice.c,
 * space_stack.c and fault.c (pages). */
#pragma once
#include "vm/layout.h"
#include "vm/space.h"

/* The end of a range whose calls get as far as they can: beyond user space is one page of hole. */
static inline uint64_t range_end(uint64_t at, uint64_t bytes)
{
    return is_user_range(at, bytes) ? at + bytes : USER_END + PAGE_BYTES;
}

/* Page-table flags that a page of this area gets when the area owns it. */
uint32_t area_page_flags(const struct area *area);

/* The first area that ends above `address`: it contains the address or is the next one up. */
struct area *space_find_from_locked(struct space *space, uint64_t address) REQUIRES(space->lock);
/* The area before this one in the list, or NULL. */
struct area *space_below_locked(struct space *space, struct area *area) REQUIRES(space->lock);
/* Lets the area above a free address grow down to it; NULL when it may not. */
struct area *space_grow_down_locked(struct space *space, uint64_t address) REQUIRES(space->lock);
/* Below this others may be mapped without an address of their own choice. */
uint64_t area_guarded_start(const struct area *area);
/* Removes the pages of [start, end) and frees those the space owns. */
err_t space_drop_pages_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* Cuts areas at both ends of the range, so that every area is inside it or outside. */
err_t space_isolate_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
err_t space_unmap_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
bool space_is_free_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* Free, and away from what grows toward it. */
bool space_is_clear_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* The highest gap of `bytes` below map_top. */
bool space_find_gap_locked(struct space *space, uint64_t bytes, uint64_t *out) REQUIRES(space->lock);

/* Adds a copy of `like`, whose range is free, with a reference of its own to the backing. NULL when
 * memory is short or there are too many areas. */
struct area *space_add_area_locked(struct space *space, const struct area *like) REQUIRES(space->lock);
/* The same where a neighbour may grow instead. ERR_NO_MEMORY. */
err_t space_insert_locked(struct space *space, const struct area *fresh) REQUIRES(space->lock);
/* Takes away an area that has no pages any more. */
void space_remove_area_locked(struct space *space, struct area *area) REQUIRES(space->lock);
/* Joins areas that differ in nothing, across every border in [start, end]. */
void space_join_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
