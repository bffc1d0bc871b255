/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables of the kernel and of address spaces: map, unmap, protect, translate, with leaves of
 * 4 KiB, 2 MiB and 1 GiB.
 *
 * Nothing here locks: whoever owns the table serialises changes. Addresses and lengths are multiples
 * of 4 KiB, canonical, and ranges stay inside one half. A user table is changed only in its own half;
 * the kernel's half of every table is the kernel's, whose root entries never change after boot.
 *
 * A change that fails (ERR_NO_MEMORY, ERR_EXISTS) has changed no translation. A leaf may be in smaller pieces
 * afterwards: where a second edge needs memory that is not there, the first stays split. */
#pragma once
#include "arch/cpu_set.h"
#include "arch/paging.h"
#include "lib/base.h"

/* Somebody who keeps what a user table says: a device. Told before a leaf of [start, end) goes, leads elsewhere or loses
 * a right; returns once the old one is in use no more. Whoever serialises the table's changes holds its lock
 * meanwhile, so nothing of the range can be looked up again before the change is done. May sleep. */
struct page_table_watch {
    void (*forget)(struct page_table_watch *watch, uint64_t start, uint64_t end);
    struct page_table_watch *next; /* ours */
};

struct page_table {
    paddr_t root;
    cpu_set cpus; /* that have it in CR3; mm/tlb.c's */
    struct page_table_watch *watches;
};

/* Where they can, the values are the bits of the entry: the page-fault handler passes here. */
enum page_flags {
    PAGE_WRITE = 1 << 1,
    PAGE_USER = 1 << 2,
    PAGE_WRITE_COMBINE = 1 << 3,
    PAGE_UNCACHED = 1 << 4,
    PAGE_GLOBAL = 1 << 8,   /* the same in every address space */
    PAGE_BORROWED = 1 << 9, /* the frame belongs to somebody else */
    PAGE_HIDDEN = 1 << 10,  /* no access at all, not even the kernel's; the frame stays (PROT_NONE) */
    PAGE_SHARED = 1 << 11,  /* the frame may have other holders (mm/frame_share.h) */
    PAGE_OWNERSHIP = PAGE_BORROWED | PAGE_SHARED,
    /* page_table_map only: the largest leaf to use; 1 GiB (where the CPU has it) without them */
    PAGE_LEAF_4K = 1 << 12,
    PAGE_LEAF_2M = 1 << 13,
    PAGE_EXEC = 1 << 14,
    PAGE_JOIN = 1 << 15, /* page_table_map_leaf of 4 KiB: page_table_join when it is the last of its table */
};

NOINLINE void page_table_tell_watches(struct page_table *pt, uint64_t start, uint64_t end);
static inline void page_table_tell(struct page_table *pt, uint64_t start, uint64_t end)
{
    if (unlikely(pt->watches)) page_table_tell_watches(pt, start, end);
}
/* By whoever serialises changes of the table. */
void page_table_watch(struct page_table *pt, struct page_table_watch *watch);
void page_table_unwatch(struct page_table *pt, struct page_table_watch *watch);

/* The kernel's own table; set by kernel_map_init. */
extern struct page_table kernel_page_table;

/* A table with an empty user half. */
err_t page_table_create_user(struct page_table *pt);
/* Told of each leaf that goes away, once no TLB holds it. `flags` are of
 * PAGE_OWNERSHIP. */
typedef void page_leaf_fn(paddr_t paddr, uint8_t leaf_shift, uint32_t flags, void *context);
/* Frees the tables of the user half and the root. No thread runs on it; CPUs that still have it loaded lose it.
 * `gone` may be NULL. */
void page_table_destroy_user(struct page_table *pt, page_leaf_fn *gone, void *context);

/* Maps the range with the largest leaves that its alignment allows. ERR_EXISTS: part of it is mapped. */
err_t page_table_map(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint64_t bytes, uint32_t flags);
/* One leaf of 1 << leaf_shift bytes; the short path of the page-fault handler. The caller checks
 * cpu_features.giant_pages before it asks for 1 GiB. */
err_t page_table_map_leaf(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint8_t leaf_shift,
                          uint32_t flags);

/* Removes what is mapped in the range; holes are fine. Larger leaves are split at the edges. `gone`
 * may be NULL; it must not change this table. ERR_NO_MEMORY: no frame for a split. */
err_t page_table_unmap(struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_leaf_fn *gone,
                       void *context);
/* The same for borrowed leaves alone; the others stay. Nothing is split, so it cannot fail: borrowed leaves
 * are of 4 KiB. */
void page_table_unmap_borrowed(struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_leaf_fn *gone,
                               void *context);
/* Gives all leaves in the range new flags (all of them: access and memory type), but PAGE_OWNERSHIP stays
 * as it was, and what is borrowed or shared does not become writable. As unmap. */
err_t page_table_protect(struct page_table *pt, uint64_t vaddr, uint64_t bytes, uint32_t flags);

/* Replaces the leaf at `vaddr`, which exists, by one of the same size. */
void page_table_replace(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint32_t flags);

/* Shows the range's leaves in `to` too, where it is empty: those that `from` owns become shared in both
 * and, unless they stay so, writable in neither; borrowed ones are left out. Leaves do not reach across the range's ends.
 * *pages grows by the number of 4 KiB pages they show. ERR_NO_MEMORY: what was done stays, and harms
 * nothing. The caller has all CPUs forget `from`. */
