/* SPDX-License-Identifier: Apache-2.0 */
/* 2 MiB leaves that come about from small pages, are cut and come about again. */
#include "mm/frame_share.h"
#include "vm/space_ktest.h"

enum { PAGES = HUGE_BYTES / PAGE_BYTES };
#define AT 0x40000000ull /* aligned to 2 MiB */

static err_t agree(const struct area *area, uint64_t context)
{
    (void)area, (void)context;
    return OK;
}

static uint64_t page(uint64_t index) { return AT + index * PAGE_BYTES; }

static void touch(uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) poke(page(i), i + 1);
}

static void check_touched(uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) EXPECT_EQ(peek(page(i)), i + 1);
}

static uint8_t leaf(void) { return leaf_at(space, AT); }
static uint64_t charged(void) { return charge_read().kinds[CHARGE_ANONYMOUS] - anonymous_before; }

/* Maps pages [0, 512) a part at a time, as heaps grow, and touches each at once; one leaf in the end. */
static void grow_leaf(uint64_t step)
{
    for (uint64_t i = 0; i < PAGES; i += step) {
        map(page(i), step * PAGE_BYTES, RW | SPACE_FIXED);
        touch(i, step);
        EXPECT_EQ(leaf(), i + step < PAGES ? PAGE_SHIFT : HUGE_SHIFT);
    }
    EXPECT_EQ(space->resident_pages, PAGES);
    EXPECT_EQ(charged(), PAGES);
    check_touched(0, PAGES);
}

TEST(memory_that_grows_page_by_page_becomes_a_2_mib_leaf_in_place)
{
    static const uint64_t steps[] = { 1, 32, 256 };
    for (uint32_t s = 0; s < ARRAY_LENGTH(steps); s++) {
        open_space();
        grow_leaf(steps[s]);
        close_space();
    }
}

TEST(memory_that_grows_downward_or_in_any_order_joins_as_well)
{
    for (uint64_t stride = 511; stride >= 3; stride /= 13) { /* odd, so every page is met */
        open_space();
        for (uint64_t i = 0, at = 511; i < PAGES; i++, at = (at + stride) % PAGES) {
            map(page(at), PAGE_BYTES, RW | SPACE_FIXED);
            touch(at, 1);
        }
        EXPECT_EQ(leaf(), HUGE_SHIFT);
        check_touched(0, PAGES);
        EXPECT_EQ(charged(), PAGES);
        close_space();
    }
}

TEST(an_area_of_a_page_less_than_2_mib_stays_small_and_costs_what_is_touched)
{
    for (uint64_t shift = 0; shift < 2; shift++) {
        open_space();
        map(page(shift), HUGE_BYTES - PAGE_BYTES, RW | SPACE_FIXED);
        touch(shift, 1);
        EXPECT_EQ(charged(), 1);
        touch(shift, PAGES - 1);
        EXPECT_EQ(leaf_at(space, page(100)), PAGE_SHIFT);
        EXPECT_EQ(charged(), PAGES - 1);
        EXPECT_EQ(space->resident_pages, PAGES - 1);
        /* The page that it lacked. */
        map(page(shift ? 0 : PAGES - 1), PAGE_BYTES, RW | SPACE_FIXED);
        touch(shift ? 0 : PAGES - 1, 1);
        EXPECT_EQ(leaf(), HUGE_SHIFT);
        check_touched(0, PAGES);
        close_space();
    }
}

TEST(a_buffer_of_1_5_mib_costs_what_is_touched_and_nothing_else)
{
    open_space();
    uint64_t at = map(0, 3 * HUGE_BYTES / 4, RW), free = frame_free_count(),
             tables = charge_counters.kinds[CHARGE_KERNEL]; /* charge_read() does not go below 0 */
    poke(at, 1);
    EXPECT_EQ(charged(), 1);
    for (uint64_t i = 0; i < 3 * PAGES / 4; i++) poke(at + i * PAGE_BYTES, i);
    EXPECT_EQ(charged(), 3 * PAGES / 4);
    tables = charge_counters.kinds[CHARGE_KERNEL] - tables;
    EXPECT_EQ(frame_free_count(), free - 3 * PAGES / 4 - tables);
    close_space();
}

