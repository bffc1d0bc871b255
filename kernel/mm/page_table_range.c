/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of leaves. Leaves that reach across an edge of the range are split first, so what follows cannot
 * fail. */
#include "arch/features.h"
#include "mm/frame_charged.h"
#include "mm/frame_share.h"
#include "mm/page_table.h"
#include "mm/page_table_internal.h"
#include "mm/tlb.h"

/* ---- splitting ---- */

/* Replaces the leaf by a table of leaves one size smaller. */
static void split_leaf(const struct page_place *place, uint64_t vaddr, paddr_t table_frame)
{
    uint64_t leaf = *place->entry;
    uint64_t part_bytes = 1ull << pte_level_shift(place->level - 1);
    if (place->level == 2) leaf &= ~PTE_LEAF;
    uint64_t *table = direct_map(table_frame);
    for (uint32_t i = 0; i < PAGE_TABLE_ENTRIES; i++) table[i] = leaf + i * part_bytes;
    *place->entry = pte_to_table(table_frame, vaddr) + PAGE_TABLE_ENTRIES * PTE_COUNT_ONE;
}

static err_t split_at(const struct page_place *place, uint64_t edge)
{
    paddr_t table = frame_alloc_charged(CHARGE_KERNEL);
    if (is_paddr_none(table)) return ERR_NO_MEMORY;
    bool is_shared = place->level == 2 && (place->flags & PAGE_SHARED);
    err_t e = is_shared ? frame_share_split(place->frame) : OK;
    if (failed(e))
        frame_free_charged(CHARGE_KERNEL, table);
    else
        split_leaf(place, edge, table);
    return e;
}

err_t page_table_split(struct page_table *pt, uint64_t edge)
{
    for (;;) {
        struct page_place place;
        page_table_look(pt, edge, &place);
        if (likely(!place.is_mapped || is_aligned(edge, 1ull << place.leaf_shift))) return OK;
        err_t e = split_at(&place, edge);
        if (failed(e)) return e;
    }
}

/* The end of the address space is aligned to everything and may be 0. A split without the other one
 * changes no translation, and is not undone: pieces of a shared leaf cannot be joined again. */
static err_t split_edges(struct page_table *pt, uint64_t start, uint64_t end)
{
    err_t e = page_table_split(pt, start);
    return failed(e) ? e : page_table_split(pt, end);
}

/* ---- leaving: leaves and tables wait here until no TLB knows them ---- */

enum { LEAVING_MAX = 64 };

struct leaving {
    struct page_table *pt;
    page_leaf_fn *gone;
    void *context;
    uint64_t vaddr[LEAVING_MAX];
    struct {
        uint64_t paddr;
        uint8_t leaf_shift; /* 0: a page table */
        uint32_t flags;     /* ownership */
    } what[LEAVING_MAX];
    uint32_t count;
};

static void leaving_flush(struct leaving *l)
{
    if (l->count == 0) return;
    tlb_forget(l->pt, l->vaddr, l->count);
    for (uint32_t i = 0; i < l->count; i++) {
        if (!l->what[i].leaf_shift)
            frame_free_charged(CHARGE_KERNEL, PADDR(l->what[i].paddr));
        else if (l->gone)
            l->gone(PADDR(l->what[i].paddr), l->what[i].leaf_shift, l->what[i].flags, l->context);
    }
    l->count = 0;
}

static void leaving_add(struct leaving *l, uint64_t vaddr, uint64_t paddr, uint8_t leaf_shift, uint32_t flags)
{
    l->vaddr[l->count] = vaddr;
    l->what[l->count].paddr = paddr;
    l->what[l->count].leaf_shift = leaf_shift;
    l->what[l->count].flags = flags;
    l->count++;
}

/* The first address behind the entry where a walk to `vaddr` ended. */
static uint64_t behind(const struct walk *w, uint64_t vaddr)
{
    uint64_t bytes = 1ull << pte_level_shift(w->level);
    return align_down(vaddr, bytes) + bytes;
}

/* ---- the interface ---- */

static uint8_t largest_leaf(uint64_t vaddr, uint64_t paddr, uint64_t bytes, uint32_t flags)
{
    uint64_t both = vaddr | paddr;
    bool huge = !(flags & PAGE_LEAF_4K), giant = huge && !(flags & PAGE_LEAF_2M) && cpu_features.giant_pages;
    if (giant && bytes >= GIANT_BYTES && is_aligned(both, GIANT_BYTES)) return GIANT_SHIFT;
    if (huge && bytes >= HUGE_BYTES && is_aligned(both, HUGE_BYTES)) return HUGE_SHIFT;
    return PAGE_SHIFT;
}

