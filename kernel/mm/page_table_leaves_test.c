/* SPDX-License-Identifier: Apache-2.0 */
/* Looking, sharing and joining. Random ranges and failures are in page_table_test.c. */
#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/frame_share.h"
#include "mm/heap.h"
#include "mm/page_table.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

#define AT 0x7f0000000000ull
#define RW (PAGE_USER | PAGE_WRITE)

static struct page_table pt, other;

static void start(void)
{
    fake_machine_start(64ull << 20);
    heap_init();
    alloc_fail_countdown = 0;
    kernel_page_table.root = frame_alloc_zeroed();
    EXPECT_OK(page_table_create_user(&pt));
    EXPECT_OK(page_table_create_user(&other));
}

static void let_go(paddr_t frame, uint8_t shift, uint32_t flags, void *context UNUSED)
{
    if (flags & PAGE_SHARED) frame_share_drop(frame, shift);
}

/* Counts of holders would outlive the machine. */
static void finish(void)
{
    page_table_destroy_user(&other, let_go, NULL);
    page_table_destroy_user(&pt, let_go, NULL);
    EXPECT_EQ(frame_share_count(), 0);
}

static uint8_t shift_at(const struct page_table *of, uint64_t vaddr)
{
    uint8_t shift = 0;
    return page_table_translate(of, vaddr, NULL, NULL, &shift) ? shift : 0;
}

static uint32_t flags_at(const struct page_table *of, uint64_t vaddr)
{
    uint32_t flags = 0;
    EXPECT(page_table_translate(of, vaddr, NULL, &flags, NULL));
    return flags;
}

TEST(a_look_ends_at_the_leaf_or_at_the_level_where_nothing_is)
{
    start();
    struct page_place place;
    page_table_look(&pt, AT, &place);
    EXPECT(!place.is_mapped && place.level == 4);
    EXPECT_OK(page_table_map_leaf(&pt, AT, PADDR(0x5000), PAGE_SHIFT, RW));
    page_table_look(&pt, AT + 123, &place);
    EXPECT(place.is_mapped && place.level == 1 && place.leaf_shift == PAGE_SHIFT);
    EXPECT(place.frame.raw == 0x5000 && place.flags == RW);
    page_table_look(&pt, AT + PAGE_BYTES, &place);
    EXPECT(!place.is_mapped && place.level == 1);
    EXPECT_OK(
        page_table_fill(&pt, &place, AT + PAGE_BYTES, PADDR(0x7000), PAGE_SHIFT, PAGE_USER | PAGE_EXEC));
    page_table_look(&pt, AT + PAGE_BYTES, &place);
    EXPECT(place.frame.raw == 0x7000 && place.flags == (PAGE_USER | PAGE_EXEC));
    page_table_look(&pt, AT + HUGE_BYTES, &place);
    EXPECT(!place.is_mapped && place.level == 2);
    EXPECT_OK(page_table_fill(&pt, &place, AT + HUGE_BYTES, PADDR(HUGE_BYTES), HUGE_SHIFT, RW));
    page_table_look(&pt, AT + HUGE_BYTES + 5 * PAGE_BYTES, &place);
    EXPECT(place.is_mapped && place.leaf_shift == HUGE_SHIFT && place.frame.raw == HUGE_BYTES);
    EXPECT_OK(page_table_protect(&pt, AT, PAGE_BYTES, PAGE_HIDDEN));
    page_table_look(&pt, AT, &place);
    EXPECT(place.is_mapped && place.flags == PAGE_HIDDEN);
}

static uint64_t frames_left;
static paddr_t next_block(void) { return frames_left-- ? PADDR(7 * HUGE_BYTES) : PADDR_NONE; }

static uint64_t fill_row(uint64_t vaddr, uint64_t count)
{
    struct page_place place;
    page_table_look(&pt, vaddr, &place);
    return page_table_fill_row(&place, count, RW, next_block);
}

TEST(a_row_ends_with_its_table_at_what_is_there_or_with_the_frames)
{
    start();
    uint64_t last = AT + GIANT_BYTES - HUGE_BYTES;
    EXPECT_OK(page_table_map_leaf(&pt, AT + 9 * HUGE_BYTES, PADDR(0), HUGE_SHIFT, RW));
    frames_left = 1000;
    EXPECT_EQ(fill_row(AT, 3), 3);
    EXPECT_EQ(fill_row(AT + 3 * HUGE_BYTES, 100), 6);
    EXPECT_EQ(fill_row(last - HUGE_BYTES, 100), 2);
    frames_left = 2;
    EXPECT_EQ(fill_row(AT + 10 * HUGE_BYTES, 100), 2);
    EXPECT_EQ(shift_at(&pt, AT + 11 * HUGE_BYTES), HUGE_SHIFT);
    EXPECT_EQ(shift_at(&pt, AT + 12 * HUGE_BYTES), 0);
    uint64_t kernel_frames = charge_read().kinds[CHARGE_KERNEL];
    EXPECT_OK(page_table_unmap(&pt, AT, GIANT_BYTES, NULL, NULL)); /* the table's count was right */
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], kernel_frames - 2);
}

