/* SPDX-License-Identifier: Apache-2.0 */
/* Pages in place: what a table tells of the block that its pages lie in, and one leaf instead of it. */
#include "mm/page_table.h"
#include "mm/page_table_internal.h"

static uint64_t *table_of(const struct page_place *place)
{
    return (uint64_t *)align_down((uint64_t)place->entry, PAGE_BYTES);
}
static uint64_t index_of(const struct page_place *place)
{
    return (uint64_t)place->entry % PAGE_BYTES / sizeof(uint64_t);
}

uint32_t page_place_used(const struct page_place *place)
{
    return place->level == 1 ? (uint32_t)field_get(*place->parent, PTE_COUNT) : 0;
}

static inline paddr_t block_in_place(uint64_t leaf, uint64_t index)
{
    uint64_t frame = leaf & PTE_ADDRESS;
    bool is_in_place =
        !(leaf & PAGE_OWNERSHIP) && (leaf & PTE_USED) && frame % HUGE_BYTES >> PAGE_SHIFT == index;
    return is_in_place ? PADDR(align_down(frame, HUGE_BYTES)) : PADDR_NONE;
}

/* Outward in both directions. The fuller the table is, the shorter is the way: seven steps on average for a
 * table that fills up in any order. */
static NOINLINE paddr_t block_around(const uint64_t *table, uint64_t index)
{
    uint64_t lower = index, upper = index;
    while (lower > 0 || upper < PAGE_TABLE_ENTRIES - 1) {
        lower -= lower > 0;
        upper += upper < PAGE_TABLE_ENTRIES - 1;
        if ((table[lower] | table[upper]) & PTE_USED) break;
    }
    paddr_t block = block_in_place(table[lower], lower);
    return is_paddr_none(block) ? block_in_place(table[upper], upper) : block;
}

paddr_t page_place_block(const struct page_place *place)
{
    if (place->level != 1) return PADDR_NONE;
    uint64_t index = index_of(place);
    /* Most memory is touched upward. */
    if (likely(index > 0)) {
        paddr_t block = block_in_place(place->entry[-1], index - 1);
        if (likely(!is_paddr_none(block))) return block;
    }
    return block_around(table_of(place), index);
}

bool page_place_missing(const struct page_place *place, paddr_t block, uint32_t flags,
                        uint64_t missing[PAGE_SET_WORDS])
{
    const uint64_t *table = table_of(place);
    uint64_t leaf = block.raw | pte_from_flags(flags, 1);
    for (uint64_t word = 0; word < PAGE_SET_WORDS; word++) {
        missing[word] = 0;
        for (uint64_t i = 0; i < 64; i++, leaf += PAGE_BYTES) {
            uint64_t entry = *table++;
            if (!(entry & PTE_USED))
                missing[word] |= 1ull << i;
            else if ((entry & ~(PTE_ACCESSED | PTE_DIRTY)) != leaf)
                return false;
        }
    }
    return true;
}

void page_place_make_leaf(struct page_table *pt, const struct page_place *place, paddr_t block,
                          uint32_t flags)
{
    pte_replace_table(pt, place->parent, block.raw | pte_from_flags(flags, 2));
}

void page_place_take_over(const struct page_place *place, uint64_t start, uint64_t end, paddr_t block,
                          uint32_t flags)
{
    uint64_t *entry = &table_of(place)[pte_index(start, 1)];
    for (uint64_t at = start; at < end; at += PAGE_BYTES, entry++) {
        bool is_of_block = (*entry & PTE_USED) && align_down(*entry & PTE_ADDRESS, HUGE_BYTES) == block.raw;
        if (is_of_block && (*entry & PAGE_OWNERSHIP) == PAGE_SHARED)
            *entry = (*entry & ~PTE_SHARED) | (flags & PTE_WRITE);
    }
}