err_t page_table_map(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint64_t bytes, uint32_t flags)
{
    for (uint64_t done = 0; done < bytes;) {
        uint8_t shift = largest_leaf(vaddr + done, paddr.raw + done, bytes - done, flags);
        err_t e = page_table_map_leaf(pt, vaddr + done, PADDR(paddr.raw + done), shift, flags);
        if (failed(e)) {
            /* Only our own leaves, whole: this needs no memory. */
            err_t undone = page_table_unmap(pt, vaddr, done, NULL, NULL);
            ASSERT(!failed(undone));
            return e;
        }
        done += 1ull << shift;
    }
    return OK;
}

/* How many bytes of the range, which goes on for `left`, are passed with the empty entry where the walk ended: a table
 * is mostly empty where a stack was. */
static uint64_t empty_bytes(const struct walk *w, uint64_t step, uint64_t left)
{
    if (w->level != 1 || step >= left) return MIN(step, left);
    const uint64_t *entry = w->entry[1];
    uint64_t room = PAGE_TABLE_ENTRIES - (uint64_t)entry % PAGE_BYTES / sizeof(*entry);
    uint64_t limit = MIN(room, left >> PAGE_SHIFT), count = 1;
    while (count < limit && !(entry[count] & PTE_USED)) count++;
    return count << PAGE_SHIFT;
}

/* Removes the leaves that have all of these bits. */
static void unmap_leaves(struct page_table *pt, uint64_t vaddr, uint64_t bytes, uint64_t bits,
                         page_leaf_fn *gone, void *context)
{
    struct leaving leaving;
    leaving.pt = pt;
    leaving.gone = gone;
    leaving.context = context;
    leaving.count = 0;
    for (uint64_t left = bytes, end = vaddr + bytes; left;) {
        uint64_t at = end - left;
        struct walk w = walk_to(pt, at);
        uint64_t leaf = *w.entry[w.level], step = behind(&w, at) - at;
        left -= leaf & PTE_USED ? MIN(step, left) : empty_bytes(&w, step, left);
        if (!(leaf & PTE_USED) || (leaf & bits) != bits) continue;

        uint32_t shift = pte_level_shift(w.level);
        paddr_t emptied[PAGE_TABLE_LEVELS - 1];
        *w.entry[w.level] = 0;
        if (leaving.count + PAGE_TABLE_LEVELS > LEAVING_MAX) leaving_flush(&leaving);
        leaving_add(&leaving, at, leaf & PTE_ADDRESS & ~((1ull << shift) - 1), (uint8_t)shift,
                    pte_ownership(leaf));
        uint32_t count = walk_prune(&w, w.level, emptied);
        for (uint32_t i = 0; i < count; i++) leaving_add(&leaving, at, emptied[i].raw, 0, 0);
    }
    leaving_flush(&leaving);
}

err_t page_table_unmap(struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_leaf_fn *gone,
                       void *context)
{
    DEBUG_ASSERT(is_aligned(vaddr | bytes, PAGE_BYTES));
    if (bytes == 0) return OK;
    struct page_place place;
    page_table_look(pt, vaddr, &place);
    if (!place.is_mapped && (vaddr ^ (vaddr + bytes - 1)) >> pte_level_shift(place.level) == 0) return OK;
    err_t e = split_edges(pt, vaddr, vaddr + bytes);
    if (failed(e)) return e;
    page_table_tell(pt, vaddr, vaddr + bytes);
    unmap_leaves(pt, vaddr, bytes, 0, gone, context);
    return OK;
}

void page_table_unmap_borrowed(struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_leaf_fn *gone,
                               void *context)
{
    page_table_tell(pt, vaddr, vaddr + bytes);
    unmap_leaves(pt, vaddr, bytes, PTE_BORROWED, gone, context);
}

err_t page_table_protect(struct page_table *pt, uint64_t vaddr, uint64_t bytes, uint32_t flags)
{
    DEBUG_ASSERT(is_aligned(vaddr | bytes, PAGE_BYTES));
    if (bytes == 0) return OK;
    uint64_t end = vaddr + bytes;
    err_t e = split_edges(pt, vaddr, end);
    if (failed(e)) return e;
    page_table_tell(pt, vaddr, end);

    uint64_t changed[LEAVING_MAX];
    uint32_t count = 0;
    for (uint64_t left = bytes; left;) {
        uint64_t at = end - left;
        struct walk w = walk_to(pt, at);
        uint64_t *leaf = w.entry[w.level];
        uint64_t step = behind(&w, at) - at;
        left -= *leaf & PTE_USED ? MIN(step, left) : empty_bytes(&w, step, left);
        if (!(*leaf & PTE_USED)) continue;
        /* Accessed and dirty are dropped: nothing reads them yet, and the CPU sets them again. */
        uint64_t kept = *leaf & (PTE_ADDRESS | PAGE_OWNERSHIP);
        *leaf = kept | pte_from_flags(kept & PAGE_OWNERSHIP ? flags & ~PAGE_WRITE : flags, w.level);
        changed[count++] = at;
        if (count == LEAVING_MAX) {
            tlb_forget(pt, changed, count);
            count = 0;
        }
    }
    if (count) tlb_forget(pt, changed, count);
    return OK;
}