/* Anonymous memory of one space: 3 small pages, a huge one, one that is borrowed, one that is hidden. */
static void map_mixture(void)
{
    for (uint64_t i = 0; i < 3; i++)
        EXPECT_OK(page_table_map_leaf(&pt, AT + i * PAGE_BYTES, frame_alloc(), PAGE_SHIFT, RW));
    EXPECT_OK(page_table_map_leaf(&pt, AT + 5 * PAGE_BYTES, frame_alloc(), PAGE_SHIFT, RW | PAGE_BORROWED));
    EXPECT_OK(page_table_map_leaf(&pt, AT + 6 * PAGE_BYTES, frame_alloc(), PAGE_SHIFT, RW));
    EXPECT_OK(page_table_protect(&pt, AT + 6 * PAGE_BYTES, PAGE_BYTES, PAGE_HIDDEN));
    EXPECT_OK(page_table_map_leaf(&pt, AT + HUGE_BYTES, frame_alloc_huge(), HUGE_SHIFT, RW | PAGE_EXEC));
}

TEST(what_is_shared_is_in_both_tables_and_writable_in_neither)
{
    start();
    map_mixture();
    uint64_t pages = 0;
    EXPECT_OK(page_table_share(&other, &pt, AT, GIANT_BYTES, false, &pages));
    EXPECT_EQ(pages, 4 + 512);
    EXPECT_EQ(flags_at(&pt, AT), PAGE_USER | PAGE_SHARED);
    EXPECT_EQ(flags_at(&other, AT + 2 * PAGE_BYTES), PAGE_USER | PAGE_SHARED);
    EXPECT_EQ(flags_at(&other, AT + 6 * PAGE_BYTES), PAGE_HIDDEN | PAGE_SHARED);
    EXPECT_EQ(flags_at(&other, AT + HUGE_BYTES), PAGE_USER | PAGE_EXEC | PAGE_SHARED);
    EXPECT_EQ(shift_at(&other, AT + HUGE_BYTES), HUGE_SHIFT);
    EXPECT_EQ(shift_at(&other, AT + 5 * PAGE_BYTES), 0); /* borrowed pages stay behind */
    EXPECT_EQ(flags_at(&pt, AT + 5 * PAGE_BYTES), RW | PAGE_BORROWED);
    /* A protection does not make them writable either. */
    EXPECT_OK(page_table_protect(&other, AT, 2 * HUGE_BYTES, RW));
    EXPECT_EQ(flags_at(&other, AT), PAGE_USER | PAGE_SHARED);
    EXPECT_EQ(flags_at(&other, AT + HUGE_BYTES), PAGE_USER | PAGE_SHARED);
    finish();
}

TEST(sharing_part_of_a_range_shares_that_part)
{
    start();
    map_mixture();
    uint64_t pages = 0;
    EXPECT_OK(page_table_share(&other, &pt, AT + PAGE_BYTES, PAGE_BYTES, true, &pages));
    EXPECT_EQ(pages, 1);
    EXPECT_EQ(flags_at(&other, AT + PAGE_BYTES), RW | PAGE_SHARED);
    EXPECT_EQ(flags_at(&pt, AT), RW);
    EXPECT_EQ(shift_at(&other, AT), 0);
    finish();
}

static uint64_t frame_at(struct page_table *table, uint64_t vaddr)
{
    paddr_t frame = PADDR_NONE;
    EXPECT(page_table_translate(table, vaddr, &frame, NULL, NULL));
    return frame.raw;
}

