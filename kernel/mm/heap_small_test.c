/* SPDX-License-Identifier: Apache-2.0 */
/* The caches of small blocks; what they promise where interrupts and other CPUs come between. */
#include "mm/heap_internal.h"

#include <string.h>

#include "mm/frame.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"

enum { CLASS_64 = 3 };

static void start(uint64_t ram_bytes)
{
    fake_machine_start(ram_bytes);
    heap_init();
    fake_cpu = 0;
}

/* A raw block of a class, as heap_alloc takes it, and back. */
static void *take(void)
{
    void *block = heap_cache_take(heap_this_cache(CLASS_64));
    return block ? block : heap_small_alloc(64);
}
static void give(void *block)
{
    struct heap_slab *slab = (struct heap_slab *)align_down((uint64_t)block, PAGE_BYTES);
    if (!heap_cache_put(heap_this_cache(CLASS_64), block)) heap_small_free(slab, block);
}

static uint32_t cached(uint32_t cpu)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= HEAP_CACHE_SLOTS; i++) count += heap_caches[cpu][CLASS_64].slots[i] != NULL;
    return count;
}

TEST(heap_cache_is_filled_by_half_and_drained_by_half)
{
    start(8ull << 20);
    void *blocks[40];
    blocks[0] = take();
    EXPECT_EQ(cached(0), HEAP_CACHE_BATCH);
    for (uint32_t i = 1; i <= HEAP_CACHE_BATCH; i++) blocks[i] = take();
    EXPECT_EQ(cached(0), 0);
    for (uint32_t i = HEAP_CACHE_BATCH + 1; i < ARRAY_LENGTH(blocks); i++) blocks[i] = take();
    uint32_t before = cached(0), most = 0;
    for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
        give(blocks[i]);
        most = MAX(most, cached(0));
        EXPECT(cached(0) >= MIN(before, (uint32_t)HEAP_CACHE_BATCH));
    }
    EXPECT_EQ(most, HEAP_CACHE_SLOTS);
    EXPECT_EQ(heap_stats().used_blocks, 0);
    EXPECT_EQ(cached(0), 0);
}

TEST(heap_cache_gives_the_block_that_was_freed_last)
{
    start(8ull << 20);
    void *a = take(), *b = take();
    give(a);
    give(b);
    EXPECT(take() == b);
    EXPECT(take() == a);
}

TEST(heap_cache_of_the_largest_blocks_takes_one_frame_at_a_time)
{
    start(8ull << 20);
    uint64_t free_frames = frame_free_count();
    void *block = heap_small_alloc(HEAP_SMALL_MAX);
    EXPECT_EQ(frame_free_count(), free_frames - 1);
    EXPECT(block != NULL);
}

TEST(heap_blocks_in_other_cpus_caches_are_found_before_an_allocation_fails)
{
    start(8ull << 20);
    frame_cpu_start(1);
    EXPECT_OK(heap_cpu_start(1));
    void *first[HEAP_CACHE_SLOTS];
    fake_cpu = 1;
    for (uint32_t i = 0; i < HEAP_CACHE_SLOTS; i++) first[i] = take();
    while (cached(1)) take();
    for (uint32_t i = 0; i < HEAP_CACHE_SLOTS; i++) give(first[i]);
    EXPECT_EQ(cached(1), HEAP_CACHE_SLOTS);
    fake_cpu = 0;
    while (!is_paddr_none(frame_alloc())) continue;
    uint32_t own = 0;
    while (cached(1) == HEAP_CACHE_SLOTS && heap_alloc(64 - (CONFIG_DEBUG ? 64 : 0)) && own < 10000) own++;
    if (CONFIG_DEBUG) return; /* what is left of the slab is of another size there */
    EXPECT_EQ(cached(1), 0);
    uint32_t count = 0;
    while (heap_alloc(64)) count++;
    EXPECT_EQ(count, HEAP_CACHE_SLOTS - 1);
}

TEST(heap_stats_do_not_count_what_lies_in_caches)
{
    start(8ull << 20);
    frame_cpu_start(1);
    EXPECT_OK(heap_cpu_start(1));
    void *a = heap_alloc(100);
    for (fake_cpu = 0; fake_cpu < 2; fake_cpu++) {
        heap_free(heap_alloc(100));
        heap_free(heap_alloc(1000));
    }
    fake_cpu = 0;
    EXPECT_EQ(heap_stats().used_blocks, 1);
    EXPECT_EQ(heap_stats().held_pages, 1);
    heap_free(a);
    EXPECT_EQ(heap_stats().held_pages, 0);
}

/* After an interrupt in the middle of a step, or another CPU's trim, any slot may be empty or not and `top`
 * may be any value it ever had: nothing may be lost or handed out twice. */
TEST(heap_cache_in_any_state_loses_no_block_and_gives_none_twice)
{
    start(8ull << 20);
    uint64_t random = 88172645463325252;
    void *held[64];
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t count = 0;
        struct heap_cache *cache = &heap_caches[0][CLASS_64];
        for (uint32_t i = 0; i < 24; i++) held[count++] = take();
        heap_small_trim();
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        for (uint32_t i = 1; i <= HEAP_CACHE_SLOTS; i++)
            if (random >> i & 1) cache->slots[i] = held[--count];
        cache->top = random >> 32 & 15 % (HEAP_CACHE_SLOTS + 1);
        for (uint32_t step = 0; step < 20; step++) {
            if (random >> (step + 40) & 1 && count < ARRAY_LENGTH(held)) {
                held[count++] = take();
                for (uint32_t i = 0; i + 1 < count; i++)
                    if (held[i] == held[count - 1]) EXPECT(held[i] != held[count - 1]);
            } else if (count) {
                give(held[--count]);
            }
            if (cache->top > HEAP_CACHE_SLOTS || cache->slots[0])
                EXPECT(cache->top <= HEAP_CACHE_SLOTS && !cache->slots[0]);
        }
        if (round % 16 == 0) EXPECT_EQ(heap_stats().used_blocks, count);
        while (count) give(held[--count]);
    }
    EXPECT_EQ(heap_stats().used_blocks, 0);
    EXPECT_EQ(heap_stats().held_pages, 0);
}

TEST(heap_a_wild_pointer_panics_in_every_build)
{
    start(8ull << 20);
    char *block = heap_alloc(64), *run = heap_alloc(100000);
    char *page = (char *)align_down((uint64_t)block, PAGE_BYTES);
    char *run_page = (char *)align_down((uint64_t)run, PAGE_BYTES);
    void *wild[] = { page + 16, page + 72, block + 8, run + 16, run_page + 16, run + PAGE_BYTES, run_page };
    __asm__ volatile("" : : "r"(wild) : "memory"); /* the compiler knows that these are no blocks */
    const char *words = CONFIG_DEBUG ? "is none" : "is not a block of the heap";
    for (uint32_t i = 0; i < ARRAY_LENGTH(wild); i++) EXPECT_PANIC(heap_free(wild[i]), words);
    heap_free(block);
    heap_free(run);
    EXPECT_EQ(heap_stats().used_blocks, 0);
}
