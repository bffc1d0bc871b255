/* SPDX-License-Identifier: Apache-2.0 */
/* What a space says it holds, against what was done to it. */
#include "vm/space_report.h"

#include "vm/space_ktest.h"

enum { OWN = PAGES_ANONYMOUS | PAGES_DIRTY };

static struct area_report area;
static struct page_sums pages;

static void report(uint64_t address)
{
    EXPECT(space_report_area(space, address, &area, &pages));
    EXPECT(!area.backing);
}

static uint64_t bytes_but(uint32_t class)
{
    uint64_t sum = 0;
    for (uint32_t c = 0; c < PAGES_CLASSES; c++)
        if (c != class) sum += pages.bytes[c];
    return sum;
}

TEST(a_report_walks_through_the_areas_by_the_addresses_they_end_at)
{
    open_space();
    map(0x20000000, 2 * PAGE_BYTES, RW | SPACE_FIXED);
    map(0x20004000, PAGE_BYTES, SPACE_READ | SPACE_FIXED);
    report(0);
    EXPECT_EQ(area.start, 0x20000000);
    EXPECT_EQ(area.flags & SPACE_PROTECTION, RW);
    report(area.end - 1);
    EXPECT_EQ(area.start, 0x20000000);
    report(area.end);
    EXPECT_EQ(area.start, 0x20004000);
    EXPECT_EQ(area.flags & SPACE_PROTECTION, SPACE_READ);
    EXPECT(!space_report_area(space, area.end, &area, &pages));
    struct space_report whole;
    space_report(space, &whole);
    EXPECT_EQ(whole.start, 0x20000000);
    EXPECT_EQ(whole.end, 0x20005000);
    EXPECT_EQ(whole.mapped_bytes, 3 * PAGE_BYTES);
    EXPECT_EQ(whole.data_bytes, 2 * PAGE_BYTES);
    close_space();
}

TEST(an_empty_space_reports_nothing)
{
    open_space();
    struct space_report whole;
    EXPECT(!space_report_area(space, 0, &area, NULL));
    space_report(space, &whole);
    EXPECT_EQ(whole.start + whole.end + whole.mapped_bytes + whole.resident_peak_bytes + whole.table_bytes,
              0);
    close_space();
}

TEST(pages_are_counted_when_they_are_there_also_without_access)
{
    open_space();
    uint64_t at = map(0, 8 * PAGE_BYTES, RW);
    report(at);
    EXPECT_EQ(bytes_but(PAGES_CLASSES), 0);
    poke(at, 1);
    poke(at + 5 * PAGE_BYTES, 1);
    EXPECT_OK(space_protect(space, at, 8 * PAGE_BYTES, 0));
    report(at);
    EXPECT_EQ(pages.bytes[OWN], 2 * PAGE_BYTES);
    EXPECT_EQ(pages.proportional[OWN], 2 * PAGE_BYTES);
    EXPECT_EQ(bytes_but(OWN), 0);
    EXPECT_EQ(space->resident_pages, 2);
    close_space();
}

TEST(large_leaves_are_told_from_small_ones_and_a_split_is_seen)
{
    open_space();
    uint64_t at = map(0, 2 * HUGE_BYTES + PAGE_BYTES, RW);
    EXPECT(is_aligned(at, HUGE_BYTES));
    report(at);
    EXPECT(area.may_be_huge);
    for (uint64_t i = 0; i < 3; i++) poke(at + i * HUGE_BYTES, 1);
    report(at);
    EXPECT_EQ(pages.bytes[OWN | PAGES_LARGE], 2 * HUGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN], PAGE_BYTES);
    EXPECT_OK(space_unmap(space, at + PAGE_BYTES, PAGE_BYTES));
    report(at);
    EXPECT_EQ(pages.bytes[OWN], PAGE_BYTES);
    EXPECT(!area.may_be_huge);
    report(area.end);
    EXPECT_EQ(pages.bytes[OWN | PAGES_LARGE], HUGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN], HUGE_BYTES - PAGE_BYTES); /* 510 of the split one, one of the tail */
    close_space();
}

static err_t agree(const struct area *of, uint64_t context)
{
    (void)of, (void)context;
    return OK;
}

/* Advice cuts areas without touching their pages. */
TEST(a_leaf_that_reaches_across_areas_counts_in_each_by_its_part)
{
    open_space();
    uint64_t at = map(0, HUGE_BYTES, RW), quarter = HUGE_BYTES / 4;
    poke(at, 1);
    EXPECT_OK(space_mark(space, at + quarter, quarter, agree, 0, 0, SPACE_NO_FORK));
    EXPECT_EQ(leaf_at(space, at), HUGE_SHIFT);
    const uint64_t parts[] = { quarter, quarter, 2 * quarter };
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        report(at);
        EXPECT_EQ(area.end - area.start, parts[i]);
        EXPECT_EQ(pages.bytes[OWN | PAGES_LARGE], parts[i]);
        EXPECT_EQ(bytes_but(OWN | PAGES_LARGE), 0);
        at = area.end;
    }
    close_space();
}

