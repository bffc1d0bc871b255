/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/heap_internal.h"

#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/charge.h"
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

/* Small sizes, sizes of a few pages, and now and then more. */
static size_t random_size(void)
{
    uint64_t kind = next_random(100);
    if (kind < 70) return next_random(400);
    if (kind < 95) return next_random(5000);
    return next_random(kind < 99 ? 20000 : 80000);
}

static bool is_filled(const uint8_t *bytes, size_t size, uint8_t fill)
{
    return !size || (bytes[0] == fill && memcmp(bytes, bytes + 1, size - 1) == 0);
}

TEST(heap_a_million_random_operations_agree_with_a_model)
{
    static struct {
        uint8_t *bytes;
        size_t size;
        uint8_t fill;
    } held[1024];
    start(64ull << 20);
    uint64_t free_frames = frame_free_count(), charged = charge_counters.kinds[CHARGE_KERNEL];
    uint32_t count = 0, wrong = 0, refused = 0;
    for (uint32_t i = 0; i < (CONFIG_DEBUG ? 200000 : 1000000); i++) {
        uint32_t k = count ? (uint32_t)next_random(count) : 0;
        if (count < ARRAY_LENGTH(held) && next_random(100) < ((i / 20000) % 2 ? 40u : 60u)) {
            size_t size = random_size();
            uint8_t *bytes = heap_alloc(size);
            refused += !bytes;
            if (!bytes) continue;
            wrong += (uint64_t)bytes % 16 || !((uint64_t)bytes % PAGE_BYTES);
            held[count].bytes = memset(bytes, (uint8_t)i, size);
            held[count].size = size;
            held[count++].fill = (uint8_t)i;
        } else if (count && next_random(8) == 0) {
            size_t size = random_size(), kept = MIN(size, held[k].size);
            uint8_t *bytes = heap_resize(held[k].bytes, size);
            refused += !bytes;
            if (!bytes) continue;
            wrong += !is_filled(bytes, kept, held[k].fill);
            held[k].bytes = memset(bytes, held[k].fill, size);
            held[k].size = size;
        } else if (count) {
            wrong += !is_filled(held[k].bytes, held[k].size, held[k].fill);
            heap_free(held[k].bytes);
            held[k] = held[--count];
        }
        if (i % 65536 == 0) EXPECT_EQ(heap_stats().used_blocks, count);
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(heap_stats().used_blocks, count);
    EXPECT_EQ(charge_counters.kinds[CHARGE_KERNEL] - charged, heap_stats().held_pages);
    while (count) heap_free(held[--count].bytes);
    struct heap_stats stats = heap_stats();
    EXPECT_EQ(stats.used_blocks, 0);
    EXPECT_EQ(stats.used_bytes, 0);
    EXPECT_EQ(stats.held_pages, 0);
    EXPECT_EQ(frame_free_count(), free_frames);
    EXPECT_EQ(charge_counters.kinds[CHARGE_KERNEL], charged);
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
    EXPECT_EQ(heap_stats().held_pages, 0);
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(heap_each_allocation_of_a_workload_can_fail)
{
    if (!CONFIG_DEBUG) return;
    uint64_t failures = 0, n = 0;
    bool has_fired = true;
    while (has_fired) {
        start(8ull << 20);
        uint64_t free_frames = frame_free_count();
        alloc_fail_countdown = ++n;
        void *blocks[40];
        for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
            blocks[i] = heap_alloc(i * 250);
            if (!blocks[i]) failures++;
        }
        has_fired = alloc_fail_countdown == 0;
        alloc_fail_countdown = 0;
        for (uint32_t i = 0; i < ARRAY_LENGTH(blocks); i++) heap_free(blocks[i]);
        EXPECT_EQ(heap_stats().used_blocks, 0);
        EXPECT_EQ(frame_free_count(), free_frames);
        if (has_fired) EXPECT_EQ(failures, n); /* of a block, or of a frame for one: the caller is told */
    }
    EXPECT(failures > 50);
    test_note("%llu allocations failed in turn", (unsigned long long)n - 1);
}

TEST(heap_without_a_charge_there_is_no_block)
{
    struct charge_counters before = charge_counters;
    start(8ull << 20);
    charge_start(frame_total_count());
    charge_set_limit(3);
    void *blocks[200];
    uint32_t count = 0;
    while ((blocks[count] = heap_alloc(1000))) count++;
    EXPECT(count >= 9 && count <= 12);
    EXPECT(!heap_alloc(3000) && !heap_alloc(100000));
    heap_free(blocks[--count]);
    EXPECT((blocks[count++] = heap_alloc(1000)) != NULL);
    while (count) heap_free(blocks[--count]);
    EXPECT(heap_alloc(8000) != NULL); /* two frames of the three */
    charge_counters = before;         /* what other tests' machines hold is not ours to count */
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

TEST(heap_report_counts_and_names_what_was_allocated_since_a_mark)
{
    if (!CONFIG_DEBUG) return;
    start(8ull << 20);
    void *before = heap_alloc(10);
    uint64_t mark = heap_mark(), lines = fake_log_lines;
    EXPECT_EQ(heap_report(mark), 0);
    EXPECT_EQ(fake_log_lines, lines);
    void *a = heap_alloc(123), *b = heap_alloc(5000);
    EXPECT_EQ(heap_report(mark), 2);
    EXPECT_EQ(fake_log_lines, lines + 3);
    EXPECT(strstr(fake_log_last, "2 blocks in use, 5123 bytes") != NULL);
    heap_free(before);
    heap_free(a);
    EXPECT_EQ(heap_report(mark), 1);
    heap_free(b);
    EXPECT_EQ(heap_report(mark), 0);
}
