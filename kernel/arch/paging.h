/* SPDX-License-Identifier: Apache-2.0 */
/* The page-table format: four levels of 512 entries. [intel-sdm3 4.5] */
#pragma once
#include "lib/base.h"

#define PTE_PRESENT    (1ull << 0)
#define PTE_WRITE      (1ull << 1) /* with CR0.WP also for the kernel */
#define PTE_USER       (1ull << 2)
#define PTE_PWT        (1ull << 3) /* with PCD, the index into the PAT */
#define PTE_PCD        (1ull << 4)
#define PTE_ACCESSED   (1ull << 5)
#define PTE_DIRTY      (1ull << 6)  /* leaves only */
#define PTE_LEAF       (1ull << 7)  /* PS; at levels 2 and 3. At level 1 it is part of the PAT index */
#define PTE_GLOBAL     (1ull << 8)  /* leaves only: survives a load of CR3 */
#define PTE_BORROWED   (1ull << 9)  /* ours (9 to 11 are ignored): the frame is not the mapping's to free */
#define PTE_HIDDEN     (1ull << 10) /* ours: not present, but the frame stays. PROT_NONE */
#define PTE_SHARED     (1ull << 11) /* ours: the frame may have other holders. mm/frame_share.h */
#define PTE_USED       (PTE_PRESENT | PTE_HIDDEN)
#define PTE_ADDRESS    0x000ffffffffff000ull
#define PTE_NO_EXECUTE (1ull << 63)

/* Bits 61:52 are ignored by the CPU in entries that point to tables: there we count the present
 * entries of that table, so that an emptied one is known without looking through it. */
#define PTE_COUNT     FIELD(61, 52)
#define PTE_COUNT_ONE (1ull << 52)

/* Memory types, as arch/features.c sets up the PAT: entry 0 is write-back, 1 write-combining,
 * 3 uncached. [intel-sdm3 12.12] */
#define PTE_TYPE_WRITE_BACK      0
#define PTE_TYPE_WRITE_COMBINING PTE_PWT
#define PTE_TYPE_UNCACHED        (PTE_PCD | PTE_PWT)
#define PTE_TYPE                 (PTE_PCD | PTE_PWT)

enum {
    PAGE_TABLE_ENTRIES = 512,
    PAGE_TABLE_LEVELS = 4,        /* the root's entries are level 4, those for 4 KiB leaves level 1 */
    PAGE_TABLE_KERNEL_HALF = 256, /* first root entry of the kernel's addresses */
};

/* Bytes below the part of an address that selects an entry at `level`. */
static inline uint32_t pte_level_shift(uint32_t level) { return 3 + 9 * level; }
static inline uint32_t pte_level_of_shift(uint32_t shift) { return (shift - 3) / 9; }
static inline uint64_t pte_index(uint64_t vaddr, uint32_t level)
{
    return vaddr >> pte_level_shift(level) & (PAGE_TABLE_ENTRIES - 1);
}
static inline bool pte_is_leaf(uint64_t entry, uint32_t level) { return level == 1 || (entry & PTE_LEAF); }
/* Bit 47 repeated up to bit 63. */
static inline bool is_canonical(uint64_t vaddr) { return (uint64_t)((int64_t)(vaddr << 16) >> 16) == vaddr; }
static inline bool is_kernel_vaddr(uint64_t vaddr) { return vaddr >> 63; }
