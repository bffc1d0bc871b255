/* SPDX-License-Identifier: Apache-2.0 */
/* The final kernel mapping, made out of the entry stub's by changing as little as possible: its root
 * and the tables below it live in the image and stay in use. */
#include "mm/kernel_map.h"

#include "arch/paging.h"
#include "core/panic.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/page_table.h"
#include "mm/page_table_internal.h"
#include "mm/tlb.h"

/* arch/boot.S */
extern uint64_t boot_pml4[PAGE_TABLE_ENTRIES];
extern char boot_stack_guard[PAGE_BYTES], idle_stack_guard[PAGE_BYTES];
/* arch/kernel.ld; page aligned */
extern char kernel_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[],
    kernel_data_start[], kernel_end[];

/* In the image because the loader has zeroed them: a table for each of the stub's leaves. */
enum { IMAGE_TABLES = 3 };
static uint64_t image_tables[IMAGE_TABLES * PAGE_TABLE_ENTRIES] ALIGNED(PAGE_BYTES);

static uint64_t page_of_image(const char *address) { return ((uint64_t)address - KERNEL_BASE) >> PAGE_SHIFT; }

static void map_part(const char *start, const char *end, uint64_t flags)
{
    uint64_t entry = image_to_paddr(start).raw | PTE_PRESENT | PTE_GLOBAL | flags;
    for (uint64_t i = page_of_image(start); i < page_of_image(end); i++, entry += PAGE_BYTES)
        image_tables[i] = entry;
}

/* Replaces each 2 MiB leaf of the stub by 4 KiB leaves with the permissions of their segment. What
 * the stub mapped around the image is gone then. */
static void map_image(void)
{
    ASSERT(page_of_image(kernel_end) <= ARRAY_LENGTH(image_tables));
    map_part(kernel_start, kernel_text_end, 0);
    map_part(kernel_rodata_start, kernel_rodata_end, PTE_NO_EXECUTE);
    map_part(kernel_data_start, kernel_end, PTE_NO_EXECUTE | PTE_WRITE);
    image_tables[page_of_image(boot_stack_guard)] = 0;
    image_tables[page_of_image(idle_stack_guard)] = 0;

    uint64_t *directory =
        pte_table(pte_table(boot_pml4[pte_index(KERNEL_BASE, 4)])[pte_index(KERNEL_BASE, 3)]);
    for (uint64_t i = 0; i < IMAGE_TABLES; i++)
        directory[i] = image_to_paddr(&image_tables[i * PAGE_TABLE_ENTRIES]).raw | PTE_PRESENT | PTE_WRITE;
}

/* Extends the direct map to RAM above what the stub covered; tables that firmware keeps there too. */
static void map_ram(const struct boot_info *info)
{
    uint64_t mapped = DIRECT_MAP_BOOT_BYTES;
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind == BOOT_RANGE_RESERVED || range->kind == BOOT_RANGE_BAD) continue;
        /* Whole GiB, so that the cost is one entry for each; the same ones are not mapped twice. */
        uint64_t start = MAX(align_down(range->base.raw, GIANT_BYTES), mapped);
        uint64_t end = align_up(range->base.raw + range->bytes, GIANT_BYTES);
        if (start >= end) continue;
        err_t e = page_table_map(&kernel_page_table, DIRECT_MAP_BASE + start, PADDR(start), end - start,
                                 PAGE_WRITE | PAGE_GLOBAL);
        if (failed(e)) panic("cannot map RAM at 0x%lx: %s", start, err_text(e));
        mapped = end;
    }
}

void kernel_map_init(const struct boot_info *info)
{
    kernel_page_table.root = image_to_paddr(boot_pml4);
    /* The stub's tables carry no counts; one that never reaches 0 keeps them for ever. */
    boot_pml4[pte_index(DIRECT_MAP_BASE, 4)] += PTE_COUNT_ONE;
    boot_pml4[pte_index(KERNEL_BASE, 4)] += PTE_COUNT_ONE;
    /* Here it holds for all leaves below. [intel-sdm3 4.6.1] */
    boot_pml4[pte_index(DIRECT_MAP_BASE, 4)] |= PTE_NO_EXECUTE;
    map_image();
    map_ram(info);
    boot_pml4[0] = 0;
    tlb_forget_all();
}

bool kernel_stack_is_guard(uint64_t address)
{
    if (address - (uint64_t)boot_stack_guard < PAGE_BYTES) return true;
    if (address - (uint64_t)idle_stack_guard < PAGE_BYTES) return true;
    return address - KERNEL_STACK_BASE < (uint64_t)KERNEL_STACKS_MAX * KERNEL_STACK_SLOT_BYTES &&
           !page_table_translate(&kernel_page_table, address, NULL, NULL, NULL);
}
