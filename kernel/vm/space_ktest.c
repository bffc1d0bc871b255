/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces on the real page tables, through the same copies that system calls use. */
#include "vm/space_ktest.h"

static err_t remap(uint64_t at, uint64_t old_bytes, uint64_t new_bytes, bool may_move, uint64_t *place)
{
    struct remap_request request = {
        .at = at, .old_bytes = old_bytes, .new_bytes = new_bytes, .may_move = may_move
    };
    return space_remap(space, &request, place);
}

static err_t agree(const struct area *area, uint64_t context)
{
    (void)area, (void)context;
    return OK;
}

TEST(anonymous_memory_reads_as_zero_and_keeps_what_is_written)
{
    open_space();
    uint64_t at = map(0, 4 * PAGE_BYTES, RW);
    EXPECT_EQ(peek(at), 0);
    poke(at + PAGE_BYTES - 4, 0x1122334455667788); /* across two pages */
    EXPECT_EQ(peek(at + PAGE_BYTES - 4), 0x1122334455667788);
    EXPECT_EQ(space->resident_pages, 2);
    close_space();
}

TEST(a_large_area_gets_a_2_mib_leaf_on_first_touch)
{
    open_space();
    uint64_t at = map(0, 2 * HUGE_BYTES, RW);
    EXPECT(is_aligned(at, HUGE_BYTES));
    poke(at + 12345 * 8, 7);
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    EXPECT_EQ(space->resident_pages, 512);
    close_space();
}

TEST(unmapping_the_middle_of_a_2_mib_leaf_keeps_both_sides)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW);
    poke(at, 1);
    poke(at + HUGE_BYTES - 8, 2);
    EXPECT_OK(space_unmap(space, at + 64 * PAGE_BYTES, 64 * PAGE_BYTES));
    EXPECT_EQ(peek(at), 1);
    EXPECT_EQ(peek(at + HUGE_BYTES - 8), 2);
    EXPECT(!can_read(at + 64 * PAGE_BYTES));
    EXPECT(can_read(at + 128 * PAGE_BYTES));
    EXPECT_EQ(space->area_count, 2);
    close_space();
}

TEST(protection_is_enforced_for_the_kernel_s_copies_too)
{
    open_space();
    uint64_t at = map(0, 3 * PAGE_BYTES, RW);
    poke(at, 5);
    poke(at + PAGE_BYTES, 6);
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, SPACE_READ));
    EXPECT(can_read(at));
    EXPECT(!can_write(at));
    EXPECT_OK(space_protect(space, at + PAGE_BYTES, PAGE_BYTES, 0));
    EXPECT(!can_read(at + PAGE_BYTES));
    EXPECT_OK(space_protect(space, at, 2 * PAGE_BYTES, RW));
    EXPECT_EQ(peek(at), 5);
    EXPECT_EQ(peek(at + PAGE_BYTES), 6);
    EXPECT(can_write(at));
    close_space();
}

