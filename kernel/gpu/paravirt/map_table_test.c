/* SPDX-License-Identifier: Apache-2.0 */
/* Tables read as the device reads them, entry by entry, beside a plain record of what was mapped. */
#include <string.h>

#include "gpu/paravirt/paravirt_internal.h"
#include "lib/random.h"
#include "mm/direct_map.h"
#include "tests/fakes/fake_heap.h"
#include "tests/harness/test.h"

enum { PAGES = 4096, PAGE = PAGE_BYTES, RW = GPU_READABLE | GPU_WRITABLE };
#define BASE 0x7f0000000000ull /* PAGES pages from here on are looked at */

/* As abi/gpu_ring.h tells it. 0: a fault. Else the leaf's bits and address, of the page. */
static uint64_t device_looks(const struct map_table *table, uint64_t at, uint32_t *level)
{
    uint64_t entry = table->root.raw | GPU_MAP_VALID;
    for (*level = GPU_MAP_LEVELS;; (*level)--) {
        uint32_t shift = PAGE_SHIFT + 9 * (*level - 1);
        entry = ((uint64_t *)direct_map(PADDR(entry & GPU_MAP_ADDRESS)))[at >> shift & 511];
        if (!entry) return 0;
        if (*level == 1 || entry & GPU_MAP_LEAF)
            return (entry & ~(uint64_t)GPU_MAP_LEAF) + (at & ((1ull << shift) - 1) & GPU_MAP_ADDRESS);
    }
}

static uint64_t bits_of(const struct gpu_piece *piece, uint32_t flags)
{
    return flags | GPU_MAP_VALID | (piece->is_vram ? GPU_MAP_VRAM : 0);
}

TEST(a_piece_is_mapped_by_the_largest_leaves_that_both_its_addresses_allow)
{
    struct map_table table;
    uint32_t level;
    struct gpu_piece piece = { true, GIANT_BYTES - 2 * HUGE_BYTES, GIANT_BYTES + 3ull * HUGE_BYTES + PAGE };
    EXPECT(!failed(map_table_create(&table)));
    uint64_t at = 0x100000000000ull + piece.address;
    EXPECT(!failed(map_table_map(&table, at, &piece, RW)));
    EXPECT(device_looks(&table, at, &level) == (piece.address | bits_of(&piece, RW)) && level == 2);
    EXPECT(device_looks(&table, at + 2 * HUGE_BYTES, &level) == (GIANT_BYTES | bits_of(&piece, RW)));
    EXPECT(level == 3);
    uint64_t last = piece.bytes - PAGE;
    EXPECT(device_looks(&table, at + last, &level) == ((piece.address + last) | bits_of(&piece, RW)));
    EXPECT(level == 1);
    EXPECT(!device_looks(&table, at + piece.bytes, &level) && !device_looks(&table, at - PAGE, &level));
    struct map_range gone = map_table_unmap(&table, at - PAGE, piece.bytes + 2 * PAGE);
    EXPECT(gone.start == at && gone.end == at + piece.bytes);
    EXPECT_EQ(map_table_unmap(&table, at, piece.bytes).end, 0);
    EXPECT(!device_looks(&table, at, &level) && !device_looks(&table, at + last, &level));
    map_table_destroy(&table);
    EXPECT_EQ(fake_heap_frames(), 0);
}

TEST(a_page_out_of_the_middle_of_a_large_leaf_leaves_the_rest_as_it_was)
{
    struct map_table table;
    uint32_t level;
    struct gpu_piece piece = { false, GIANT_BYTES, GIANT_BYTES };
    EXPECT(!failed(map_table_create(&table)) && !failed(map_table_map(&table, BASE, &piece, RW)));
    EXPECT_EQ(map_table_unmap(&table, BASE + 5ull * HUGE_BYTES + 7 * PAGE, PAGE).end,
              BASE + 5ull * HUGE_BYTES + 8 * PAGE);
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t at = 5ull * HUGE_BYTES + i * PAGE;
        uint64_t expected = i == 7 ? 0 : (piece.address + at) | bits_of(&piece, RW);
        EXPECT(device_looks(&table, BASE + at, &level) == expected && level == 1);
    }
    EXPECT(device_looks(&table, BASE + 6ull * HUGE_BYTES, &level) && level == 2);
    map_table_destroy(&table);
}

TEST(without_memory_for_smaller_leaves_all_of_the_large_one_goes)
{
    struct map_table table;
    uint32_t level;
    struct gpu_piece piece = { false, HUGE_BYTES, HUGE_BYTES };
    EXPECT(!failed(map_table_create(&table)) && !failed(map_table_map(&table, BASE, &piece, RW)));
    fake_heap_fail_at(1);
    struct map_range gone = map_table_unmap(&table, BASE + PAGE, PAGE);
    fake_heap_fail_at(0);
    EXPECT(gone.start == BASE && gone.end == BASE + HUGE_BYTES); /* the device forgets as much */
    EXPECT(!device_looks(&table, BASE, &level) && !device_looks(&table, BASE + PAGE, &level));
    map_table_destroy(&table);
}

TEST(a_map_that_fails_is_unmapped_wholly)
{
    struct map_table table;
    uint32_t level;
    struct gpu_piece piece = { false, PAGE, 4ull * HUGE_BYTES };
    EXPECT(!failed(map_table_create(&table)));
    err_t e = ERR_NO_MEMORY;
    for (uint64_t failures = 0; failed(e); failures++) {
        fake_heap_fail_at(2); /* of six tables one more is there each time */
        e = map_table_map(&table, BASE, &piece, RW);
        fake_heap_fail_at(0);
        if (!failed(e)) EXPECT_EQ(failures, 5);
        if (!failed(e)) break;
        EXPECT_EQ(e.code, ERR_NO_MEMORY.code);
        map_table_unmap(&table, BASE, piece.bytes);
        EXPECT_EQ(map_table_unmap(&table, BASE, piece.bytes).end, 0);
    }
    EXPECT(device_looks(&table, BASE, &level) == (PAGE | bits_of(&piece, RW)));
    map_table_destroy(&table);
    EXPECT_EQ(fake_heap_frames(), 0);
}

TEST(whatever_comes_and_goes_the_device_sees_what_was_mapped_last)
{
    static uint64_t record[PAGES];
    struct map_table table;
    struct random random;
    uint32_t level;
    random_init(&random, "map", 3);
    memset(record, 0, sizeof(record));
    EXPECT(!failed(map_table_create(&table)));
    for (int step = 0; step < 4000; step++) {
        uint64_t first = random_u64(&random) % PAGES, count = 1 + random_u64(&random) % 1200;
        count = MIN(count, PAGES - first);
        struct gpu_piece piece = { random_u64(&random) & 1, (first + (step % 3 ? 0 : 1)) * PAGE,
                                   count * PAGE };
        map_table_unmap(&table, BASE + first * PAGE, count * PAGE);
        memset(&record[first], 0, count * sizeof(record[0]));
        if (step % 2 && !failed(map_table_map(&table, BASE + first * PAGE, &piece, RW)))
            for (uint64_t i = 0; i < count; i++)
                record[first + i] = (piece.address + i * PAGE) | bits_of(&piece, RW);
        if (step % 50) continue;
        for (uint64_t i = 0; i < PAGES; i++)
            EXPECT(device_looks(&table, BASE + i * PAGE, &level) == record[i]);
    }
    map_table_destroy(&table);
    EXPECT_EQ(fake_heap_frames(), 0);
}
