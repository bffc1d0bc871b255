/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and walks, shared by page_table.c (one leaf at a time) and page_table_range.c. */
#pragma once
#include "arch/paging.h"
#include "mm/direct_map.h"
#include "mm/page_table.h"

/* The entries passed on the way to an address, by level; those below `level` are not set. */
struct walk {
    uint64_t *entry[PAGE_TABLE_LEVELS + 1];
    uint32_t level; /* where the walk ended: at a leaf, or at an entry that is not used */
};

static inline uint64_t *pte_table(uint64_t entry) { return direct_map(PADDR(entry & PTE_ADDRESS)); }

/* The bits of a leaf at `level` except its address. */
static inline uint64_t pte_from_flags(uint32_t flags, uint32_t level)
{
    uint64_t entry = PTE_PRESENT | PTE_NO_EXECUTE;
    if (flags & PAGE_WRITE) entry |= PTE_WRITE;
    if (flags & PAGE_EXEC) entry &= ~PTE_NO_EXECUTE;
    if (flags & PAGE_USER) entry |= PTE_USER;
    if (flags & PAGE_GLOBAL) entry |= PTE_GLOBAL;
    if (flags & PAGE_UNCACHED) entry |= PTE_TYPE_UNCACHED;
    if (flags & PAGE_WRITE_COMBINE) entry |= PTE_TYPE_WRITE_COMBINING;
    if (flags & PAGE_BORROWED) entry |= PTE_BORROWED;
    if (flags & PAGE_HIDDEN) entry = (entry & ~PTE_PRESENT) | PTE_HIDDEN;
    if (level > 1) entry |= PTE_LEAF;
    return entry;
}

/* What `gone` is told about a leaf besides its frame. */
static inline uint32_t pte_ownership(uint64_t leaf) { return leaf & PTE_BORROWED ? PAGE_BORROWED : 0; }

/* An entry that points to a table. The leaf decides about access, so it allows what its half may have. */
static inline uint64_t pte_to_table(paddr_t table, uint64_t vaddr)
{
    return table.raw | PTE_PRESENT | PTE_WRITE | (is_kernel_vaddr(vaddr) ? 0 : PTE_USER);
}

/* Walks to `vaddr` as far as tables go. */
static inline struct walk walk_to(const struct page_table *pt, uint64_t vaddr)
{
    struct walk w;
    uint64_t *table = direct_map(pt->root);
    for (w.level = PAGE_TABLE_LEVELS;; w.level--) {
        uint64_t *entry = w.entry[w.level] = &table[pte_index(vaddr, w.level)];
        if (!(*entry & PTE_USED) || pte_is_leaf(*entry, w.level)) return w;
        table = pte_table(*entry);
    }
}

/* The entry at `level` of the walk has just gained content. */
static inline void walk_count_up(struct walk *w, uint32_t level)
{
    if (level < PAGE_TABLE_LEVELS) *w->entry[level + 1] += PTE_COUNT_ONE;
}

/* The entry at `level` has just been cleared: counts down, and takes tables that are now empty out of
 * the tree. Writes their addresses to `emptied` (at most 3) and returns how many. */
uint32_t walk_prune(struct walk *w, uint32_t level, paddr_t emptied[PAGE_TABLE_LEVELS - 1]);
