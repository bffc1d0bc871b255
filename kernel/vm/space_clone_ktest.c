/* SPDX-License-Identifier: Apache-2.0 */
/* Clones of a space, and leaves that are cut and joined. */
#include "mm/frame_share.h"
#include "vm/area.h"
#include "vm/space_ktest.h"

static struct space *child;

static void clone(void) { EXPECT_OK(space_clone(space, &child)); }

static err_t agree(const struct area *area, uint64_t context)
{
    (void)area, (void)context;
    return OK;
}

static void end_child(void)
{
    enter(space);
    space_destroy(child);
}

static uint64_t anonymous_frames(void) { return charge_read().kinds[CHARGE_ANONYMOUS] - anonymous_before; }

TEST(a_clone_sees_the_same_and_either_side_writes_for_itself)
{
    open_space();
    uint64_t at = map(0, 4 * PAGE_BYTES, RW);
    for (uint64_t i = 0; i < 3; i++) poke(at + i * PAGE_BYTES, 10 + i);
    clone();
    EXPECT_EQ(child->resident_pages, 3);
    EXPECT_EQ(anonymous_frames(), 3);
    poke(at, 20);
    EXPECT_EQ(anonymous_frames(), 4);
    enter(child);
    EXPECT_EQ(peek(at), 10);
    EXPECT_EQ(peek(at + PAGE_BYTES), 11);
    poke(at + PAGE_BYTES, 31);
    poke(at + 3 * PAGE_BYTES, 33);
    enter(space);
    EXPECT_EQ(peek(at), 20);
    EXPECT_EQ(peek(at + PAGE_BYTES), 11);
    EXPECT_EQ(peek(at + 3 * PAGE_BYTES), 0);
    end_child();
    EXPECT_EQ(frame_share_count(), 0);
    paddr_t before, after;
    page_table_translate(&space->page_table, at + 2 * PAGE_BYTES, &before, NULL, NULL);
    poke(at + 2 * PAGE_BYTES, 22); /* the last holder copies nothing */
    page_table_translate(&space->page_table, at + 2 * PAGE_BYTES, &after, NULL, NULL);
    EXPECT_EQ(before.raw, after.raw);
    close_space();
}

TEST(a_2_mib_leaf_stays_whole_in_a_clone_until_one_page_is_written)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW);
    poke(at, 1);
    poke(at + HUGE_BYTES - 8, 2);
    clone();
    EXPECT_EQ(leaf_at(child, at), HUGE_SHIFT);
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    EXPECT_EQ(anonymous_frames(), 512);
    enter(child);
    EXPECT_EQ(peek(at + HUGE_BYTES - 8), 2);
    poke(at + 8 * PAGE_BYTES, 3);
    EXPECT_EQ(leaf_at(child, at), PAGE_SHIFT);
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    EXPECT_EQ(anonymous_frames(), 513);
    enter(space);
    EXPECT_EQ(peek(at + 8 * PAGE_BYTES), 0);
    end_child();
    EXPECT_EQ(anonymous_frames(), 512);
    poke(at, 4);
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT); /* its last holder has it whole */
    close_space();
}

TEST(a_leaf_that_its_owner_cut_while_it_was_shared_outlives_either_side)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW);
    poke(at, 1);
    poke(at + 64 * PAGE_BYTES, 2);
    clone();
    EXPECT_OK(space_unmap(space, at, 32 * PAGE_BYTES));
    poke(at + 64 * PAGE_BYTES, 3);
    enter(child);
    EXPECT_EQ(peek(at), 1);
    EXPECT_EQ(peek(at + 64 * PAGE_BYTES), 2);
    EXPECT_EQ(leaf_at(child, at), HUGE_SHIFT);
    struct space *first = space;
    space = child; /* the original ends before its clone */
    space_destroy(first);
    EXPECT_EQ(anonymous_frames(), 512);
    EXPECT_EQ(peek(at), 1);
    poke(at + 64 * PAGE_BYTES, 4);
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    close_space();
}

