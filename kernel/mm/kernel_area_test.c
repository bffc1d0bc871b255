/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/kernel_map.h"

#include "arch/paging.h"
#include "config.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/page_table.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

static void start(void)
{
    fake_machine_start(16ull << 20);
    kernel_page_table.root = frame_alloc_zeroed();
}

static bool is_mapped(uint64_t address)
{
    return page_table_translate(&kernel_page_table, address, NULL, NULL, NULL);
}

TEST(kernel_area_a_stack_is_writable_and_its_neighbours_are_not_mapped)
{
    start();
    uint64_t free_frames = frame_free_count();
    void *top, *other;
    EXPECT_OK(kernel_stack_alloc(4 * PAGE_BYTES, &top));
    EXPECT_OK(kernel_stack_alloc(KERNEL_STACK_BYTES_MAX, &other));
    uint64_t end = (uint64_t)top;
    EXPECT_EQ(end % PAGE_BYTES, 0);
    for (uint64_t page = 1; page <= 4; page++) {
        uint32_t flags;
        EXPECT(page_table_translate(&kernel_page_table, end - page * PAGE_BYTES, NULL, &flags, NULL));
        EXPECT_EQ(flags, PAGE_WRITE | PAGE_GLOBAL);
    }
    EXPECT(!is_mapped(end - 5 * PAGE_BYTES));
    EXPECT(!is_mapped(end) && !is_mapped((uint64_t)other - KERNEL_STACK_BYTES_MAX - 1));

    kernel_stack_free(top, 4 * PAGE_BYTES);
    kernel_stack_trim();
    EXPECT(!is_mapped(end - 1));
    void *again;
    EXPECT_OK(kernel_stack_alloc(PAGE_BYTES, &again));
    EXPECT(again == top);
    kernel_stack_free(again, PAGE_BYTES);
    kernel_stack_free(other, KERNEL_STACK_BYTES_MAX);
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(kernel_area_a_stack_that_finds_no_memory_leaves_nothing_behind)
{
    if (!CONFIG_DEBUG) return;
    start();
    uint64_t free_frames = frame_free_count(), n = 1;
    void *top;
    for (;; n++) {
        alloc_fail_countdown = n;
        err_t e = kernel_stack_alloc(4 * PAGE_BYTES, &top);
        if (!failed(e)) break;
        EXPECT_ERR(e, ERR_NO_MEMORY);
        EXPECT_EQ(frame_free_count(), free_frames);
        EXPECT_EQ(fake_lock_held_count(), 0);
    }
    EXPECT_EQ(n, 1 + 4 + 3 + 1); /* the stack, frames, tables, and then none left to fail */
    alloc_fail_countdown = 0;
    kernel_stack_free(top, 4 * PAGE_BYTES);
    kernel_stack_trim();
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(kernel_area_a_few_stacks_of_the_usual_size_are_kept_for_later)
{
    start();
    enum { BYTES = CONFIG_KERNEL_STACK_BYTES, MORE = CONFIG_STACKS_KEPT + 3 };
    uint64_t free_frames = frame_free_count();
    void *tops[MORE], *again;
    for (uint32_t i = 0; i < MORE; i++) EXPECT_OK(kernel_stack_alloc(BYTES, &tops[i]));
    for (uint32_t i = 0; i < MORE; i++) kernel_stack_free(tops[i], BYTES);
    for (uint32_t i = 0; i < MORE; i++) EXPECT_EQ(is_mapped((uint64_t)tops[i] - 1), i < CONFIG_STACKS_KEPT);
    EXPECT_OK(kernel_stack_alloc(BYTES, &again));
    EXPECT(again == tops[CONFIG_STACKS_KEPT - 1]); /* the last one given back, and warm */
    kernel_stack_free(again, BYTES);
    kernel_stack_trim();
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(kernel_area_stacks_end_in_an_error_and_all_can_be_given_back)
{
    fake_machine_start(64ull << 20);
    kernel_page_table.root = frame_alloc_zeroed();
    uint64_t free_frames = frame_free_count();
    static void *tops[KERNEL_STACKS_MAX];
    void *one_more;
    for (uint32_t i = 0; i < KERNEL_STACKS_MAX; i++) EXPECT_OK(kernel_stack_alloc(PAGE_BYTES, &tops[i]));
    EXPECT_ERR(kernel_stack_alloc(PAGE_BYTES, &one_more), ERR_TRY_AGAIN);
    for (uint32_t i = 0; i < KERNEL_STACKS_MAX; i++) kernel_stack_free(tops[i], PAGE_BYTES);
    EXPECT_EQ(frame_free_count(), free_frames);
}

static uint64_t window_flags(volatile void *window, paddr_t *paddr, uint8_t *shift)
{
    uint32_t flags = ~0u;
    EXPECT(page_table_translate(&kernel_page_table, (uint64_t)window, paddr, &flags, shift));
    return flags;
}

TEST(kernel_area_a_device_window_keeps_the_offset_and_the_memory_type)
{
    start();
    volatile void *registers, *frame_buffer, *table;
    paddr_t paddr;
    uint8_t shift;
    EXPECT_OK(kernel_map_mmio(PADDR(0xfee00030), 8, PAGE_UNCACHED, &registers));
    EXPECT_EQ(window_flags(registers, &paddr, &shift), PAGE_WRITE | PAGE_GLOBAL | PAGE_UNCACHED);
    EXPECT_EQ(paddr.raw, 0xfee00030);

    EXPECT_OK(kernel_map_mmio(PADDR(0x80001000), 8ull << 20, PAGE_WRITE_COMBINE, &frame_buffer));
    EXPECT_EQ(window_flags(frame_buffer, &paddr, &shift), PAGE_WRITE | PAGE_GLOBAL | PAGE_WRITE_COMBINE);
    EXPECT_EQ(paddr.raw, 0x80001000);
    window_flags((volatile char *)frame_buffer + (4 << 20), &paddr, &shift);
    EXPECT_EQ(paddr.raw, 0x80401000);
    EXPECT_EQ(shift, HUGE_SHIFT);

    EXPECT_OK(kernel_map_mmio(PADDR(0x7fe0ffff), 2, 0, &table)); /* across a page */
    EXPECT_EQ(window_flags((volatile char *)table + 1, &paddr, &shift), PAGE_WRITE | PAGE_GLOBAL);
    EXPECT_EQ(paddr.raw, 0x7fe10000);
}

TEST(kernel_area_impossible_device_windows_are_refused)
{
    start();
    volatile void *window;
    uint64_t free_frames = frame_free_count();
    EXPECT_ERR(kernel_map_mmio(PADDR(0x1000), 0, PAGE_UNCACHED, &window), ERR_INVALID);
    EXPECT_ERR(kernel_map_mmio(PADDR(UINT64_MAX - 10), 100, PAGE_UNCACHED, &window), ERR_INVALID);
    EXPECT_ERR(kernel_map_mmio(PADDR((1ull << 52) - 1), 2, PAGE_UNCACHED, &window), ERR_INVALID);
    EXPECT_ERR(kernel_map_mmio(PADDR(0), KERNEL_MMIO_BYTES + 1, PAGE_UNCACHED, &window), ERR_NO_MEMORY);
    EXPECT_EQ(frame_free_count(), free_frames);
}
