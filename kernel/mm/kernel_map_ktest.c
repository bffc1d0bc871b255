/* SPDX-License-Identifier: Apache-2.0 */
/* What the running kernel's own tables say. In the test kernel only. */
#include "mm/kernel_map.h"

#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/page_table.h"
#include "tests/harness/test.h"

extern char boot_stack_guard[], idle_stack_guard[]; /* arch/boot.S */
extern char kernel_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[],
    kernel_data_start[], kernel_end[];

static void expect_pages(const char *start, const char *end, uint32_t flags)
{
    EXPECT(start < end);
    for (const char *page = start; page < end; page += PAGE_BYTES) {
        paddr_t paddr = PADDR_NONE;
        uint32_t found = ~0u;
        EXPECT(page_table_translate(&kernel_page_table, (uint64_t)page, &paddr, &found, NULL));
        EXPECT_EQ(found, flags);
        EXPECT_EQ(paddr.raw, image_to_paddr(page).raw);
    }
}

static bool is_mapped(uint64_t address)
{
    return page_table_translate(&kernel_page_table, address, NULL, NULL, NULL);
}

TEST(kernel_map_the_image_is_never_writable_and_executable)
{
    expect_pages(kernel_start, kernel_text_end, PAGE_EXEC | PAGE_GLOBAL);
    expect_pages(kernel_rodata_start, kernel_rodata_end, PAGE_GLOBAL);
    expect_pages(kernel_data_start, boot_stack_guard, PAGE_WRITE | PAGE_GLOBAL);
    expect_pages(boot_stack_guard + PAGE_BYTES, idle_stack_guard, PAGE_WRITE | PAGE_GLOBAL);
    expect_pages(idle_stack_guard + PAGE_BYTES, kernel_end, PAGE_WRITE | PAGE_GLOBAL);
}

TEST(kernel_map_nothing_is_mapped_around_the_image_or_at_low_addresses)
{
    EXPECT(!is_mapped((uint64_t)kernel_start - 1));
    EXPECT(!is_mapped((uint64_t)kernel_end));
    EXPECT(!is_mapped(KERNEL_BASE + GIANT_BYTES - 1));
    EXPECT(!is_mapped(0) && !is_mapped(KERNEL_PHYSICAL) && !is_mapped((1ull << 47) - 1));
}

TEST(kernel_map_the_direct_map_reaches_the_end_of_ram_and_is_not_executable)
{
    paddr_t frame = frame_alloc();
    uint64_t addresses[] = { 0, KERNEL_PHYSICAL, DIRECT_MAP_BOOT_BYTES - 1, frame.raw };
    for (uint32_t i = 0; i < ARRAY_LENGTH(addresses); i++) {
        uint32_t flags = ~0u;
        paddr_t paddr = PADDR_NONE;
        EXPECT(
            page_table_translate(&kernel_page_table, DIRECT_MAP_BASE + addresses[i], &paddr, &flags, NULL));
        EXPECT_EQ(paddr.raw, addresses[i]);
        EXPECT_EQ(flags & (PAGE_WRITE | PAGE_EXEC | PAGE_USER), PAGE_WRITE);
    }
    frame_free(frame);
}

TEST(kernel_map_stacks_have_an_unmapped_page_below_them)
{
    void *top;
    EXPECT_OK(kernel_stack_alloc(2 * PAGE_BYTES, &top));
    uint64_t stacks[] = { (uint64_t)top - 2 * PAGE_BYTES, (uint64_t)boot_stack_guard + PAGE_BYTES };
    for (uint32_t i = 0; i < ARRAY_LENGTH(stacks); i++) {
        EXPECT(is_mapped(stacks[i]) && !kernel_stack_is_guard(stacks[i]));
        EXPECT(!is_mapped(stacks[i] - 1) && kernel_stack_is_guard(stacks[i] - 1));
    }
    EXPECT(!kernel_stack_is_guard(0) && !kernel_stack_is_guard(KERNEL_STACK_BASE - 1));
    kernel_stack_free(top, 2 * PAGE_BYTES);
}

TEST(kernel_map_a_new_stack_can_be_written_and_leaves_nothing)
{
    uint64_t free_frames = frame_free_count();
    void *top;
    for (uint32_t round = 0; round < 3; round++) {
        EXPECT_OK(kernel_stack_alloc(3 * PAGE_BYTES, &top));
        volatile uint64_t *words = (uint64_t *)top;
        for (int32_t i = 1; i <= 3 * PAGE_BYTES / 8; i++) words[-i] = (uint64_t)i;
        EXPECT_EQ(words[-1], 1);
        kernel_stack_free(top, 3 * PAGE_BYTES);
        EXPECT(!is_mapped((uint64_t)top - 1));
    }
    EXPECT_EQ(frame_free_count(), free_frames);
}

TEST(kernel_map_device_windows_are_uncached_or_write_combining)
{
    volatile void *window = NULL;
    uint32_t flags = 0;
    EXPECT_OK(kernel_map_mmio(PADDR(0xfee00000), PAGE_BYTES, PAGE_UNCACHED, &window));
    EXPECT(page_table_translate(&kernel_page_table, (uint64_t)window, NULL, &flags, NULL));
    EXPECT_EQ(flags, PAGE_WRITE | PAGE_GLOBAL | PAGE_UNCACHED);
    EXPECT_OK(kernel_map_mmio(PADDR(0xfd000000), HUGE_BYTES, PAGE_WRITE_COMBINE, &window));
    EXPECT(page_table_translate(&kernel_page_table, (uint64_t)window, NULL, &flags, NULL));
    EXPECT_EQ(flags, PAGE_WRITE | PAGE_GLOBAL | PAGE_WRITE_COMBINE);
}

TEST(kernel_map_a_page_mapped_again_elsewhere_shows_the_new_frame)
{
    paddr_t a = frame_alloc(), b = frame_alloc();
    *(uint64_t *)direct_map(a) = 0xaaaa;
    *(uint64_t *)direct_map(b) = 0xbbbb;
    /* The last stack slot's guard page: nobody else's. */
    uint64_t at = KERNEL_STACK_BASE + (KERNEL_STACKS_MAX - 1ull) * KERNEL_STACK_SLOT_BYTES;
    EXPECT_OK(page_table_map_leaf(&kernel_page_table, at, a, PAGE_SHIFT, PAGE_WRITE | PAGE_GLOBAL));
    EXPECT_EQ(*(volatile uint64_t *)at, 0xaaaa);
    EXPECT_OK(page_table_unmap(&kernel_page_table, at, PAGE_BYTES, NULL, NULL));
    EXPECT_OK(page_table_map_leaf(&kernel_page_table, at, b, PAGE_SHIFT, PAGE_WRITE | PAGE_GLOBAL));
    EXPECT_EQ(*(volatile uint64_t *)at, 0xbbbb);
    EXPECT_OK(page_table_unmap(&kernel_page_table, at, PAGE_BYTES, NULL, NULL));
    frame_free(a);
    frame_free(b);
}

TEST(kernel_heap_blocks_come_and_go_without_a_leak)
{
    uint64_t before = heap_stats().used_blocks;
    void *blocks[64];
    for (uint32_t i = 0; i < 64; i++) EXPECT((blocks[i] = heap_alloc(16 + i * 90)) != NULL);
    EXPECT_EQ(heap_stats().used_blocks, before + 64);
    for (uint32_t i = 0; i < 64; i++) heap_free(blocks[i]);
    EXPECT_EQ(heap_stats().used_blocks, before);
}