TEST(clones_of_clones_free_every_frame_once)
{
    open_space();
    struct space *line[6] = { space };
    uint64_t at = map(0, 2 * HUGE_BYTES + 8 * PAGE_BYTES, RW);
    for (uint64_t i = 0; i < 2 * HUGE_BYTES + 8 * PAGE_BYTES; i += 16 * PAGE_BYTES) poke(at + i, i);
    for (uint64_t n = 1; n < 6; n++) {
        enter(line[n - 1]);
        poke(at + n * 8 * PAGE_BYTES, 1000 + n);
        if (n == 3) EXPECT_OK(space_unmap(line[n - 1], at + HUGE_BYTES, 3 * PAGE_BYTES));
        if (n == 4)
            EXPECT_OK(
                space_protect(line[n - 1], at + HUGE_BYTES + 64 * PAGE_BYTES, HUGE_BYTES / 2, SPACE_READ));
        EXPECT_OK(space_clone(line[n - 1], &line[n]));
    }
    enter(line[5]);
    EXPECT_EQ(peek(at + 8 * PAGE_BYTES), 1001);
    EXPECT_EQ(peek(at + 3 * 8 * PAGE_BYTES), 1003);
    EXPECT(!can_write(at + HUGE_BYTES + 64 * PAGE_BYTES) && !can_read(at + HUGE_BYTES));
    static const uint8_t order[] = { 2, 0, 4, 1, 3 };
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) space_destroy(line[order[i]]);
    EXPECT_EQ(peek(at + 8 * PAGE_BYTES), 1001);
    EXPECT_EQ(peek(at + HUGE_BYTES + 16 * PAGE_BYTES), HUGE_BYTES + 16 * PAGE_BYTES);
    space = line[5];
    close_space();
    EXPECT_EQ(frame_share_count(), 0);
}

TEST(areas_marked_so_are_missing_or_empty_in_a_clone)
{
    open_space();
    uint64_t at = map(0x40000000, 3 * HUGE_BYTES, RW | SPACE_FIXED);
    poke(at, 1);
    poke(at + HUGE_BYTES, 2);
    poke(at + 2 * HUGE_BYTES, 3);
    EXPECT_OK(space_mark(space, at, HUGE_BYTES, agree, 0, 0, SPACE_NO_FORK));
    EXPECT_OK(space_mark(space, at + HUGE_BYTES + PAGE_BYTES, PAGE_BYTES, agree, 0, 0, SPACE_WIPE_ON_FORK));
    clone();
    enter(child);
    EXPECT(!can_read(at));
    EXPECT_EQ(peek(at + HUGE_BYTES), 2);
    EXPECT_EQ(peek(at + HUGE_BYTES + PAGE_BYTES), 0);
    EXPECT_EQ(peek(at + 2 * HUGE_BYTES), 3);
    end_child();
    close_space();
}

TEST(a_clone_that_runs_out_of_memory_leaves_no_trace)
{
    open_space();
    uint64_t at = map(0, 3 * HUGE_BYTES, RW), failures = 0, small = map(0, 64 * PAGE_BYTES, RW);
    for (uint64_t i = 0; i < 3; i++) poke(at + i * HUGE_BYTES, i + 1);
    for (uint64_t i = 0; i < 64; i++) poke(small + i * PAGE_BYTES, i);
    EXPECT_OK(space_protect(space, at + HUGE_BYTES + PAGE_BYTES, PAGE_BYTES, SPACE_READ));
    for (;; failures++) {
        alloc_fail_countdown = failures + 1;
        err_t e = space_clone(space, &child);
        alloc_fail_countdown = 0;
        if (!failed(e)) break;
        EXPECT_ERR(e, ERR_NO_MEMORY);
        EXPECT_EQ(frame_share_count(), 0);
        EXPECT_EQ(anonymous_frames(), 3 * 512 + 64);
        poke(at, failures);
        EXPECT_EQ(peek(at + HUGE_BYTES), 2);
    }
    EXPECT(failures > 10);
    end_child();
    close_space();
}

/* ---- joining ---- */

