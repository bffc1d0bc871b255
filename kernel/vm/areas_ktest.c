/* SPDX-License-Identifier: Apache-2.0 */
/* The order of areas, and the gaps between them, under random changes. */
#include "vm/space_ktest.h"

static uint64_t random_state;
static uint64_t next_random(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static uint64_t guard_of(const struct area *area)
{
    return area->flags & SPACE_GROWS_DOWN ? STACK_GUARD_BYTES : 0;
}

/* Where Linux's rule puts an area: the highest gap, looked for one by one. */
static uint64_t highest_gap(uint64_t bytes) REQUIRES(space->lock)
{
    uint64_t best = 0, floor = USER_START;
    struct area *area = space_find_from_locked(space, 0);
    for (; area; area = space_next_locked(area)) {
        uint64_t top = MIN(area->start - guard_of(area), space->map_top);
        if (top >= floor && top - floor >= bytes) best = top - bytes;
        floor = area->end;
    }
    if (space->map_top >= floor && space->map_top - floor >= bytes) best = space->map_top - bytes;
    return best;
}

static bool is_order_right(void) REQUIRES(space->lock)
{
    bool is_right = true;
    uint64_t floor = USER_START, count = 0;
    struct area *area = space_find_from_locked(space, 0);
    for (; area; area = space_next_locked(area), count++) {
        uint64_t top = area->start - guard_of(area);
        is_right &= area->start >= floor && area->end > area->start;
        is_right &= area->gap == (top > floor ? top - floor : 0);
        floor = area->end;
    }
    return is_right && count == space->area_count;
}

TEST(areas_keep_their_order_and_their_gaps_under_random_changes)
{
    open_space();
    random_state = 0x243f6a8885a308d3;
    space->map_top = 0x40000000 + 200 * PAGE_BYTES;
    uint32_t wrong_order = 0, wrong_place = 0;
    for (int i = 0; i < 3000; i++) {
        uint64_t bytes = (1 + next_random(4)) * PAGE_BYTES, place;
        uint64_t at = 0x40000000 + next_random(260) * PAGE_BYTES;
        uint32_t protection = next_random(2) ? RW : SPACE_READ;
        mutex_lock(&space->lock);
        uint64_t expected = highest_gap(bytes);
        mutex_unlock(&space->lock);
        switch (next_random(6)) {
        case 0: (void)failed(space_map(space, at, bytes, protection | SPACE_FIXED, NULL, 0, &place)); break;
        case 1: (void)failed(space_protect(space, at, bytes, protection)); break;
        case 2:
        case 3: (void)failed(space_unmap(space, at, bytes)); break;
        default:
            EXPECT_OK(space_map(space, 0, bytes, protection, NULL, 0, &place));
            wrong_place += place != expected;
        }
        if (i % 500 == 499) map(at, PAGE_BYTES, RW | SPACE_STACK | SPACE_GROWS_DOWN | SPACE_FIXED);
        mutex_lock(&space->lock);
        wrong_order += !is_order_right();
        mutex_unlock(&space->lock);
    }
    EXPECT_EQ(wrong_order, 0);
    EXPECT_EQ(wrong_place, 0);
    close_space();
}