TEST(pages_that_are_shared_in_one_call_lie_in_the_other_table_as_in_this_one)
{
    start();
    static const uint64_t places[] = { 0, 1, 2, 7, 300, 510, 511, 512, 513, 2047, 262143, 262144 };
    const uint64_t bytes = (places[ARRAY_LENGTH(places) - 1] + 1) * PAGE_BYTES;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        EXPECT_OK(page_table_map_leaf(&pt, AT + places[i] * PAGE_BYTES, frame_alloc(), PAGE_SHIFT, RW));
    uint64_t pages = 0;
    EXPECT_OK(page_table_share(&other, &pt, AT, bytes, false, &pages));
    EXPECT_EQ(pages, ARRAY_LENGTH(places));
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        EXPECT_EQ(frame_at(&other, AT + places[i] * PAGE_BYTES), frame_at(&pt, AT + places[i] * PAGE_BYTES));
    EXPECT_EQ(page_table_count(&other), page_table_count(&pt));
    EXPECT_OK(page_table_unmap(&other, AT, bytes, let_go, NULL));
    EXPECT_EQ(page_table_count(&other), 0); /* the tables counted their leaves */
    finish();
}

static void count(uint64_t vaddr, paddr_t paddr, uint8_t leaf_shift, uint32_t flags, void *context)
{
    uint64_t *sums = context;
    sums[leaf_shift == HUGE_SHIFT]++;
    sums[2] += vaddr - AT;
    sums[3] += paddr.raw != 0;
    sums[4] += (flags & PAGE_BORROWED) != 0;
}

TEST(a_visit_sees_every_leaf_of_the_range_once)
{
    start();
    map_mixture();
    uint64_t sums[5] = { 0 };
    page_table_visit(&pt, AT, GIANT_BYTES, count, sums);
    EXPECT_EQ(sums[0], 5);
    EXPECT_EQ(sums[1], 1);
    EXPECT_EQ(sums[2], (0 + 1 + 2 + 5 + 6) * PAGE_BYTES + HUGE_BYTES);
    EXPECT_EQ(sums[4], 1);
    memset(sums, 0, sizeof(sums));
    page_table_visit(&pt, AT + PAGE_BYTES, PAGE_BYTES, count, sums);
    EXPECT_EQ(sums[0] + sums[1], 1);
}

/* 512 pages of one block, of which `except` comes from elsewhere (or none does). */
static void map_block(uint64_t except)
{
    paddr_t block = frame_alloc_huge();
    for (uint64_t i = 0; i < 512; i++) {
        paddr_t frame = i == except ? frame_alloc() : PADDR(block.raw + i * PAGE_BYTES);
        EXPECT_OK(page_table_map_leaf(&pt, AT + i * PAGE_BYTES, frame, PAGE_SHIFT, RW | PAGE_JOIN));
    }
}

TEST(a_table_that_fills_up_in_step_becomes_one_leaf)
{
    start();
    uint64_t kernel_frames = charge_read().kinds[CHARGE_KERNEL];
    map_block(512);
    EXPECT_EQ(shift_at(&pt, AT), HUGE_SHIFT);
    EXPECT_EQ(flags_at(&pt, AT + 77 * PAGE_BYTES), RW);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], kernel_frames + 2); /* two tables above it, none below */
    EXPECT_OK(page_table_unmap(&pt, AT, HUGE_BYTES, NULL, NULL));
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], kernel_frames);
}

TEST(pages_that_differ_in_anything_are_not_joined)
{
    for (uint64_t except = 0; except < 512; except += 73) {
        start();
        map_block(except);
        EXPECT_EQ(shift_at(&pt, AT), PAGE_SHIFT);
    }
    static const uint32_t kinds[] = { PAGE_USER, PAGE_HIDDEN, RW | PAGE_EXEC };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        start();
        map_block(512);
        EXPECT_OK(page_table_protect(&pt, AT + 300 * PAGE_BYTES, PAGE_BYTES, kinds[i]));
        page_table_join(&pt, AT);
        EXPECT_EQ(shift_at(&pt, AT), PAGE_SHIFT);
        EXPECT_OK(page_table_protect(&pt, AT + 300 * PAGE_BYTES, PAGE_BYTES, RW));
        page_table_join(&pt, AT + 12345);
        EXPECT_EQ(shift_at(&pt, AT), HUGE_SHIFT);
    }
}

TEST(shared_pages_are_not_joined)
{
    start();
    map_block(512);
    EXPECT_OK(page_table_split(&pt, AT + PAGE_BYTES));
    uint64_t pages = 0;
    EXPECT_OK(page_table_share(&other, &pt, AT, HUGE_BYTES, true, &pages));
    page_table_join(&pt, AT);
    page_table_join(&other, AT);
    EXPECT_EQ(shift_at(&pt, AT), PAGE_SHIFT);
    EXPECT_EQ(shift_at(&other, AT), PAGE_SHIFT);
    finish();
}
