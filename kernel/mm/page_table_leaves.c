/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with the leaves of user tables besides mapping them: sharing, joining, looking. */
#include "mm/frame_charged.h"
#include "mm/frame_share.h"
#include "mm/page_table.h"
#include "mm/page_table_internal.h"
#include "mm/tlb.h"

static uint64_t behind_entry(uint64_t vaddr, uint32_t level)
{
    uint64_t bytes = 1ull << pte_level_shift(level);
    return align_down(vaddr, bytes) + bytes;
}

static paddr_t leaf_frame(uint64_t leaf, uint32_t level)
{
    return PADDR(leaf & PTE_ADDRESS & ~((1ull << pte_level_shift(level)) - 1));
}

void page_table_replace(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint32_t flags)
{
    struct walk w = walk_to(pt, vaddr);
    page_table_tell(pt, vaddr, behind_entry(vaddr, w.level));
    *w.entry[w.level] = paddr.raw | pte_from_flags(flags, w.level);
    tlb_forget(pt, &vaddr, 1);
}

/* Neighbours of the leaf lie beside it in its table, and have the levels above in common. */
static uint64_t visit_table(struct walk *w, uint64_t vaddr, uint64_t end, page_visit_fn *leaf, void *context)
{
    end = MIN(end, behind_entry(vaddr, w->level + 1));
    for (uint64_t *entry = w->entry[w->level]; vaddr < end; vaddr = behind_entry(vaddr, w->level), entry++) {
        if (!(*entry & PTE_USED)) continue;
        if (!pte_is_leaf(*entry, w->level)) break;
        w->entry[w->level] = entry;
        leaf(vaddr, leaf_frame(*entry, w->level), (uint8_t)pte_level_shift(w->level), walk_flags(w), context);
    }
    return vaddr;
}

void page_table_visit(const struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_visit_fn *leaf,
                      void *context)
{
    for (uint64_t at = vaddr, end = vaddr + bytes; at < end;) {
        struct walk w = walk_to(pt, at);
        at =
            w.level < PAGE_TABLE_LEVELS ? visit_table(&w, at, end, leaf, context) : behind_entry(at, w.level);
    }
}

static uint64_t count_below(uint64_t entry, uint32_t level)
{
    const uint64_t *table = pte_table(entry);
    uint64_t count = 1, left = level > 2 ? field_get(entry, PTE_COUNT) : 0;
    for (uint32_t i = 0; left; i++) {
        if (!(table[i] & PTE_USED)) continue;
        left--;
        if (!pte_is_leaf(table[i], level - 1)) count += count_below(table[i], level - 1);
    }
    return count;
}

uint64_t page_table_count(const struct page_table *pt)
{
    const uint64_t *root = direct_map(pt->root);
    uint64_t count = 0;
    for (uint32_t i = 0; i < PAGE_TABLE_KERNEL_HALF; i++)
        if (root[i] & PTE_USED) count += count_below(root[i], PAGE_TABLE_LEVELS);
    return count;
}

/* ---- sharing ---- */

struct sharing {
    struct page_table *to;
    uint64_t cleared; /* bits of an entry that go in both tables */
    uint64_t pages;
    struct page_place place; /* in `to`, where the last leaf went, for: */
    uint64_t place_vaddr;
};

/* Beside the leaf before it, mostly. */
static void find_place(struct sharing *s, uint64_t vaddr, uint32_t level)
{
    uint32_t shift = pte_level_shift(level);
    bool is_near = s->place.level == level && (vaddr ^ s->place_vaddr) >> shift < PAGE_TABLE_ENTRIES;
    if (is_near)
        s->place.entry += (vaddr - s->place_vaddr) >> shift;
    else
        page_table_look(s->to, vaddr, &s->place);
    s->place_vaddr = vaddr;
    DEBUG_ASSERT(!(*s->place.entry & PTE_USED));
}

static err_t share_leaf(struct sharing *s, uint64_t *entry, uint64_t vaddr, uint32_t level)
{
    paddr_t frame = leaf_frame(*entry, level);
    uint8_t shift = (uint8_t)pte_level_shift(level);
    err_t e = frame_share(frame, shift);
    if (failed(e)) return e;
    *entry = (*entry | PTE_SHARED) & ~s->cleared;
    uint32_t flags = *entry & PTE_FLAGS;
    if (!(*entry & PTE_NO_EXECUTE)) flags |= PAGE_EXEC;
    find_place(s, vaddr, level);
    e = page_table_fill(s->to, &s->place, vaddr, frame, shift, flags);
    if (failed(e))
        frame_share_drop(frame, shift);
    else
        s->pages += 1ull << (shift - PAGE_SHIFT);
    return e;
}

/* From the entry on to the end of its table or of the range, or to an entry that points to a table. */
static err_t share_table(struct sharing *s, uint64_t *entry, uint32_t level, uint64_t *vaddr, uint64_t end)
{
    uint64_t step = 1ull << pte_level_shift(level), limit = MIN(end, behind_entry(*vaddr, level + 1));
    err_t e = OK;
    for (; *vaddr < limit && !failed(e); *vaddr += step, entry++) {
        if (!(*entry & PTE_USED) || (*entry & PTE_BORROWED)) continue;
        if (!pte_is_leaf(*entry, level)) break;
        e = share_leaf(s, entry, *vaddr, level);
    }
    return e;
}

err_t page_table_share(struct page_table *to, struct page_table *from, uint64_t vaddr, uint64_t bytes,
                       bool stays_writable, uint64_t *pages)
{
    struct sharing s = { .to = to, .cleared = stays_writable ? 0 : PTE_WRITE };
    err_t e = OK;
    if (!stays_writable) page_table_tell(from, vaddr, vaddr + bytes);
    for (uint64_t at = vaddr, end = vaddr + bytes; at < end && !failed(e);) {
        struct page_place place;
        page_table_look(from, at, &place);
        if (place.is_mapped)
            e = share_table(&s, place.entry, place.level, &at, end);
        else
            at = behind_entry(at, place.level);
    }
    *pages += s.pages;
    return e;
}

/* ---- joining ---- */

static bool is_joinable(const uint64_t *table)
{
    const uint64_t state = PTE_ACCESSED | PTE_DIRTY;
    uint64_t first = table[0] & ~state;
    if ((first & PAGE_OWNERSHIP) || !is_aligned(first & PTE_ADDRESS, HUGE_BYTES)) return false;
    for (uint64_t i = PAGE_TABLE_ENTRIES; i-- > 0;)
        if ((table[i] & ~state) != first + (i << PAGE_SHIFT)) return false;
    return true;
}

void pte_replace_table(struct page_table *pt, uint64_t *entry, uint64_t leaf)
{
    paddr_t table = PADDR(*entry & PTE_ADDRESS);
    *entry = leaf;
    /* Translations of single pages, and the pointer to the table, may be in the TLB. */
    tlb_forget_user(pt);
    frame_free_charged(CHARGE_KERNEL, table);
}

void page_table_join(struct page_table *pt, uint64_t vaddr)
{
    struct walk w = walk_to(pt, vaddr);
    if (w.level != 1 || field_get(*w.entry[2], PTE_COUNT) != PAGE_TABLE_ENTRIES) return;
    const uint64_t *table = pte_table(*w.entry[2]);
    if (is_joinable(table)) pte_replace_table(pt, w.entry[2], table[0] | PTE_LEAF);
}