TEST(a_leaf_cut_by_a_protection_is_whole_when_the_protection_is_the_same_again)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW);
    poke(at, 1);
    EXPECT_OK(space_protect(space, at + 5 * PAGE_BYTES, PAGE_BYTES, 0));
    EXPECT_EQ(leaf_at(space, at), PAGE_SHIFT);
    EXPECT_OK(space_protect(space, at + 5 * PAGE_BYTES, PAGE_BYTES, RW));
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    EXPECT_EQ(peek(at), 1);
    poke(at + 5 * PAGE_BYTES, 2);
    EXPECT_EQ(space->resident_pages, 512);
    close_space();
}

/* ---- huge pages that were asked for ---- */

TEST(huge_areas_are_there_at_once_and_are_cut_between_huge_pages_only)
{
    open_space();
    uint64_t at = map(0, 3 * HUGE_BYTES, RW | SPACE_HUGE_2M);
    EXPECT_EQ(space->resident_pages, 3 * 512);
    EXPECT_EQ(leaf_at(space, at + 2 * HUGE_BYTES), HUGE_SHIFT);
    EXPECT_ERR(space_unmap(space, at, PAGE_BYTES), ERR_INVALID);
    EXPECT_ERR(space_protect(space, at + PAGE_BYTES, HUGE_BYTES, SPACE_READ), ERR_INVALID);
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, SPACE_READ));
    EXPECT(!can_write(at) && can_write(at + HUGE_BYTES));
    poke(at + HUGE_BYTES, 7);
    clone();
    poke(at + HUGE_BYTES, 8);
    EXPECT_EQ(leaf_at(space, at + HUGE_BYTES), HUGE_SHIFT);
    enter(child);
    EXPECT_EQ(peek(at + HUGE_BYTES), 7);
    EXPECT_EQ(leaf_at(child, at + HUGE_BYTES), HUGE_SHIFT);
    end_child();
    EXPECT_OK(space_unmap(space, at, HUGE_BYTES));
    EXPECT_EQ(space->area_count, 1);
    close_space();
}

TEST(shared_huge_areas_without_access_are_there_for_a_clone)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, SPACE_HUGE_2M | SPACE_SHARED | SPACE_MAY_WRITE);
    EXPECT_EQ(anonymous_frames(), 512);
    EXPECT(!can_read(at));
    clone();
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, RW));
    poke(at, 7);
    enter(child);
    EXPECT_OK(space_protect(child, at, HUGE_BYTES, SPACE_READ));
    EXPECT_EQ(peek(at), 7);
    end_child();
    EXPECT_OK(space_advise(space, at, HUGE_BYTES, agree, 0, true));
    EXPECT_EQ(peek(at), 7); /* as in a file */
    close_space();
}

TEST(shared_huge_areas_are_one_memory_for_both_sides)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW | SPACE_HUGE_2M | SPACE_SHARED | SPACE_MAY_WRITE);
    poke(at, 7);
    clone();
    poke(at + 8, 8);
    enter(child);
    EXPECT_EQ(peek(at), 7);
    EXPECT_EQ(peek(at + 8), 8);
    poke(at + 16, 9);
    EXPECT_OK(space_protect(child, at, HUGE_BYTES, SPACE_READ));
    EXPECT(!can_write(at));
    EXPECT_OK(space_protect(child, at, HUGE_BYTES, RW));
    poke(at + 24, 10);
    enter(space);
    EXPECT_EQ(peek(at + 16), 9);
    EXPECT_EQ(peek(at + 24), 10);
    EXPECT_EQ(anonymous_frames(), 512);
    end_child();
    poke(at, 11);
    close_space();
}

TEST(huge_areas_that_cannot_be_had_are_refused_when_they_are_mapped)
{
    open_space();
    uint64_t place, bytes = align_up(frame_total_count() * PAGE_BYTES, HUGE_BYTES) + HUGE_BYTES;
    EXPECT_ERR(space_map(space, 0, bytes, RW | SPACE_HUGE_2M, NULL, 0, &place), ERR_NO_MEMORY);
    EXPECT_EQ(space->area_count, 0);
    EXPECT_EQ(space->resident_pages, 0);
    place = map(0, bytes, RW | SPACE_HUGE_2M | SPACE_NO_RESERVE);
    EXPECT_EQ(leaf_at(space, place), HUGE_SHIFT);
    EXPECT_ERR(space_fault(space, place + bytes - HUGE_BYTES, PF_WRITE), ERR_IO);
    close_space();
}