TEST(2_mib_off_their_alignment_stay_small_and_4_mib_have_one_leaf_in_them)
{
    open_space();
    map(page(1), HUGE_BYTES, RW | SPACE_FIXED);
    touch(1, PAGES);
    EXPECT_EQ(leaf_at(space, page(1)), PAGE_SHIFT);
    EXPECT_EQ(leaf_at(space, page(PAGES)), PAGE_SHIFT);
    EXPECT_EQ(charged(), PAGES);
    EXPECT_OK(space_unmap(space, page(1), HUGE_BYTES));
    map(page(1), 2 * HUGE_BYTES, RW | SPACE_FIXED);
    touch(PAGES - 1, 3);
    EXPECT_EQ(leaf_at(space, page(PAGES - 1)), PAGE_SHIFT);
    EXPECT_EQ(leaf_at(space, page(PAGES)), HUGE_SHIFT);
    EXPECT_EQ(charged(), PAGES + 1);
    touch(2 * PAGES, 1);
    EXPECT_EQ(leaf_at(space, page(2 * PAGES)), PAGE_SHIFT);
    close_space();
}

TEST(the_rest_of_2_mib_comes_at_once_when_half_is_there_and_the_area_holds_all)
{
    open_space();
    map(AT, HUGE_BYTES - PAGE_BYTES, RW | SPACE_FIXED);
    touch(0, PAGES / 2 - 1);
    map(page(PAGES - 1), PAGE_BYTES, RW | SPACE_FIXED);
    touch(PAGES - 1, 1); /* the 256th */
    EXPECT_EQ(leaf(), PAGE_SHIFT);
    EXPECT_EQ(charged(), PAGES / 2);
    touch(PAGES - 9, 1);
    EXPECT_EQ(leaf(), HUGE_SHIFT);
    EXPECT_EQ(charged(), PAGES);
    EXPECT_EQ(space->resident_pages, PAGES);
    EXPECT_EQ(peek(page(PAGES / 2)), 0);
    EXPECT_EQ(peek(page(PAGES - 2) + PAGE_BYTES - 8), 0);
    check_touched(0, PAGES / 2 - 1);
    EXPECT_EQ(peek(page(PAGES - 1)), PAGES);
    close_space();
}

TEST(the_rest_does_not_come_where_the_limit_or_another_holder_of_a_frame_forbids_it)
{
    open_space();
    map(AT, HUGE_BYTES - PAGE_BYTES, RW | SPACE_FIXED);
    touch(0, PAGES - 8);
    map(page(PAGES - 1), PAGE_BYTES, RW | SPACE_FIXED);
    charge_set_limit(charge_read().total + 7);
    touch(PAGES - 2, 1);
    EXPECT_EQ(leaf(), PAGE_SHIFT);
    EXPECT_EQ(charged(), PAGES - 7);
    charge_set_limit(CHARGE_NO_LIMIT);
    paddr_t first;
    EXPECT(page_table_translate(&space->page_table, AT, &first, NULL, NULL));
    paddr_t last = PADDR(first.raw + HUGE_BYTES - PAGE_BYTES);
    EXPECT(frame_take(last)); /* somebody else's */
    touch(PAGES - 8, 8);
    EXPECT_EQ(leaf(), PAGE_SHIFT);
    EXPECT_EQ(charged(), PAGES);
    check_touched(0, PAGES);
    close_space();
    frame_free(last);
}

/* What may be done to a part of a leaf and undone. */
struct part {
    uint64_t first, count;
};
static const struct part parts[] = { { 0, 1 },     { PAGES - 1, 1 }, { 0, 200 },
                                     { 312, 200 }, { 100, 7 },       { 1, PAGES - 2 } };

TEST(a_leaf_cut_by_protection_is_one_again_when_all_rights_are_the_same)
{
    static const uint32_t rights[] = { SPACE_READ, 0, RW | SPACE_EXEC };
    for (uint32_t p = 0; p < ARRAY_LENGTH(parts); p++) {
        for (uint32_t r = 0; r < ARRAY_LENGTH(rights); r++) {
            open_space();
            map(AT, HUGE_BYTES, RW | SPACE_FIXED);
            touch(0, PAGES);
            EXPECT_EQ(leaf(), HUGE_SHIFT);
            EXPECT_OK(space_protect(space, page(parts[p].first), parts[p].count * PAGE_BYTES, rights[r]));
            EXPECT_EQ(leaf(), PAGE_SHIFT);
            EXPECT_EQ(can_write(page(parts[p].first)), (rights[r] & SPACE_WRITE) != 0);
            EXPECT_OK(space_protect(space, page(parts[p].first), parts[p].count * PAGE_BYTES, RW));
            EXPECT_EQ(leaf(), HUGE_SHIFT);
            EXPECT_EQ(space->area_count, 1);
            EXPECT_EQ(peek(page(300)), 301);
            EXPECT_EQ(charged(), PAGES);
            close_space();
        }
    }
}

