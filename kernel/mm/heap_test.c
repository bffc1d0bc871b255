/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/heap.h"

#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_log.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"

static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static void start(uint64_t ram_bytes)
{
    random_state = 0x243f6a8885a308d3;
    fake_machine_start(ram_bytes);
    heap_init();
}

/* The test's view of blocks must survive the compiler's: it may assume that a freed block is gone. */
static void *hide(void *block)
{
    __asm__ volatile("" : "+r"(block));
    return block;
}

/* Small sizes, sizes around a page and a few pages, in equal parts. */
static size_t random_size(void)
{
    switch (next_random(3)) {
    case 0: return next_random(200);
    case 1: return next_random(5000);
    default: return next_random(20000);
    }
}

TEST(heap_blocks_keep_their_contents_through_random_operations)
{
    start(64ull << 20);
    uint64_t free_frames = frame_free_count();
    struct {
        uint8_t *bytes;
        size_t size;
        uint8_t fill;
    } held[512];
    uint32_t count = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        if (count < ARRAY_LENGTH(held) && next_random(100) < ((i / 2000) % 2 ? 40u : 60u)) {
            size_t size = random_size();
            uint8_t *bytes = heap_alloc(size);
            EXPECT(bytes && (uint64_t)bytes % 16 == 0 && (uint64_t)bytes % PAGE_BYTES != 0);
            if (!bytes) continue;
            held[count].bytes = bytes;
            held[count].size = size;
            held[count].fill = (uint8_t)i;
            memset(bytes, (uint8_t)i, size);
            count++;
        } else if (count) {
            uint64_t k = next_random(count);
            for (size_t j = 0; j < held[k].size; j++)
                if (held[k].bytes[j] != held[k].fill) EXPECT_EQ(held[k].bytes[j], held[k].fill);
            heap_free(held[k].bytes);
            held[k] = held[--count];
        }
    }
    EXPECT_EQ(heap_stats().used_blocks, count);
    while (count) heap_free(held[--count].bytes);
    EXPECT_EQ(heap_stats().used_blocks, 0);
    EXPECT_EQ(heap_stats().used_bytes, 0);
    EXPECT(heap_stats().held_pages <= 15); /* one empty slab per size */
    EXPECT_EQ(frame_free_count() + heap_stats().held_pages, free_frames);
    EXPECT_EQ(fake_lock_held_count(), 0);
}

TEST(heap_every_size_is_usable_to_its_last_byte)
{
    start(16ull << 20);
    uint8_t *before = heap_alloc(1);
    *before = 0x5a;
    for (size_t size = 0; size < 9000; size += 1 + size / 64) {
        uint8_t *a = heap_alloc(size), *b = heap_alloc(size);
        EXPECT(a && b && a != b);
        memset(a, 0xaa, size);
        memset(b, 0xbb, size);
        EXPECT(size == 0 || (a[0] == 0xaa && a[size - 1] == 0xaa));
        heap_free(a);
        heap_free(b);
    }
    EXPECT_EQ(*before, 0x5a);
    heap_free(before);
}

TEST(heap_a_block_of_zeroes_is_zero_and_nothing_may_be_freed)
{
    start(16ull << 20);
    for (uint32_t round = 0; round < 3; round++) {
        uint8_t *bytes = heap_alloc_zeroed(700);
        for (uint32_t i = 0; i < 700; i++) EXPECT_EQ(bytes[i], 0);
        memset(bytes, 0xff, 700);
        heap_free(bytes);
    }
    heap_free(NULL);
}

