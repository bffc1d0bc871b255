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

/* Flags that are bits of the entry too. */
#define PTE_FLAGS \
    (PTE_WRITE | PTE_USER | PTE_PWT | PTE_PCD | PTE_GLOBAL | PTE_BORROWED | PTE_SHARED | PTE_HIDDEN)
_Static_assert(PAGE_WRITE == PTE_WRITE && PAGE_USER == PTE_USER && PAGE_GLOBAL == PTE_GLOBAL &&
                   PAGE_WRITE_COMBINE == PTE_TYPE_WRITE_COMBINING && PAGE_UNCACHED == PTE_PCD &&
                   PAGE_BORROWED == PTE_BORROWED && PAGE_SHARED == PTE_SHARED && PAGE_HIDDEN == PTE_HIDDEN,
               "flags go into entries as they are");
_Static_assert(PTE_TYPE_UNCACHED == (PTE_PCD | PTE_PCD >> 1), "uncached is PCD with its lower neighbour");

/* The bits of a leaf at `level` except its address. */
static inline uint64_t pte_from_flags(uint32_t flags, uint32_t level)
{
    uint64_t entry = (flags & PTE_FLAGS) | (flags & PAGE_UNCACHED) >> 1 | PTE_PRESENT;
    if (!(flags & PAGE_EXEC)) entry |= PTE_NO_EXECUTE;
    if (flags & PAGE_HIDDEN) entry &= ~PTE_PRESENT;
    if (level > 1) entry |= PTE_LEAF;
    return entry;
}

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

/* The entry at `level` of the walk has just gained content. */
static inline void walk_count_up(struct walk *w, uint32_t level)
{
    if (level < PAGE_TABLE_LEVELS) *w->entry[level + 1] += PTE_COUNT_ONE;
}

/* The entry at `level` has just been cleared: counts down, and takes tables that are now empty out of
 * the tree. Writes their addresses to `emptied` (at most 3) and returns how many. */
uint32_t walk_prune(struct walk *w, uint32_t level, paddr_t emptied[PAGE_TABLE_LEVELS - 1]);