TEST(a_leaf_cut_by_discarding_is_one_again_when_the_pages_are_touched)
{
    for (uint32_t p = 0; p < ARRAY_LENGTH(parts); p++) {
        const struct part *part = &parts[p];
        open_space();
        map(AT, HUGE_BYTES, RW | SPACE_FIXED);
        touch(0, PAGES);
        EXPECT_OK(space_advise(space, page(part->first), part->count * PAGE_BYTES, agree, 0, true));
        EXPECT_EQ(charged(), PAGES - part->count);
        EXPECT_EQ(peek(page(part->first + part->count - 1)), 0);
        /* At once while half is there, else one by one until it is. */
        bool at_once = part->count <= PAGES / 2;
        EXPECT_EQ(leaf(), at_once ? HUGE_SHIFT : PAGE_SHIFT);
        EXPECT_EQ(charged(), at_once ? PAGES : PAGES - part->count + 1);
        for (uint64_t i = 0; i < part->count; i++) EXPECT_EQ(peek(page(part->first + i)), 0);
        EXPECT_EQ(leaf(), HUGE_SHIFT);
        EXPECT_EQ(charged(), PAGES);
        check_touched(0, part->first);
        check_touched(part->first + part->count, PAGES - part->first - part->count);
        close_space();
    }
}

TEST(a_leaf_cut_by_unmapping_is_one_again_when_the_part_is_mapped_and_touched)
{
    for (uint32_t p = 0; p < ARRAY_LENGTH(parts); p++) {
        const struct part *part = &parts[p];
        open_space();
        map(AT, HUGE_BYTES, RW | SPACE_FIXED);
        touch(0, PAGES);
        EXPECT_OK(space_unmap(space, page(part->first), part->count * PAGE_BYTES));
        EXPECT_EQ(charged(), PAGES - part->count);
        EXPECT(!can_read(page(part->first)));
        map(page(part->first), part->count * PAGE_BYTES, RW | SPACE_FIXED);
        touch(part->first, part->count);
        EXPECT_EQ(leaf(), HUGE_SHIFT);
        EXPECT_EQ(space->area_count, 1);
        check_touched(0, PAGES);
        EXPECT_EQ(charged(), PAGES);
        close_space();
    }
}

