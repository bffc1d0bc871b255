/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vtd/vtd_table.h"

#include <string.h>

#include "drivers/vtd/vtd_regs.h"
#include "mm/direct_map.h"
#include "tests/fakes/fake_heap.h"
#include "tests/harness/test.h"

enum { READ = 1, WRITE = 2 };
#define LAST ((1ull << 39) - 1)

static struct vtd_table format(uint8_t levels, uint8_t leaf_levels)
{
    return (struct vtd_table){
        .root = PADDR_NONE, .levels = levels, .leaf_levels = leaf_levels, .is_coherent = true
    };
}

static struct vtd_table table;
static void start(uint8_t levels, uint8_t leaf_levels)
{
    struct vtd_table like = format(levels, leaf_levels);
    fake_heap_fail_at(0);
    EXPECT_OK(vtd_table_init(&table, &like));
}
static void stop(void)
{
    vtd_table_fini(&table);
    EXPECT_EQ(fake_heap_frames(), 0);
}

TEST(what_is_mapped_is_found_with_its_rights_and_nothing_else_is)
{
    for (uint8_t levels = 3; levels <= 4; levels++) {
        start(levels, 1);
        EXPECT_OK(vtd_table_map(&table, 0x7fffff000, PADDR(0x1234000), 2 * PAGE_BYTES, READ));
        EXPECT_EQ(vtd_table_lookup(&table, 0x7fffff000, READ).raw, 0x1234000);
        EXPECT_EQ(vtd_table_lookup(&table, 0x800000123, READ).raw, 0x1235123);
        EXPECT(is_paddr_none(vtd_table_lookup(&table, 0x7fffff000, READ | WRITE)));
        EXPECT(is_paddr_none(vtd_table_lookup(&table, 0x7ffffe000, READ)));
        EXPECT(is_paddr_none(vtd_table_lookup(&table, 0x800001000, READ)));
        vtd_table_unmap(&table, 0x7fffff000, 2 * PAGE_BYTES);
        EXPECT(is_paddr_none(vtd_table_lookup(&table, 0x7fffff000, READ)));
        stop();
    }
}

/* The bits are the manual's. [vt-d 9.8] */
TEST(entries_are_as_the_unit_reads_them)
{
    struct vtd_table like = format(3, 3);
    like.is_snooped = true;
    EXPECT_OK(vtd_table_init(&table, &like));
    EXPECT_OK(vtd_table_map(&table, 0x40000000, PADDR(0x80000000), GIANT_BYTES, READ | WRITE));
    EXPECT_OK(vtd_table_map(&table, 0x200000, PADDR(0x600000), HUGE_BYTES, WRITE));
    EXPECT_OK(vtd_table_map(&table, 0x1000, PADDR(0x7000), PAGE_BYTES, READ));
    const uint64_t *top = direct_map(table.root);
    EXPECT_EQ(top[1], 0x80000883);
    const uint64_t *middle = direct_map(PADDR(top[0] & VTD_SL_ADDRESS));
    EXPECT_EQ(top[0] & 0xfff, 3);
    EXPECT_EQ(middle[1], 0x600882);
    const uint64_t *low = direct_map(PADDR(middle[0] & VTD_SL_ADDRESS));
    EXPECT_EQ(low[1], 0x7801);
    EXPECT_EQ(low[0] | low[2], 0);
    stop();
}

TEST(large_leaves_are_used_where_both_sides_are_aligned_and_the_unit_has_them)
{
    uint64_t bytes = GIANT_BYTES + HUGE_BYTES + PAGE_BYTES;
    start(3, 3);
    EXPECT_OK(vtd_table_map(&table, GIANT_BYTES, PADDR(3ull * GIANT_BYTES), bytes, READ));
    EXPECT_EQ(fake_heap_frames(), 3);
    EXPECT_EQ(vtd_table_lookup(&table, GIANT_BYTES + bytes - 1, READ).raw, 3ull * GIANT_BYTES + bytes - 1);
    vtd_table_unmap(&table, GIANT_BYTES, bytes);
    EXPECT(is_paddr_none(vtd_table_lookup(&table, GIANT_BYTES, READ)));
    stop();
    start(3, 2);
    EXPECT_OK(vtd_table_map(&table, GIANT_BYTES, PADDR(3ull * GIANT_BYTES), GIANT_BYTES, READ));
    EXPECT_EQ(fake_heap_frames(), 2);
    EXPECT_OK(vtd_table_map(&table, 0, PADDR(PAGE_BYTES), HUGE_BYTES, READ)); /* not aligned */
    EXPECT_EQ(fake_heap_frames(), 4);
    stop();
    start(3, 1);
    EXPECT_OK(vtd_table_map(&table, 0, PADDR(0), 2 * HUGE_BYTES, READ));
    EXPECT_EQ(fake_heap_frames(), 4);
    stop();
}