TEST(what_clones_share_is_divided_among_them_until_one_writes)
{
    struct space *second, *third;
    open_space();
    uint64_t at = map(0, 2 * HUGE_BYTES, RW), small = map(0x20000000, 4 * PAGE_BYTES, RW | SPACE_FIXED);
    poke(at, 1);
    poke(at + HUGE_BYTES, 1);
    poke(small, 1);
    poke(small + PAGE_BYTES, 1);
    EXPECT_OK(space_clone(space, &second));
    EXPECT_OK(space_clone(space, &third));
    report(small);
    EXPECT_EQ(pages.bytes[OWN | PAGES_SHARED], 2 * PAGE_BYTES);
    EXPECT_EQ(pages.proportional[OWN | PAGES_SHARED], 2 * (PAGE_BYTES / 3));
    poke(small, 2);
    poke(at, 2); /* one page of the first leaf is copied, the others stay shared, now one by one */
    report(small);
    EXPECT_EQ(pages.bytes[OWN], PAGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN | PAGES_SHARED], PAGE_BYTES);
    report(at);
    EXPECT_EQ(pages.bytes[OWN], PAGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN | PAGES_SHARED], HUGE_BYTES - PAGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN | PAGES_SHARED | PAGES_LARGE], HUGE_BYTES);
    EXPECT_EQ(pages.proportional[OWN | PAGES_SHARED | PAGES_LARGE], 512 * (PAGE_BYTES / 3));
    space_destroy(second);
    space_destroy(third);
    report(at);
    EXPECT_EQ(pages.bytes[OWN], HUGE_BYTES);
    EXPECT_EQ(pages.bytes[OWN | PAGES_LARGE], HUGE_BYTES);
    close_space();
}

TEST(peaks_stay_when_memory_goes)
{
    struct space_report whole;
    open_space();
    uint64_t at = map(0, 64 * PAGE_BYTES, RW);
    for (uint64_t i = 0; i < 10; i++) poke(at + i * PAGE_BYTES, 1);
    space_report(space, &whole);
    EXPECT_EQ(whole.resident_peak_bytes, 10 * PAGE_BYTES);
    EXPECT_OK(space_unmap(space, at + 2 * PAGE_BYTES, 62 * PAGE_BYTES));
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, SPACE_READ));
    space_report(space, &whole);
    EXPECT_EQ(whole.mapped_bytes, 2 * PAGE_BYTES);
    EXPECT_EQ(whole.mapped_peak_bytes, 64 * PAGE_BYTES);
    EXPECT_EQ(whole.resident_peak_bytes, 10 * PAGE_BYTES);
    close_space();
}

TEST(the_first_stack_is_known_by_where_the_program_began)
{
    open_space();
    uint64_t at = map(0x30000000, 4 * PAGE_BYTES, RW | SPACE_FIXED | SPACE_STACK | SPACE_GROWS_DOWN);
    uint64_t other = map(0x40000000, 4 * PAGE_BYTES, RW | SPACE_FIXED | SPACE_STACK | SPACE_GROWS_DOWN);
    space->stack_start = at + 3 * PAGE_BYTES;
    poke(at - PAGE_BYTES, 1);
    report(at);
    EXPECT_EQ(area.start, at - PAGE_BYTES);
    EXPECT(area.is_first_stack);
    EXPECT(!area.may_be_huge);
    report(other);
    EXPECT(!area.is_first_stack);
    close_space();
}

TEST(page_tables_are_counted_below_the_root)
{
    struct space_report whole;
    open_space();
    uint64_t at = map(0, 2 * HUGE_BYTES, RW);
    poke(at, 1);
    space_report(space, &whole);
    EXPECT_EQ(whole.table_bytes, 2 * PAGE_BYTES); /* of levels 3 and 2 */
    uint64_t far = map(0x20000000, PAGE_BYTES, RW | SPACE_FIXED);
    poke(far, 1);
    space_report(space, &whole);
    EXPECT_EQ(whole.table_bytes, 5 * PAGE_BYTES);
    EXPECT_OK(space_unmap(space, far, PAGE_BYTES));
    space_report(space, &whole);
    EXPECT_EQ(whole.table_bytes, 2 * PAGE_BYTES);
    close_space();
}
