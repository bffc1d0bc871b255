/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve without the dress of debug builds, so that sizes are what they are. */
#include "mm/heap_internal.h"

#include <string.h>

#include "mm/direct_map.h"
#include "mm/frame.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"

enum { ARENA_PAGES = 16, PIECE_HEADER = 16 };

static uint64_t free_at_start;

static void start(uint64_t ram_bytes)
{
    fake_machine_start(ram_bytes);
    heap_init();
    free_at_start = frame_free_count();
}

static uint64_t held_pages(void) { return heap_stats().held_pages; }

static void all_is_given_back(void)
{
    struct heap_stats stats = heap_stats();
    EXPECT_EQ(stats.used_blocks, 0);
    EXPECT_EQ(stats.used_bytes, 0);
    EXPECT_EQ(stats.held_pages, 0);
    EXPECT_EQ(frame_free_count(), free_at_start);
}

/* How many blocks of a size one arena holds, found by trying. */
static uint32_t blocks_in_arena(size_t bytes)
{
    void *blocks[64];
    uint32_t count = 0;
    while (count < ARRAY_LENGTH(blocks) && (blocks[count] = heap_reserve_alloc(bytes)) &&
           held_pages() == ARENA_PAGES)
        count++;
    for (uint32_t i = 0; i <= count; i++) heap_reserve_free(blocks[i]);
    return count;
}

TEST(heap_reserve_takes_exactly_the_sizes_of_which_it_holds_an_eighth_more_than_runs)
{
    start(8ull << 20);
    for (size_t bytes = HEAP_SMALL_MAX + 1; bytes < 33000; bytes += bytes % 64 ? 1 : 48) {
        uint64_t run_pages = (bytes + HEAP_HEADER_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
        bool is_worth = blocks_in_arena(bytes) * run_pages >= ARENA_PAGES + 2;
        if (heap_reserve_wants(bytes) != is_worth) EXPECT_EQ(bytes, heap_reserve_wants(bytes));
    }
    for (size_t bytes = 33000; bytes < 300000; bytes++)
        if (heap_reserve_wants(bytes)) EXPECT_EQ(bytes, 0);
    EXPECT(!heap_reserve_wants(SIZE_MAX) && !heap_reserve_wants(SIZE_MAX - 60));
    all_is_given_back();
}

TEST(heap_reserve_has_the_edges_the_header_tells_of)
{
    static const struct {
        size_t bytes;
        bool is_reserve;
    } edges[] = {
        { 2017, true }, { 3600, true }, { 3601, false },  { 4000, false }, { 4032, false }, { 4033, true },
        { 4096, true }, { 5000, true }, { 32704, false }, { 32705, true }, { 32720, true }, { 32721, false },
    };
    for (uint32_t i = 0; i < ARRAY_LENGTH(edges); i++) {
        start(8ull << 20);
        if (heap_reserve_wants(edges[i].bytes) != edges[i].is_reserve) EXPECT_EQ(edges[i].bytes, 0);
        size_t asked = edges[i].bytes - (CONFIG_DEBUG ? HEAP_DRESS_FRONT + HEAP_DRESS_BACK : 0);
        char *block = heap_alloc(asked);
        EXPECT_EQ(heap_reserve_has(CONFIG_DEBUG ? block - HEAP_DRESS_FRONT : block), edges[i].is_reserve);
        EXPECT(edges[i].is_reserve == (held_pages() == ARENA_PAGES));
        heap_free(block);
        all_is_given_back();
    }
}

TEST(heap_reserve_holds_21_blocks_of_3000_bytes_where_runs_hold_16)
{
    start(8ull << 20);
    EXPECT_EQ(blocks_in_arena(3000), 21);
    EXPECT_EQ(blocks_in_arena(4096), 15);
    EXPECT_EQ(blocks_in_arena(32720), 2);
}

TEST(heap_reserve_blocks_are_aligned_and_never_to_a_page)
{
    start(8ull << 20);
    void *blocks[60];
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
        blocks[i] = heap_reserve_alloc(2017 + i * 77);
        EXPECT_EQ((uint64_t)blocks[i] % 32, 16);
        EXPECT(heap_reserve_capacity(blocks[i]) >= 2017 + i * 77);
        memset(blocks[i], 0xff, heap_reserve_capacity(blocks[i]));
    }
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) heap_reserve_free(blocks[i]);
    all_is_given_back();
}