TEST(heap_sizes_that_cannot_be_are_refused)
{
    start(8ull << 20);
    size_t sizes[] = { 9ull << 20, 2ull << 30, SIZE_MAX, SIZE_MAX - 64, SIZE_MAX - 4096, SIZE_MAX / 2 };
    uint64_t free_frames = frame_free_count();
    for (uint32_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        size_t size = sizes[i];
        __asm__ volatile("" : "+r"(size)); /* the compiler would warn, rightly */
        EXPECT(!heap_alloc(size));
    }
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(heap_resize_keeps_contents_and_on_failure_the_old_block)
{
    start(8ull << 20);
    uint8_t *bytes = heap_resize(NULL, 10);
    for (uint32_t i = 0; i < 10; i++) bytes[i] = (uint8_t)i;
    size_t sizes[] = { 20, 3000, 12, 100000, 5000, 64, 10 };
    for (uint32_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
        bytes = heap_resize(bytes, sizes[k]);
        for (uint32_t i = 0; i < 10; i++) EXPECT_EQ(bytes[i], i);
    }
    size_t huge = 64ull << 20;
    EXPECT(!heap_resize(bytes, huge));
    for (uint32_t i = 0; i < 10; i++) EXPECT_EQ(bytes[i], i);
    heap_free(bytes);
    EXPECT_EQ(heap_stats().used_blocks, 0);
}

TEST(heap_gives_all_memory_out_and_gets_it_back)
{
    start(8ull << 20);
    uint64_t free_frames = frame_free_count(), count = 0;
    void **first = NULL, **block;
    while ((block = heap_alloc(300))) {
        *block = first;
        first = block;
        count++;
    }
    EXPECT_EQ(frame_free_count(), 0);
    EXPECT(count * 512 > free_frames * PAGE_BYTES * 8 / 10);
    while (first) {
        void **next = *first;
        heap_free(first);
        first = next;
    }
    EXPECT_EQ(frame_free_count() + heap_stats().held_pages, free_frames);
}

TEST(heap_each_allocation_of_a_workload_can_fail)
{
    if (!CONFIG_DEBUG) return;
    uint32_t failures = 0;
    for (uint64_t n = 1;; n++) {
        start(8ull << 20);
        alloc_fail_countdown = n;
        void *blocks[40];
        for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
            blocks[i] = heap_alloc(i * 150);
            if (!blocks[i]) failures++;
        }
        bool has_fired = alloc_fail_countdown == 0;
        alloc_fail_countdown = 0;
        for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) heap_free(blocks[i]);
        EXPECT_EQ(heap_stats().used_blocks, 0);
        if (!has_fired) break;
        EXPECT_EQ(failures, n);
    }
    EXPECT(failures > 40);
}

/* ---- debug builds find their misusers ---- */

TEST(heap_an_overflow_is_found_and_its_owner_named)
{
    if (!CONFIG_DEBUG) return;
    size_t sizes[] = { 1, 16, 40, 1000, 2016, 6000 };
    for (uint32_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        start(8ull << 20);
        uint8_t *bytes = hide(heap_alloc(sizes[i]));
        bytes[sizes[i]] = 0;
        EXPECT_PANIC(heap_free(bytes), "write past a block");
        EXPECT(fake_panic_said("allocated by symbol"));
        bytes = hide(heap_alloc(sizes[i]));
        bytes[-1] ^= 1;
        EXPECT_PANIC(heap_free(bytes), "write before a block");
    }
}

TEST(heap_a_second_free_names_allocation_and_both_frees)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    void *other = heap_alloc(100), *block = hide(heap_alloc(100));
    heap_free(block);
    EXPECT_PANIC(heap_free(hide(block)), "freed twice");
    EXPECT(fake_panic_said("first by symbol") && fake_panic_said("allocated by symbol"));
    heap_free(other);
}

TEST(heap_a_free_of_what_is_no_block_panics)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    uint8_t *block = hide(heap_alloc(1000));
    EXPECT_PANIC(heap_free(block + 16), "is none");
    EXPECT_PANIC(heap_free(direct_map(PADDR(5 << 20))), "is none");
    heap_free(block);
}

TEST(heap_a_write_to_a_freed_block_is_found_when_it_is_used_again)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    void *keep = heap_alloc(200);
    uint8_t *block = hide(heap_alloc(200));
    heap_free(block);
    hide(block);
    block[150] = 7;
    EXPECT_PANIC(heap_alloc(200), "write to a freed block");
    heap_free(keep);
}

TEST(heap_report_counts_and_names_what_is_in_use)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    uint64_t before = heap_report();
    void *a = heap_alloc(123), *b = heap_alloc(5000);
    uint64_t lines = fake_log_lines;
    EXPECT_EQ(heap_report(), before + 2);
    EXPECT(fake_log_lines >= lines + 3);
    heap_free(a);
    heap_free(b);
    EXPECT_EQ(heap_report(), before);
}
