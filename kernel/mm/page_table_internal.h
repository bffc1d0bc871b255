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

/* What `gone` is told about a leaf besides its frame. */
static inline uint32_t pte_ownership(uint64_t leaf) { return leaf & PAGE_OWNERSHIP; }

/* An entry that points to a table. The leaf decides about access, so it allows what its half may have. */
static inline uint64_t pte_to_table(paddr_t table, uint64_t vaddr)
{
    return table.raw | PTE_PRESENT | PTE_WRITE | (is_kernel_vaddr(vaddr) ? 0 : PTE_USER);
}

/* One level of a walk: false where it ends. */
static inline bool walk_step(struct walk *w, uint64_t **table, uint64_t vaddr, uint32_t level)
{
    uint64_t *entry = &(*table)[pte_index(vaddr, level)];
    w->entry[level] = entry;
    w->level = level;
    if (!(*entry & PTE_USED) || pte_is_leaf(*entry, level)) return false;
    *table = pte_table(*entry);
    return true;
}

/* Walks to `vaddr` as far as tables go. Written out, so that each level's shift is a constant. */
static inline struct walk walk_to(const struct page_table *pt, uint64_t vaddr)
{
    struct walk w;
    uint64_t *table = direct_map(pt->root);
    (void)(walk_step(&w, &table, vaddr, 4) && walk_step(&w, &table, vaddr, 3) &&
           walk_step(&w, &table, vaddr, 2) && walk_step(&w, &table, vaddr, 1));
    return w;
}

/* PAGE_ flags of the leaf that the walk has found. */
static inline uint32_t walk_flags(const struct walk *w)
{
    /* Access is what every level grants. [intel-sdm3 4.6.1] */
    uint64_t granted = PTE_WRITE | PTE_USER, denied = 0, leaf = *w->entry[w->level];
    for (uint32_t level = w->level; level <= PAGE_TABLE_LEVELS; level++) {
        granted &= *w->entry[level];
        denied |= *w->entry[level];
    }
    if (!(denied & PTE_NO_EXECUTE)) granted |= PAGE_EXEC;
    if (leaf & PTE_HIDDEN) granted = PAGE_HIDDEN;
    uint64_t type = (leaf & PTE_TYPE) == PTE_TYPE_UNCACHED ? PAGE_UNCACHED : leaf & PTE_TYPE;
    return (uint32_t)(granted | type | (leaf & PTE_GLOBAL) | pte_ownership(leaf));
}

/* The entry at `level` of the walk has just gained content. */
static inline void walk_count_up(struct walk *w, uint32_t level)
{
    if (level < PAGE_TABLE_LEVELS) *w->entry[level + 1] += PTE_COUNT_ONE;
}

/* The entry at `level` has just been cleared: counts down, and takes tables that are now empty out of
 * the tree. Writes their addresses to `emptied` (at most 3) and returns how many. */
uint32_t walk_prune(struct walk *w, uint32_t level, paddr_t emptied[PAGE_TABLE_LEVELS - 1]);

/* Puts a leaf where `entry` points to a table of leaves, and frees the table. */
void pte_replace_table(struct page_table *pt, uint64_t *entry, uint64_t leaf);