TEST(heap_reserve_takes_the_first_hole_that_is_large_enough)
{
    start(8ull << 20);
    char *a = heap_reserve_alloc(3000), *b = heap_reserve_alloc(5000), *c = heap_reserve_alloc(3000);
    char *d = heap_reserve_alloc(3000), *e = heap_reserve_alloc(3000);
    EXPECT(a < b && b < c && c < d && d < e);
    heap_reserve_free(b);
    heap_reserve_free(d);
    EXPECT(heap_reserve_alloc(3000) == b); /* though the other fits better */
    EXPECT(heap_reserve_alloc(3000) == d);
}

TEST(heap_reserve_joins_free_neighbours_in_every_order)
{
    static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                          { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    for (uint32_t k = 0; k < ARRAY_LENGTH(orders); k++) {
        start(8ull << 20);
        void *before = heap_reserve_alloc(3000), *three[3], *behind;
        for (uint32_t i = 0; i < 3; i++) three[i] = heap_reserve_alloc(3000);
        behind = heap_reserve_alloc(3000);
        for (uint32_t i = 0; i < 3; i++) heap_reserve_free(three[orders[k][i]]);
        void *joined = heap_reserve_alloc(9000); /* exactly: 3 * 3040 - 16 >= 9000 */
        EXPECT(joined == three[0]);
        EXPECT_EQ(heap_reserve_capacity(joined), 3 * 3040 - PIECE_HEADER);
        heap_reserve_free(before);
        heap_reserve_free(joined);
        heap_reserve_free(behind);
        void *half = heap_reserve_alloc(32720), *other = heap_reserve_alloc(32720);
        EXPECT(half == before && other != NULL);
        EXPECT_EQ(held_pages(), ARENA_PAGES);
        heap_reserve_free(half);
        heap_reserve_free(other);
        all_is_given_back();
    }
}

TEST(heap_reserve_splits_off_only_what_a_block_can_use)
{
    start(8ull << 20);
    void *hole = heap_reserve_alloc(8000), *behind = heap_reserve_alloc(3000);
    size_t capacity = heap_reserve_capacity(hole);
    heap_reserve_free(hole);
    EXPECT(heap_reserve_alloc(capacity - 2016) == hole); /* 2016 bytes less: no block of its own */
    EXPECT_EQ(heap_reserve_capacity(hole), capacity);
    heap_reserve_free(hole);
    EXPECT(heap_reserve_alloc(capacity - 2048) == hole);
    EXPECT_EQ(heap_reserve_capacity(hole), capacity - 2048);
    void *rest = heap_reserve_alloc(2017);
    EXPECT(rest > hole && rest < behind);
}

TEST(heap_reserve_keeps_one_empty_arena_until_a_trim)
{
    start(8ull << 20);
    void *blocks[6];
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) blocks[i] = heap_reserve_alloc(32720);
    EXPECT_EQ(free_at_start - frame_free_count(), 3 * ARENA_PAGES);
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) heap_reserve_free(blocks[i]);
    EXPECT_EQ(free_at_start - frame_free_count(), ARENA_PAGES);
    heap_reserve_free(heap_reserve_alloc(3000));
    EXPECT_EQ(free_at_start - frame_free_count(), ARENA_PAGES);
    heap_reserve_trim();
    EXPECT_EQ(frame_free_count(), free_at_start);
    all_is_given_back();
}

TEST(heap_reserve_finds_room_in_any_of_many_arenas)
{
    start(32ull << 20);
    static void *blocks[15 * 100];
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) blocks[i] = heap_reserve_alloc(4096);
    uint64_t held = held_pages();
    EXPECT_EQ(held, 100 * ARENA_PAGES);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t k = i * 37 % 100 * 15 + i % 14;
        heap_reserve_free(blocks[k]);
        heap_reserve_free(blocks[k + 1]);
        blocks[k] = heap_reserve_alloc(8200);
        blocks[k + 1] = NULL;
        EXPECT_EQ(held_pages(), held);
    }
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++)
        if (blocks[i]) heap_reserve_free(blocks[i]);
    all_is_given_back();
}

TEST(heap_odd_blocks_come_as_runs_when_there_is_no_arena_to_be_had)
{
    start(8ull << 20);
    paddr_t last = PADDR_NONE, frame;
    while (!is_paddr_none(frame = frame_alloc())) last = frame;
    EXPECT(!heap_alloc(2500));
    frame_free(last);
    void *block = heap_alloc(2500);
    EXPECT(block != NULL);
    EXPECT_EQ(held_pages(), 1);
    EXPECT(!heap_alloc(2500));
    heap_free(block);
}

TEST(heap_reserve_memory_is_given_back_before_another_allocation_fails)
{
    start(8ull << 20);
    heap_reserve_free(heap_reserve_alloc(3000)); /* leaves an empty arena */
    while (!is_paddr_none(frame_alloc())) continue;
    EXPECT(heap_alloc(40000) != NULL);
}

