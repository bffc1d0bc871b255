/* SPDX-License-Identifier: Apache-2.0 */
/* What allocating costs, in instructions, call and return included: this kernel's frames and heap, and a
 * plain buddy system beside them. Runs in a release kernel on a counting machine, where the TSC is the
 * number of instructions executed (docs/decisions/0006-counting-instructions.md): `make bench-frames`. */
#include "arch/cpu.h"
#include "bench/buddy.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "tests/harness/test.h"

enum {
    ROUNDS = 1000,
    HUGE_ORDER = HUGE_SHIFT - PAGE_SHIFT,
    BUDDY_BLOCKS = 64,
    BLOCKS_MAX = 4096,
};

/* The cost of one round of `body` without that of the loop. */
#define COST(body)                                                               \
    ({                                                                           \
        uint64_t start_ = tsc_read();                                            \
        for (int i_ = 0; i_ < ROUNDS; i_++) __asm__ volatile("" : : : "memory"); \
        uint64_t empty_ = tsc_read() - start_;                                   \
        start_ = tsc_read();                                                     \
        for (int i_ = 0; i_ < ROUNDS; i_++) {                                    \
            __asm__ volatile("" : : : "memory");                                 \
            body;                                                                \
        }                                                                        \
        (tsc_read() - start_ - empty_) / ROUNDS;                                 \
    })

static struct buddy buddy;
static struct buddy_frame buddy_table[BUDDY_BLOCKS << HUGE_ORDER];
static uint64_t random = 88172645463325252;

static uint64_t next_random(uint64_t below)
{
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random % below;
}

static void buddy_start(uint32_t max_order)
{
    buddy_init(&buddy, buddy_table, ARRAY_LENGTH(buddy_table), max_order);
}

/* A pair at 90 % fill, where what is freed is any of what is held: (alloc + free) on average. */
static uint64_t buddy_busy(void)
{
    uint64_t blocks[BUDDY_BLOCKS], count = BUDDY_BLOCKS * 9 / 10, sum = 0;
    for (uint64_t i = 0; i < count; i++) blocks[i] = buddy_alloc(&buddy, HUGE_ORDER);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t *block = &blocks[next_random(count)], start = tsc_read();
        buddy_free(&buddy, *block, HUGE_ORDER);
        *block = buddy_alloc(&buddy, HUGE_ORDER);
        sum += tsc_read() - start;
    }
    for (uint64_t i = 0; i < count; i++) buddy_free(&buddy, blocks[i], HUGE_ORDER);
    return sum / ROUNDS;
}

static uint64_t ours_busy(void)
{
    static paddr_t blocks[BLOCKS_MAX];
    uint64_t count = MIN(frame_free_huge_count() * 9 / 10, (uint64_t)BLOCKS_MAX), sum = 0;
    for (uint64_t i = 0; i < count; i++) blocks[i] = frame_alloc_huge();
    for (int i = 0; i < ROUNDS; i++) {
        paddr_t *block = &blocks[next_random(count)];
        uint64_t start = tsc_read();
        frame_free_huge(*block);
        *block = frame_alloc_huge();
        sum += tsc_read() - start;
    }
    for (uint64_t i = 0; i < count; i++) frame_free_huge(blocks[i]);
    return sum / ROUNDS;
}

TEST(bench_a_block_of_2_mib_costs_40_instructions_and_half_of_what_a_buddy_takes)
{
    frame_free_huge(frame_alloc_huge());
    uint64_t ours = COST(frame_free_huge(frame_alloc_huge())), busy = ours_busy();
    EXPECT(ours <= 40);
    test_note("2 MiB allocate + free: %llu alone, %llu at 90 %% fill", (unsigned long long)ours,
              (unsigned long long)busy);
    static const uint32_t orders[] = { HUGE_ORDER + 1, GIANT_SHIFT - PAGE_SHIFT - 3 };
    for (uint32_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        buddy_start(orders[i]);
        uint64_t alone = COST(buddy_free(&buddy, buddy_alloc(&buddy, HUGE_ORDER), HUGE_ORDER));
        uint64_t peer_busy = buddy_busy();
        test_note("  the same, buddy with pieces up to %llu MiB: %llu alone, %llu at 90 %% fill",
                  (1ull << orders[i]) >> 8, (unsigned long long)alone, (unsigned long long)peer_busy);
        EXPECT(ours * 2 <= alone);
    }
}

TEST(bench_a_frame)
{
    frame_free(frame_alloc());
    uint64_t ours = COST(frame_free(frame_alloc()));
    buddy_start(HUGE_ORDER + 1);
    uint64_t peer = COST(buddy_free(&buddy, buddy_alloc(&buddy, 0), 0));
    test_note("4 KiB allocate + free: %llu; buddy: %llu", (unsigned long long)ours, (unsigned long long)peer);
    EXPECT(ours * 2 <= peer);
}

TEST(bench_a_zeroed_block_from_the_pool_costs_as_much_as_any)
{
    uint64_t sum = 0, count = 0;
    while (frame_pool_fill_step()) continue;
    paddr_t blocks[64];
    for (uint64_t start; count < 64 && frame_pool_count(); count++) {
        start = tsc_read();
        blocks[count] = frame_alloc_huge_zeroed();
        sum += tsc_read() - start;
    }
    EXPECT(count > 0);
    test_note("zeroed 2 MiB block from the pool: %llu", (unsigned long long)(sum / MAX(count, 1ull)));
    for (uint64_t i = 0; i < count; i++) frame_free_huge(blocks[i]);
}

static uint64_t heap_pair(size_t bytes)
{
    void *keep = heap_alloc(bytes);
    uint64_t ours = COST(heap_free(heap_alloc(bytes)));
    heap_free(keep);
    return ours;
}

TEST(bench_a_heap_block)
{
    uint64_t small = heap_pair(64), odd = heap_pair(3000), path = heap_pair(4096), large = heap_pair(100000);
    test_note("heap_alloc + heap_free: %llu for 64 bytes, %llu for 3,000, %llu for 4,096, %llu for 100,000",
              (unsigned long long)small, (unsigned long long)odd, (unsigned long long)path,
              (unsigned long long)large);
    EXPECT(small <= 48);

    /* Never a block that was just freed: caches are filled and emptied, half of one at a time. */
    void *blocks[100];
    uint64_t start = tsc_read();
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) blocks[i] = heap_alloc(64);
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) heap_free(blocks[i]);
    test_note("  100 blocks of 64 bytes in a row: %llu each",
              (unsigned long long)((tsc_read() - start) / ARRAY_LENGTH(blocks)));
}