TEST(protecting_across_a_hole_changes_what_lies_before_it_and_fails)
{
    open_space();
    uint64_t at = map(0x20000000, 3 * PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_OK(space_unmap(space, at + PAGE_BYTES, PAGE_BYTES));
    EXPECT_ERR(space_protect(space, at, 3 * PAGE_BYTES, SPACE_READ), ERR_NO_MEMORY);
    EXPECT(!can_write(at));
    EXPECT(can_write(at + 2 * PAGE_BYTES));
    close_space();
}

TEST(fixed_mappings_replace_and_no_replace_refuses)
{
    open_space();
    uint64_t at = map(0x20000000, 2 * PAGE_BYTES, RW | SPACE_FIXED), place;
    poke(at, 9);
    EXPECT_ERR(space_map(space, at, PAGE_BYTES, RW | SPACE_FIXED | SPACE_NO_REPLACE, NULL, 0, &place),
               ERR_EXISTS);
    EXPECT_EQ(peek(at), 9);
    map(at, PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_EQ(peek(at), 0);
    EXPECT_ERR(space_map(space, USER_END, PAGE_BYTES, RW | SPACE_FIXED, NULL, 0, &place), ERR_NO_MEMORY);
    EXPECT_ERR(space_map(space, 0, PAGE_BYTES, RW | SPACE_FIXED, NULL, 0, &place), ERR_NOT_PERMITTED);
    close_space();
}

TEST(a_moved_area_keeps_its_contents_and_leaves_nothing_behind)
{
    open_space();
    uint64_t at = map(0x20000000, 2 * PAGE_BYTES, RW | SPACE_FIXED), place;
    map(0x20000000 + 2 * PAGE_BYTES, PAGE_BYTES, SPACE_READ | SPACE_FIXED); /* in the way */
    poke(at, 11);
    poke(at + PAGE_BYTES, 12);
    EXPECT_ERR(remap(at, 2 * PAGE_BYTES, 8 * PAGE_BYTES, false, &place), ERR_NO_MEMORY);
    EXPECT_OK(remap(at, 2 * PAGE_BYTES, 8 * PAGE_BYTES, true, &place));
    EXPECT(place != at);
    EXPECT_EQ(peek(place), 11);
    EXPECT_EQ(peek(place + PAGE_BYTES), 12);
    EXPECT_EQ(peek(place + 7 * PAGE_BYTES), 0);
    EXPECT(!can_read(at));
    close_space();
}

TEST(a_moved_2_mib_leaf_keeps_its_contents)
{
    open_space();
    uint64_t at = map(0x40000000, HUGE_BYTES, RW | SPACE_FIXED), place;
    map(at + HUGE_BYTES, PAGE_BYTES, SPACE_READ | SPACE_FIXED);
    poke(at + 4096, 21);
    EXPECT_OK(remap(at, HUGE_BYTES, 2 * HUGE_BYTES, true, &place));
    EXPECT_EQ(peek(place + 4096), 21);
    close_space();
}

TEST(discarded_memory_reads_as_zero_again)
{
    open_space();
    uint64_t at = map(0, 2 * HUGE_BYTES, RW);
    poke(at, 1);
    poke(at + HUGE_BYTES, 2);
    EXPECT_OK(space_advise(space, at + PAGE_BYTES, HUGE_BYTES, agree, 0, true));
    EXPECT_EQ(peek(at), 1);
    EXPECT_EQ(peek(at + HUGE_BYTES), 0);
    close_space();
}

TEST(the_heap_grows_shrinks_and_stops_at_its_neighbour)
{
    open_space();
    uint64_t start = space->brk_start;
    EXPECT_EQ(space_set_brk(space, start + 10000), start + 10000);
    poke(start + 9000, 3);
    EXPECT_EQ(space_set_brk(space, start + 100), start + 100);
    EXPECT(!can_read(start + 9000));
    EXPECT_EQ(space_set_brk(space, start + 10000), start + 10000);
    EXPECT_EQ(peek(start + 9000), 0);
    map(start + 16 * PAGE_BYTES, PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_EQ(space_set_brk(space, start + 32 * PAGE_BYTES), start + 10000);
    EXPECT_EQ(space_set_brk(space, start - 1), start + 10000);
    close_space();
}

TEST(memory_mapped_or_protected_in_steps_is_one_area)
{
    open_space();
    uint64_t top = map(0, PAGE_BYTES, RW), at = top;
    for (int i = 0; i < 100; i++) at = map(0, PAGE_BYTES, RW); /* each below the one before */
    EXPECT_EQ(at, top - 100 * PAGE_BYTES);
    EXPECT_EQ(space->area_count, 1);
    EXPECT_OK(space_protect(space, at, 101 * PAGE_BYTES, 0));
    for (int i = 0; i < 100; i++)
        EXPECT_OK(space_protect(space, at + (uint64_t)i * PAGE_BYTES, PAGE_BYTES, RW));
    EXPECT_EQ(space->area_count, 2);
    EXPECT_OK(space_unmap(space, at + PAGE_BYTES, PAGE_BYTES));
    EXPECT_EQ(space->area_count, 3);
    map(at + PAGE_BYTES, PAGE_BYTES, RW | SPACE_FIXED); /* joins on both sides */
    EXPECT_EQ(space->area_count, 2);
    EXPECT_EQ(space->mapped_bytes, 101 * PAGE_BYTES);
    poke(at + PAGE_BYTES - 4, 0x1122334455667788);
    EXPECT(!can_read(top));
    EXPECT_OK(space_protect(space, top, PAGE_BYTES, RW));
    EXPECT_EQ(space->area_count, 1);
    EXPECT_EQ(space->mapped_bytes, 101 * PAGE_BYTES);
    close_space();
}

TEST(a_part_of_an_area_moves_out_of_it_and_what_stays_is_as_it_was)
{
    open_space();
    uint64_t at = map(0x20000000, 6 * PAGE_BYTES, RW | SPACE_FIXED), place;
    for (uint64_t i = 0; i < 6; i++) poke(at + i * PAGE_BYTES, i + 1);
    EXPECT_OK(remap(at + 2 * PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES, true, &place));
    EXPECT_EQ(peek(at + PAGE_BYTES), 2);
    EXPECT(!can_read(at + 2 * PAGE_BYTES));
    EXPECT(!can_read(at + 3 * PAGE_BYTES));
    EXPECT_EQ(peek(at + 4 * PAGE_BYTES), 5);
    EXPECT_EQ(peek(place), 3);
    EXPECT_EQ(peek(place + PAGE_BYTES), 4);
    EXPECT_EQ(peek(place + 2 * PAGE_BYTES), 0);
    EXPECT_EQ(space->mapped_bytes, 7 * PAGE_BYTES);
    EXPECT_EQ(space->resident_pages, 7);
    close_space();
}

TEST(a_range_that_shrinks_may_span_areas_and_one_that_grows_may_not)
{
    open_space();
    uint64_t at = map(0x20000000, 4 * PAGE_BYTES, RW | SPACE_FIXED), place;
    EXPECT_OK(space_protect(space, at + 2 * PAGE_BYTES, PAGE_BYTES, SPACE_READ));
    EXPECT_ERR(space_protect(space, at + 3 * PAGE_BYTES, 1ull << 62, SPACE_READ), ERR_NO_MEMORY);
    EXPECT(!can_write(at + 3 * PAGE_BYTES)); /* as far as it goes */
    EXPECT_ERR(space_protect(space, USER_END, PAGE_BYTES, RW), ERR_NO_MEMORY);
    EXPECT_ERR(space_protect(space, USER_END + PAGE_BYTES, PAGE_BYTES, RW), ERR_NO_MEMORY);
    EXPECT_ERR(remap(at, 4 * PAGE_BYTES, 5 * PAGE_BYTES, true, &place), ERR_FAULT);
    EXPECT_OK(remap(at, 4 * PAGE_BYTES, PAGE_BYTES, false, &place));
    EXPECT_EQ(place, at);
    EXPECT(!can_read(at + PAGE_BYTES));
    EXPECT_EQ(space->mapped_bytes, PAGE_BYTES);
    EXPECT_ERR(remap(at + PAGE_BYTES, PAGE_BYTES, 2 * PAGE_BYTES, true, &place), ERR_FAULT);
    EXPECT_ERR(remap(at, PAGE_BYTES, 1ull << 60, true, &place), ERR_NO_MEMORY);
    close_space();
}

TEST(a_range_moved_to_a_place_replaces_what_is_there)
{
    open_space();
    uint64_t at = map(0x40000000, 2 * HUGE_BYTES, RW | SPACE_FIXED), place;
    poke(at + HUGE_BYTES - PAGE_BYTES, 7);
    poke(at + HUGE_BYTES, 8);
    struct remap_request part = { .at = at + HUGE_BYTES - PAGE_BYTES,
                                  .old_bytes = 2 * PAGE_BYTES,
                                  .new_bytes = 3 * PAGE_BYTES,
                                  .to = at + PAGE_BYTES,
                                  .may_move = true,
                                  .is_fixed = true };
    EXPECT_OK(space_remap(space, &part, &place));
    EXPECT_EQ(place, at + PAGE_BYTES);
    EXPECT_EQ(peek(place), 7);
    EXPECT_EQ(peek(place + PAGE_BYTES), 8);
    EXPECT_EQ(peek(place + 2 * PAGE_BYTES), 0);
    EXPECT(!can_read(part.at) && !can_read(part.at + PAGE_BYTES));
    EXPECT_EQ(space->mapped_bytes, 2 * HUGE_BYTES - 2 * PAGE_BYTES);

    part.at = at, part.to = at + PAGE_BYTES;
    EXPECT_ERR(space_remap(space, &part, &place), ERR_INVALID); /* onto itself */
    part.to = USER_END - PAGE_BYTES;
    EXPECT_ERR(space_remap(space, &part, &place), ERR_INVALID);
    EXPECT_EQ(peek(at + PAGE_BYTES), 7);
    close_space();
}

TEST(pages_that_move_away_may_leave_an_empty_range_behind)
{
    open_space();
    uint64_t at = map(0x40000000, HUGE_BYTES, RW | SPACE_FIXED), place;
    poke(at, 7);
    EXPECT_OK(space_lock(space, at, HUGE_BYTES, SPACE_LOCKED));
    struct remap_request all = {
        .at = at, .old_bytes = HUGE_BYTES, .new_bytes = HUGE_BYTES, .may_move = true, .keeps_old = true
    };
    EXPECT_OK(space_remap(space, &all, &place));
    EXPECT_EQ(peek(place), 7);
    EXPECT_EQ(space->resident_pages, 512);
    EXPECT_EQ(peek(at), 0);
    EXPECT_EQ(space->mapped_bytes, 2 * HUGE_BYTES);
    mutex_lock(&space->lock);
    EXPECT(space_find_locked(space, place)->flags & SPACE_LOCKED);
    EXPECT(!(space_find_locked(space, at)->flags & SPACE_LOCKED));
    mutex_unlock(&space->lock);
    close_space();
}

TEST(a_lock_goes_up_to_a_hole_and_brings_pages_in)
{
    open_space();
    uint64_t at = map(0x40000000, 4 * PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_OK(space_lock(space, at + 1, PAGE_BYTES, SPACE_LOCKED)); /* reaches into the second page */
    EXPECT_EQ(space->resident_pages, 2);
    EXPECT_EQ(space->area_count, 2);
    EXPECT_OK(space_lock(space, at, 2 * PAGE_BYTES, 0));
    EXPECT_EQ(space->area_count, 1);
    EXPECT_ERR(space_lock(space, at + 2 * PAGE_BYTES, 3 * PAGE_BYTES, SPACE_LOCKED), ERR_NO_MEMORY);
    EXPECT_EQ(space->area_count, 2);
    EXPECT_EQ(space->resident_pages, 2);
    EXPECT_ERR(space_lock(space, at, ~0ull - PAGE_BYTES, SPACE_LOCKED), ERR_INVALID);
    EXPECT_ERR(space_lock(space, at + 4 * PAGE_BYTES, 1, SPACE_LOCKED), ERR_NO_MEMORY);
    close_space();
}

TEST(an_area_that_grows_down_keeps_its_limit_and_its_distance)
{
    open_space();
    space->limits.stack_bytes = 400 * PAGE_BYTES;
    uint64_t at = map(0x40000000, PAGE_BYTES, RW | SPACE_STACK | SPACE_GROWS_DOWN | SPACE_FIXED);
    EXPECT(can_write(at - 399 * PAGE_BYTES));
    EXPECT_EQ(space->mapped_bytes, 400 * PAGE_BYTES);
    EXPECT_EQ(space->area_count, 1);
    EXPECT(!can_write(at - 400 * PAGE_BYTES));

    uint64_t upper = map(0x50000000, PAGE_BYTES, RW | SPACE_STACK | SPACE_GROWS_DOWN | SPACE_FIXED);
    map(upper - 300 * PAGE_BYTES, PAGE_BYTES, SPACE_READ | SPACE_FIXED);
    EXPECT(can_write(upper - 43 * PAGE_BYTES)); /* 256 pages above the end of the one below */
    EXPECT(!can_write(upper - 44 * PAGE_BYTES));
    EXPECT_OK(space_protect(space, upper - 300 * PAGE_BYTES, PAGE_BYTES, 0)); /* a guard by itself */
    EXPECT(can_write(upper - 299 * PAGE_BYTES));

    /* What is placed by the kernel stays clear of where the area may grow. */
    EXPECT_OK(space_unmap(space, upper - 300 * PAGE_BYTES, PAGE_BYTES));
    space->map_top = upper + PAGE_BYTES;
    EXPECT_EQ(map(0, PAGE_BYTES, RW), upper - (299 + 256 + 1) * PAGE_BYTES);
    close_space();
}

TEST(a_refused_protection_leaves_no_cut_behind)
{
    open_space();
    uint64_t at = map(USER_START, 64 * PAGE_BYTES, RW | SPACE_FIXED);
    for (uint64_t i = 1; i < 64; i++)
        EXPECT_ERR(space_protect(space, 0, at + i * PAGE_BYTES, SPACE_READ), ERR_NO_MEMORY);
    EXPECT_EQ(space->area_count, 1);
    close_space();
}

TEST(what_a_fixed_mapping_replaces_does_not_count_against_the_limit)
{
    open_space();
    space->limits.mapped_bytes = HUGE_BYTES;
    uint64_t at = map(0x40000000, HUGE_BYTES, RW | SPACE_FIXED), place;
    map(at, HUGE_BYTES, RW | SPACE_FIXED);
    map(at + PAGE_BYTES, PAGE_BYTES, SPACE_READ | SPACE_FIXED);
    EXPECT_ERR(space_map(space, at + PAGE_BYTES, HUGE_BYTES, RW | SPACE_FIXED, NULL, 0, &place),
               ERR_NO_MEMORY);
    EXPECT_ERR(space_map(space, 0, PAGE_BYTES, RW, NULL, 0, &place), ERR_NO_MEMORY);
    EXPECT_EQ(space->mapped_bytes, HUGE_BYTES);
    close_space();
}

static err_t protect_inside_leaf(uint64_t at)
{
    return space_protect(space, at + PAGE_BYTES, PAGE_BYTES, SPACE_READ);
}
static err_t unmap_inside_leaf(uint64_t at) { return space_unmap(space, at + PAGE_BYTES, PAGE_BYTES); }
static err_t move_part_of_leaf(uint64_t at)
{
    uint64_t place;
    return remap(at + PAGE_BYTES, 64 * PAGE_BYTES, 128 * PAGE_BYTES, true, &place);
}
static err_t discard_part_of_leaf(uint64_t at)
{
    err_t e = space_advise(space, at + PAGE_BYTES, PAGE_BYTES, agree, 0, true);
    return failed(e) ? e : space_protect(space, at + PAGE_BYTES, PAGE_BYTES, SPACE_READ);
}

TEST(a_change_that_runs_out_of_memory_leaves_the_space_as_it_was)
{
    err_t (*const changes[])(uint64_t) = { protect_inside_leaf, unmap_inside_leaf, move_part_of_leaf,
                                           discard_part_of_leaf };
    for (size_t c = 0; c < ARRAY_LENGTH(changes); c++) {
        open_space();
        uint64_t at = map(0x40000000, 2 * HUGE_BYTES, RW | SPACE_FIXED), failures = 0;
        poke(at + 2 * PAGE_BYTES, 7); /* a 2 MiB leaf: its middle cannot change without a table */
        for (err_t e = ERR_NO_MEMORY; failed(e);) {
            alloc_fail_countdown = failures + 1;
            e = changes[c](at);
            alloc_fail_countdown = 0;
            if (!failed(e)) break;
            failures++;
            EXPECT_ERR(e, ERR_NO_MEMORY);
            EXPECT_EQ(peek(at + 2 * PAGE_BYTES), 7);
            EXPECT(can_write(at + PAGE_BYTES));
            EXPECT_EQ(space->mapped_bytes, 2 * HUGE_BYTES);
            EXPECT_EQ(space->resident_pages, 512);
        }
        EXPECT(failures > 0);
        EXPECT(!can_write(at + PAGE_BYTES));
        close_space();
    }
}

TEST(addresses_outside_user_space_are_refused_before_they_are_touched)
{
    open_space();
    char byte;
    const uint64_t wild[] = { 0,
                              8,
                              USER_START - 1,
                              USER_END,
                              USER_END - 1,
                              1ull << 47,
                              1ull << 63,
                              ~0ull,
                              DIRECT_MAP_BASE,
                              KERNEL_BASE + KERNEL_PHYSICAL,
                              0xdeadbeefdeadbeef };
    size_t length;
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++) {
        EXPECT_ERR(user_copy_in(&byte, UADDR(wild[i]), 1), ERR_FAULT);
        EXPECT_ERR(user_copy_out(UADDR(wild[i]), &byte, 1), ERR_FAULT);
        EXPECT_ERR(user_zero(UADDR(wild[i]), 1), ERR_FAULT);
        EXPECT_ERR(user_copy_string(&byte, UADDR(wild[i]), 1, &length), ERR_FAULT);
    }
    EXPECT_ERR(user_copy_in(&byte, UADDR(0x20000000), SIZE_MAX), ERR_FAULT);
    close_space();
}

TEST(a_string_must_end_within_its_bound_and_within_its_page)
{
    open_space();
    uint64_t at = map(0x20000000, PAGE_BYTES, RW | SPACE_FIXED);
    char text[8];
    size_t length = 0;
    EXPECT_OK(user_copy_out(UADDR(at), "hello", 6));
    EXPECT_OK(user_copy_string(text, UADDR(at), sizeof(text), &length));
    EXPECT_STR(text, "hello");
    EXPECT_EQ(length, 5);
    EXPECT_ERR(user_copy_string(text, UADDR(at), 5, &length), ERR_NAME_TOO_LONG);
    EXPECT_OK(user_copy_out(UADDR(at + PAGE_BYTES - 3), "end", 3));
    EXPECT_ERR(user_copy_string(text, UADDR(at + PAGE_BYTES - 3), sizeof(text), &length), ERR_FAULT);
    close_space();
}