/* What a block's owner writes where the heap looks for a seal: seals of other places are none here. */
TEST(heap_reserve_blocks_may_hold_anything_at_the_start_of_a_page)
{
    start(8ull << 20);
    char *small = heap_small_alloc(64), *block = heap_reserve_alloc(30000);
    uint64_t slab_seal = *(uint64_t *)align_down((uint64_t)small, PAGE_BYTES);
    uint64_t piece_seal = *(uint64_t *)(block - PIECE_HEADER);
    char *page = (char *)align_up((uint64_t)block, PAGE_BYTES);
    char *second = heap_reserve_alloc(3000);
    uint64_t seals[] = { slab_seal, piece_seal, 0, UINT64_MAX };
    for (uint32_t i = 0; i < ARRAY_LENGTH(seals); i++) {
        *(uint64_t *)page = seals[i];
        *(uint64_t *)align_down((uint64_t)second, PAGE_BYTES) = seals[i]; /* still inside the first block */
        EXPECT(align_down((uint64_t)second, PAGE_BYTES) > (uint64_t)block);
        EXPECT(!heap_is_sealed(page, HEAP_SLAB) && !heap_is_sealed(page, HEAP_RUN));
        EXPECT(heap_reserve_has(second) && heap_reserve_has(block));
        EXPECT(!heap_reserve_has(page + PIECE_HEADER));
    }
    if (CONFIG_DEBUG) return;
    heap_free(second);
    heap_free(block);
    heap_free(small);
    all_is_given_back();
}

TEST(heap_reserve_knows_a_second_free_and_a_wild_one_in_every_build)
{
    start(8ull << 20);
    char *a = heap_reserve_alloc(3000), *b = heap_reserve_alloc(3000);
    for (int64_t offset = -64; offset < 3000; offset += 8)
        if (heap_reserve_has(a + offset) != (offset == 0)) EXPECT_EQ(offset, 0);
    heap_reserve_free(a);
    EXPECT(!heap_reserve_has(a));
    heap_reserve_free(b);
    EXPECT(!heap_reserve_has(b));
    heap_reserve_alloc(9000);
    EXPECT(heap_reserve_has(a) && !heap_reserve_has(b));
    if (CONFIG_DEBUG) return;
    EXPECT_PANIC(heap_free(b), "is not a block of the heap");
}

TEST(heap_debug_dress_survives_pieces_that_join_and_split)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    uint64_t random = 88172645463325252;
    struct {
        char *bytes;
        size_t size;
    } held[24] = { 0 };
    for (uint32_t i = 0; i < 20000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint32_t k = random % ARRAY_LENGTH(held);
        heap_free(held[k].bytes);
        held[k].size = 2000 + (random >> 8) % 12000;
        held[k].bytes = heap_alloc(held[k].size);
        /* Partly written, as buffers are: what lies behind keeps older contents. */
        memset(held[k].bytes + held[k].size / 2, 0x77, random >> 32 & 1 ? held[k].size / 4 : 0);
    }
    for (uint32_t k = 0; k < ARRAY_LENGTH(held); k++) heap_free(held[k].bytes);
    all_is_given_back();

    char *block = heap_alloc(3000), *keep = heap_alloc(3000);
    __asm__ volatile("" : "+r"(block));
    heap_free(block);
    __asm__ volatile("" : "+r"(block));
    EXPECT_PANIC(heap_free(block), "freed twice");
    block[100] = 1;
    EXPECT_PANIC(block = heap_alloc(3000), "write to a freed block");
    heap_free(keep);
}

/* A freed block's record may outlive its piece: here behind the last byte of one that ends where it lies. */
TEST(heap_debug_a_record_inside_a_larger_piece_is_not_believed)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    enum { SIZE = 100 * 32 - PIECE_HEADER - HEAP_DRESS_FRONT - HEAP_DRESS_BACK };
    char *a = heap_alloc(SIZE), *b = heap_alloc(SIZE), *behind = heap_alloc(SIZE);
    EXPECT_EQ(b - a, 100 * 32);
    heap_free(a);
    heap_free(b);
    char *longer = heap_alloc(SIZE + 1), *rest = heap_alloc(SIZE - 32);
    EXPECT(longer == a && rest == b + 32);
    heap_free(rest);
    heap_free(longer);
    EXPECT(heap_alloc(SIZE) == a);
    EXPECT(heap_alloc(SIZE) == b);
    heap_free(a);
    heap_free(b);
    heap_free(behind);
    all_is_given_back();
}