err_t page_table_share(struct page_table *to, struct page_table *from, uint64_t vaddr, uint64_t bytes,
                       bool stays_writable, uint64_t *pages);

/* Makes one leaf of the 2 MiB around `vaddr` when all its 4 KiB leaves are there, lie one behind the other
 * and differ in nothing, and belong to this table alone. */
void page_table_join(struct page_table *pt, uint64_t vaddr);

/* Calls `leaf` for each leaf that begins in the range, with flags as from translate. */
typedef void page_visit_fn(uint64_t vaddr, paddr_t paddr, uint8_t leaf_shift, uint32_t flags, void *context);
void page_table_visit(const struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_visit_fn *leaf,
                      void *context);

/* Tables below the root, of the user half. */
uint64_t page_table_count(const struct page_table *pt);

/* Makes sure that no leaf reaches across `edge`. ERR_NO_MEMORY. */
err_t page_table_split(struct page_table *pt, uint64_t edge);

/* Where a walk to an address ends: at a leaf, or at the entry that is not used. Valid until the table
 * changes. */
struct page_place {
    uint64_t *entry, *parent;
    uint32_t level; /* of `entry`, 1 for leaves of 4 KiB: so far up nothing is mapped */
    bool is_mapped; /* then also: */
    uint8_t leaf_shift;
    uint32_t flags; /* as page_table_translate tells them; user tables only */
    paddr_t frame;  /* the leaf's first */
};
void page_table_look(const struct page_table *pt, uint64_t vaddr, struct page_place *out);
/* The first address behind the leaf, or behind what the unused entry stands for. */
static inline uint64_t page_place_end(const struct page_place *place, uint64_t vaddr)
{
    uint64_t bytes = 1ull << pte_level_shift(place->level);
    return align_down(vaddr, bytes) + bytes;
}
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

/* Fills unused entries that lie side by side, from the place on, with frames of the level's size as long as
 * `next_frame` has some: at most `count`, up to the end of the table or to a used entry. Returns how many. */
static inline uint64_t page_table_fill_row(const struct page_place *place, uint64_t count, uint32_t flags,
                                           paddr_t (*next_frame)(void))
{
    uint64_t *entry = place->entry, bits = pte_from_flags(flags, place->level), done = 0;
    uint64_t room = PAGE_TABLE_ENTRIES - (uint64_t)entry % PAGE_BYTES / sizeof(*entry);
    for (count = MIN(count, room); done < count && !(entry[done] & PTE_USED); done++) {
        paddr_t frame = next_frame();
        if (is_paddr_none(frame)) break;
        entry[done] = frame.raw | bits;
    }
    *place->parent += done * PTE_COUNT_ONE;
    return done;
}
/* page_table_map_leaf where a look has just found nothing: most of the work is a word written, so it is here
 * for those who fault. */
err_t page_table_fill_elsewhere(struct page_table *pt, const struct page_place *place, uint64_t vaddr,
                                paddr_t paddr, uint8_t leaf_shift, uint32_t flags);
static inline err_t page_table_fill(struct page_table *pt, const struct page_place *place, uint64_t vaddr,
                                    paddr_t paddr, uint8_t leaf_shift, uint32_t flags)
{
    bool is_simple = pte_level_shift(place->level) == leaf_shift && !(flags & PAGE_JOIN);
    if (unlikely(!is_simple)) return page_table_fill_elsewhere(pt, place, vaddr, paddr, leaf_shift, flags);
    *place->entry = paddr.raw | pte_from_flags(flags, place->level);
    *place->parent += PTE_COUNT_ONE;
    return OK;
}

/* ---- pages in place: leaves of 4 KiB whose frames lie in one block of 2 MiB as they do in the addresses,
 * and belong to this table alone; given enough of them, they are one leaf ---- */

enum { PAGE_SET_WORDS = HUGE_BYTES / PAGE_BYTES / 64 };

/* The leaves of 4 KiB that are in the same table. */
uint32_t page_place_used(const struct page_place *place);
/* The block that the nearest leaves around the place, where nothing is, are in place in. PADDR_NONE: there
 * are no others in the table, or they are not in place. */
paddr_t page_place_block(const struct page_place *place);
/* Which pages of the 2 MiB around the place are missing. False when the others are not all in place in the
 * block, with these flags. */
bool page_place_missing(const struct page_place *place, paddr_t block, uint32_t flags,
                        uint64_t missing[PAGE_SET_WORDS]);
/* One leaf for all of the block instead of the table. */
void page_place_make_leaf(struct page_table *pt, const struct page_place *place, paddr_t block,
                          uint32_t flags);

/* Leaves of [start, end), all of one table, that are marked as shared though nobody else holds frames of
 * `block` any more: they are this table's alone again, and get what `flags` allows. */
void page_place_take_over(const struct page_place *place, uint64_t start, uint64_t end, paddr_t block,
                          uint32_t flags);

/* Where `vaddr` leads: its physical address, what the CPU allows there, and the size of its leaf.
 * Each result may be NULL. False when it is not mapped. */
bool page_table_translate(const struct page_table *pt, uint64_t vaddr, paddr_t *out, uint32_t *flags,
                          uint8_t *leaf_shift);
