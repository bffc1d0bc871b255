/* SPDX-License-Identifier: Apache-2.0 */
/* Pages in place: what a table tells of their block, and one leaf instead of it. */
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/page_table.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

enum { PAGES = HUGE_BYTES / PAGE_BYTES };
#define AT 0x7f0000000000ull
#define RW (PAGE_USER | PAGE_WRITE)

static struct page_table pt;
static paddr_t block;

static void start(void)
{
    fake_machine_start(64ull << 20);
    heap_init();
    alloc_fail_countdown = 0;
    kernel_page_table.root = frame_alloc_zeroed();
    EXPECT_OK(page_table_create_user(&pt));
    block = frame_alloc_huge();
}

static uint64_t page(uint64_t index) { return AT + index * PAGE_BYTES; }
static void put(uint64_t index, uint64_t frame, uint32_t flags)
{
    paddr_t paddr = PADDR(block.raw + frame * PAGE_BYTES);
    EXPECT_OK(page_table_map_leaf(&pt, page(index), paddr, PAGE_SHIFT, flags));
}

static struct page_place look(uint64_t index)
{
    struct page_place place;
    page_table_look(&pt, page(index), &place);
    return place;
}
static uint64_t block_at(uint64_t index)
{
    struct page_place place = look(index);
    return page_place_block(&place).raw;
}

TEST(a_place_has_the_block_of_the_nearest_page_in_place)
{
    start();
    EXPECT_EQ(block_at(0), PADDR_NONE.raw); /* no table */
    for (uint64_t at = 0; at < PAGES; at += PAGES - 1) {
        put(at, at, RW);
        for (uint64_t i = 0; i < PAGES; i += 73) EXPECT(i == at || block_at(i) == block.raw);
        EXPECT_EQ(block_at(1), block.raw);
        EXPECT_EQ(block_at(PAGES - 2), block.raw);
        EXPECT_EQ(block_at(PAGES), PADDR_NONE.raw);
        EXPECT_OK(page_table_unmap(&pt, AT, HUGE_BYTES, NULL, NULL));
    }
}

TEST(a_place_has_no_block_where_the_nearest_pages_are_not_in_place_or_not_ours_alone)
{
    start();
    put(0, 0, RW);
    put(10, 11, RW); /* elsewhere */
    put(20, 20, RW | PAGE_BORROWED);
    put(30, 30, RW | PAGE_SHARED);
    EXPECT_EQ(block_at(9), PADDR_NONE.raw);
    EXPECT_EQ(block_at(5), block.raw); /* one of the two that are as near */
    EXPECT_EQ(block_at(4), block.raw);
    EXPECT_EQ(block_at(19), PADDR_NONE.raw);
    EXPECT_EQ(block_at(200), PADDR_NONE.raw);
    put(201, 201, RW);
    EXPECT_OK(page_table_protect(&pt, page(201), PAGE_BYTES, PAGE_HIDDEN));
    EXPECT_EQ(block_at(200), block.raw);
}

TEST(what_is_missing_is_told_only_when_the_rest_is_in_place_with_the_same_flags)
{
    start();
    uint64_t missing[PAGE_SET_WORDS];
    for (uint64_t i = 0; i < PAGES; i++)
        if (i % 64 != 5 && i != 511) put(i, i, RW);
    struct page_place place = look(5);
    EXPECT_EQ(page_place_used(&place), PAGES - 9);
    EXPECT(page_place_missing(&place, block, RW, missing));
    for (uint32_t i = 0; i < PAGE_SET_WORDS; i++)
        EXPECT_EQ(missing[i], 1ull << 5 | (i == 7 ? 1ull << 63 : 0));
    EXPECT(!page_place_missing(&place, block, PAGE_USER, missing));
    EXPECT(!page_place_missing(&place, PADDR(block.raw + HUGE_BYTES), RW, missing));
    EXPECT_OK(page_table_protect(&pt, page(510), PAGE_BYTES, PAGE_USER));
    EXPECT(!page_place_missing(&place, block, RW, missing));
    place = look(PAGES);
    EXPECT_EQ(page_place_used(&place), 0);
}

TEST(a_leaf_takes_the_place_of_its_table)
{
    start();
    uint64_t free = frame_free_count(), charged = charge_counters.kinds[CHARGE_KERNEL];
    EXPECT_OK(page_table_map_leaf(&pt, AT - GIANT_BYTES, PADDR(0), PAGE_SHIFT, RW)); /* the upper tables */
    put(3, 3, RW);
    struct page_place place = look(4);
    uint64_t tables = free - frame_free_count();
    fake_tlb_forgotten_count = 0;
    page_place_make_leaf(&pt, &place, block, RW);
    EXPECT(fake_tlb_forgotten_count > 0);
    EXPECT_EQ(frame_free_count(), free - tables + 1);
    EXPECT_EQ(charge_counters.kinds[CHARGE_KERNEL], charged + tables - 1);
    uint8_t shift;
    uint32_t flags;
    paddr_t paddr;
    EXPECT(page_table_translate(&pt, page(77), &paddr, &flags, &shift));
    EXPECT(shift == HUGE_SHIFT && flags == RW && paddr.raw == block.raw + 77 * PAGE_BYTES);
    EXPECT_OK(page_table_unmap(&pt, AT - GIANT_BYTES, 2ull * GIANT_BYTES, NULL, NULL));
    EXPECT_EQ(frame_free_count(), free);
}

TEST(taking_over_is_for_shared_pages_of_the_block_in_the_range)
{
    start();
    put(1, 1, PAGE_USER | PAGE_SHARED);
    put(2, 9, PAGE_USER | PAGE_SHARED); /* not in place, but of the block */
    put(3, 3 + PAGES, PAGE_USER | PAGE_SHARED);
    put(4, 4, PAGE_USER | PAGE_BORROWED);
    put(5, 5, PAGE_USER | PAGE_SHARED);
    struct page_place place = look(2);
    page_place_take_over(&place, page(0), page(5), block, RW);
    static const uint32_t expected[] = { RW, RW, PAGE_USER | PAGE_SHARED, PAGE_USER | PAGE_BORROWED,
                                         PAGE_USER | PAGE_SHARED };
    for (uint64_t i = 0; i < ARRAY_LENGTH(expected); i++) EXPECT_EQ(look(i + 1).flags, expected[i]);
}