TEST(pages_with_other_rights_do_not_join_until_these_are_the_same)
{
    open_space();
    map(AT, PAGE_BYTES, SPACE_READ | SPACE_FIXED);
    map(page(1), HUGE_BYTES - PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT(can_read(AT));
    touch(1, PAGES - 1);
    EXPECT_EQ(leaf(), PAGE_SHIFT);
    EXPECT_OK(space_protect(space, page(1), HUGE_BYTES - PAGE_BYTES, 0)); /* hidden */
    EXPECT_EQ(leaf_at(space, page(5)), PAGE_SHIFT);
    EXPECT_OK(space_protect(space, AT, HUGE_BYTES, SPACE_READ));
    EXPECT_EQ(leaf(), HUGE_SHIFT);
    EXPECT(!can_write(page(1)));
    EXPECT_OK(space_protect(space, AT, HUGE_BYTES, RW));
    check_touched(1, PAGES - 1);
    EXPECT_EQ(leaf(), HUGE_SHIFT);
    close_space();
}

TEST(an_arena_that_becomes_writable_step_by_step_is_made_of_leaves)
{
    open_space();
    uint64_t at = map(0, 4 * HUGE_BYTES, 0), step = 33 * PAGE_BYTES;
    for (uint64_t done = 0, next; done < 4 * HUGE_BYTES; done = next) {
        next = MIN(done + step, 4ull * HUGE_BYTES);
        EXPECT_OK(space_protect(space, at + done, next - done, RW));
        for (uint64_t i = done; i < next; i += PAGE_BYTES) poke(at + i, i + 1);
    }
    for (uint64_t i = 0; i < 4; i++) EXPECT_EQ(leaf_at(space, at + i * HUGE_BYTES), HUGE_SHIFT);
    for (uint64_t i = 0; i < 4 * HUGE_BYTES; i += PAGE_BYTES) EXPECT_EQ(peek(at + i), i + 1);
    EXPECT_EQ(charged(), 4 * PAGES);
    close_space();
}

TEST(the_heap_is_made_of_leaves_and_shrinks_and_grows_again)
{
    open_space();
    uint64_t start = space->brk_start;
    for (int round = 0; round < 2; round++) {
        for (uint64_t end = start; end < start + 2 * HUGE_BYTES; end += 16 * PAGE_BYTES) {
            EXPECT_EQ(space_set_brk(space, end + 16 * PAGE_BYTES), end + 16 * PAGE_BYTES);
            for (uint64_t i = 0; i < 16; i++) poke(end + i * PAGE_BYTES, i);
        }
        EXPECT_EQ(leaf_at(space, start), HUGE_SHIFT);
        EXPECT_EQ(leaf_at(space, start + HUGE_BYTES), HUGE_SHIFT);
        EXPECT_EQ(charged(), 2 * PAGES);
        EXPECT_EQ(space_set_brk(space, start + HUGE_BYTES + 100), start + HUGE_BYTES + 100);
        EXPECT_EQ(charged(), PAGES + 1);
        EXPECT_EQ(space_set_brk(space, start + 5 * PAGE_BYTES), start + 5 * PAGE_BYTES);
        EXPECT_EQ(charged(), 5);
        EXPECT_EQ(space_set_brk(space, start), start);
    }
    close_space();
}

TEST(stacks_and_what_is_not_to_be_huge_keep_no_block)
{
    static const uint32_t flags[] = { RW | SPACE_STACK, RW | SPACE_GROWS_DOWN | SPACE_STACK };
    for (uint32_t f = 0; f < ARRAY_LENGTH(flags); f++) {
        open_space();
        map(AT, 64 * PAGE_BYTES, flags[f] | SPACE_FIXED);
        uint64_t blocks = frame_free_huge_count();
        touch(0, 1);
        EXPECT_EQ(frame_free_huge_count(), blocks);
        close_space();
    }
    open_space();
    map(AT, HUGE_BYTES, RW | SPACE_FIXED);
    EXPECT_OK(space_mark(space, AT, HUGE_BYTES, agree, 0, 0, SPACE_NO_HUGE));
    uint64_t blocks = frame_free_huge_count();
    touch(0, 1);
    EXPECT_EQ(frame_free_huge_count(), blocks);
    EXPECT_EQ(charged(), 1);
    close_space();
}

/* ---- after a clone ---- */

TEST(a_leaf_cut_while_it_was_shared_is_one_again_when_its_owner_is_alone_and_writes)
{
    open_space();
    struct space *other;
    map(AT, 2 * HUGE_BYTES, RW | SPACE_FIXED);
    touch(0, 2 * PAGES);
    EXPECT_OK(space_clone(space, &other));
    enter(other);
    poke(page(7), 1); /* a copy in the clone, and its leaf is cut */
    enter(space);
    EXPECT_OK(space_protect(space, page(3), PAGE_BYTES, SPACE_READ)); /* and this one's */
    EXPECT_OK(space_protect(space, page(3), PAGE_BYTES, RW));
    space_destroy(other);
    EXPECT_EQ(leaf(), PAGE_SHIFT);
    poke(page(200), 201);
    EXPECT_EQ(leaf(), HUGE_SHIFT);
    EXPECT(can_write(page(1)));
    touch(0, 2 * PAGES);
    check_touched(0, 2 * PAGES);
    EXPECT_EQ(charged(), 2 * PAGES);
    EXPECT_EQ(frame_share_count(), 0);
    close_space();
}

TEST(pages_that_others_hold_are_not_taken_over_with_their_neighbours)
{
    open_space();
    struct space *other;
    map(AT, HUGE_BYTES, RW | SPACE_FIXED);
    touch(0, PAGES);
    EXPECT_OK(space_clone(space, &other));
    for (uint64_t i = 0; i < PAGES; i += 100) poke(page(i), 0); /* copies */
    enter(other);
    check_touched(0, PAGES);
    poke(page(5), 0);
    enter(space);
    EXPECT_EQ(peek(page(5)), 6);
    poke(page(5), 77);
    enter(other);
    EXPECT_EQ(peek(page(5)), 0);
    EXPECT_EQ(peek(page(6)), 7);
    enter(space);
    space_destroy(other);
    touch(0, PAGES);
    check_touched(0, PAGES);
    EXPECT_EQ(leaf(), PAGE_SHIFT); /* the copies are elsewhere */
    EXPECT_EQ(charged(), PAGES);
    close_space();
}

/* ---- failures ---- */

TEST(every_allocation_on_the_way_to_a_leaf_can_fail)
{
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 2 * PAGES; n += 1 + n / 8) {
        open_space();
        map(AT, HUGE_BYTES - PAGE_BYTES, RW | SPACE_FIXED);
        for (uint64_t i = 0; i < PAGES - 1; i++) {
            alloc_fail_countdown = i == n % (PAGES - 1) ? 1 + n % 3 : 0;
            bool done = can_write(page(i));
            alloc_fail_countdown = 0;
            failures += !done;
            EXPECT(done || can_write(page(i)));
        }
        map(page(PAGES - 1), PAGE_BYTES, RW | SPACE_FIXED);
        EXPECT(can_write(page(PAGES - 1)));
        EXPECT_EQ(leaf(), HUGE_SHIFT);
        EXPECT_EQ(charged(), PAGES);
        close_space();
    }
    EXPECT(failures > 10);
}
