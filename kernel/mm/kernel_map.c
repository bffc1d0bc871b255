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
extern char boot_stack_guard[PAGE_BYTES];
/* arch/kernel.ld; page aligned */
extern char kernel_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[],
    kernel_data_start[], kernel_end[];

/* The bits of an image page's entry but its address; 0: not mapped. */
static uint64_t image_flags(const char *address)
{
    if (address == boot_stack_guard) return 0;
    if (address < kernel_text_end) return PTE_PRESENT | PTE_GLOBAL;
    if (address >= kernel_rodata_start && address < kernel_rodata_end)
        return PTE_PRESENT | PTE_GLOBAL | PTE_NO_EXECUTE;
    return PTE_PRESENT | PTE_GLOBAL | PTE_NO_EXECUTE | PTE_WRITE;
}

/* Replaces each 2 MiB leaf of the stub by 4 KiB leaves with the permissions of their segment. What
 * the stub mapped around the image is gone then. */
static void map_image(void)
{
    uint64_t *directory =
        pte_table(pte_table(boot_pml4[pte_index(KERNEL_BASE, 4)])[pte_index(KERNEL_BASE, 3)]);
    for (uint64_t i = 0; directory[i] & PTE_PRESENT; i++) {
        char *start = (char *)(KERNEL_BASE + (i << HUGE_SHIFT)), *end = start + HUGE_BYTES;
        if (start < kernel_start) start = kernel_start;
        if (end > kernel_end) end = kernel_end;
        if (start >= end) {
            directory[i] = 0;
            continue;
        }
        paddr_t frame = frame_alloc_zeroed();
        if (is_paddr_none(frame)) panic("no memory for the kernel's own page tables");
        uint64_t *table = direct_map(frame);
        for (char *page = start; page < end; page += PAGE_BYTES) {
            uint64_t flags = image_flags(page);
            table[pte_index((uint64_t)page, 1)] = flags ? image_to_paddr(page).raw | flags : 0;
        }
        directory[i] = frame.raw | PTE_PRESENT | PTE_WRITE;
    }
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
    return address - KERNEL_STACK_BASE < (uint64_t)KERNEL_STACKS_MAX * KERNEL_STACK_SLOT_BYTES &&
           !page_table_translate(&kernel_page_table, address, NULL, NULL, NULL);
}