TEST(a_large_leaf_goes_below_where_a_table_is_left_from_before)
{
    start(3, 2);
    EXPECT_OK(vtd_table_map(&table, HUGE_BYTES + PAGE_BYTES, PADDR(0x5000), PAGE_BYTES, READ));
    vtd_table_unmap(&table, HUGE_BYTES + PAGE_BYTES, PAGE_BYTES);
    EXPECT_OK(vtd_table_map(&table, HUGE_BYTES, PADDR(2 * HUGE_BYTES), HUGE_BYTES, READ));
    EXPECT_EQ(vtd_table_lookup(&table, 2 * HUGE_BYTES - 1, READ).raw, 3 * HUGE_BYTES - 1);
    stop();
}

TEST(free_addresses_are_found_from_below_and_come_again_when_they_are_free)
{
    start(3, 3);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t at = vtd_table_find(&table, 0x100000, LAST, PAGE_BYTES, PAGE_BYTES, 0);
        EXPECT_EQ(at, 0x100000 + i * PAGE_BYTES);
        EXPECT_OK(vtd_table_map(&table, at, PADDR(0x1000), PAGE_BYTES, READ));
    }
    vtd_table_unmap(&table, 0x100000 + 700 * PAGE_BYTES, PAGE_BYTES);
    vtd_table_unmap(&table, 0x100000 + 500 * PAGE_BYTES, 2 * PAGE_BYTES);
    EXPECT_EQ(vtd_table_find(&table, 0x100000, LAST, 2 * PAGE_BYTES, PAGE_BYTES, 0),
              0x100000 + 500 * PAGE_BYTES);
    EXPECT_EQ(vtd_table_find(&table, 0x100000, LAST, 3 * PAGE_BYTES, PAGE_BYTES, 0),
              0x100000 + 1000 * PAGE_BYTES);
    for (uint32_t i = 0; i < 3; i++) {
        static const uint64_t expected[] = { 500, 501, 700 };
        uint64_t at = vtd_table_find(&table, 0x100000, LAST, PAGE_BYTES, PAGE_BYTES, 0);
        EXPECT_EQ(at, 0x100000 + expected[i] * PAGE_BYTES);
        EXPECT_OK(vtd_table_map(&table, at, PADDR(0x1000), PAGE_BYTES, READ));
    }
    stop();
}

TEST(addresses_are_found_by_phase_and_only_within_bounds)
{
    start(3, 3);
    EXPECT_EQ(vtd_table_find(&table, 0x100000, LAST, HUGE_BYTES, HUGE_BYTES, 0x40003000), 0x203000);
    EXPECT_EQ(vtd_table_find(&table, 0x1000, LAST, HUGE_BYTES, HUGE_BYTES, 0x40003000), 0x3000);
    EXPECT_EQ(vtd_table_find(&table, 0x1000, 0x2fff, 2 * PAGE_BYTES, PAGE_BYTES, 0), 0x1000);
    EXPECT_EQ(vtd_table_find(&table, 0x1000, 0x2ffe, 2 * PAGE_BYTES, PAGE_BYTES, 0), VTD_NO_ADDRESS);
    EXPECT_EQ(vtd_table_find(&table, 0x1000, LAST, LAST, PAGE_BYTES, 0), VTD_NO_ADDRESS);
    EXPECT_OK(vtd_table_map(&table, 0x40000000, PADDR(0), GIANT_BYTES, READ));
    EXPECT_EQ(vtd_table_find(&table, 0x3ffff000, LAST, HUGE_BYTES, PAGE_BYTES, 0), 0x80000000);
    stop();
}

TEST(every_allocation_that_fails_leaves_nothing_behind_that_cannot_be_unmapped)
{
    struct vtd_table like = format(4, 1);
    fake_heap_fail_at(1);
    EXPECT_ERR(vtd_table_init(&table, &like), ERR_NO_MEMORY);
    for (uint64_t n = 1; n <= 4; n++) {
        start(4, 1);
        fake_heap_fail_at(n);
        EXPECT_ERR(vtd_table_map(&table, HUGE_BYTES - PAGE_BYTES, PADDR(0x1000), 2 * PAGE_BYTES, READ),
                   ERR_NO_MEMORY);
        fake_heap_fail_at(0);
        vtd_table_unmap(&table, HUGE_BYTES - PAGE_BYTES, 2 * PAGE_BYTES);
        EXPECT(is_paddr_none(vtd_table_lookup(&table, HUGE_BYTES - PAGE_BYTES, READ)));
        EXPECT_OK(vtd_table_map(&table, HUGE_BYTES - PAGE_BYTES, PADDR(0x1000), 2 * PAGE_BYTES, READ));
        stop();
    }
}
