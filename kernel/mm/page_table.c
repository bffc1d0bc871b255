/* SPDX-License-Identifier: Apache-2.0 */
/* One leaf at a time, and whole user tables. Ranges are in page_table_range.c. */
#include "mm/page_table.h"

#include "lib/string.h"
#include "mm/frame_charged.h"
#include "mm/page_table_internal.h"
#include "mm/tlb.h"

struct page_table kernel_page_table;

uint32_t walk_prune(struct walk *w, uint32_t level, paddr_t emptied[PAGE_TABLE_LEVELS - 1])
{
    uint32_t count = 0;
    for (; level < PAGE_TABLE_LEVELS; level++) {
        uint64_t *parent = w->entry[level + 1];
        *parent -= PTE_COUNT_ONE;
        if (field_get(*parent, PTE_COUNT)) break;
        emptied[count++] = PADDR(*parent & PTE_ADDRESS);
        *parent = 0;
    }
    return count;
}

/* Puts an empty table under the entry at `level` of the walk. */
static bool add_table(struct walk *w, uint32_t level, uint64_t vaddr)
{
    paddr_t table = frame_alloc_zeroed_charged(CHARGE_KERNEL);
    if (is_paddr_none(table)) return false;
    *w->entry[level] = pte_to_table(table, vaddr);
    walk_count_up(w, level);
    return true;
}

/* Extends the walk down to `leaf_level`; on failure the tables it added are gone again. */
static NOINLINE err_t walk_extend(struct walk *w, uint64_t vaddr, uint32_t leaf_level)
{
    uint32_t top = w->level;
    while (w->level > leaf_level) {
        if (!add_table(w, w->level, vaddr)) goto remove_tables;
        uint64_t *table = pte_table(*w->entry[w->level]);
        w->level--;
        w->entry[w->level] = &table[pte_index(vaddr, w->level)];
    }
    return OK;

remove_tables:
    /* Only the last one added is empty; removing it empties the one above. */
    for (uint32_t level = w->level + 1; level <= top; level++) {
        frame_free_charged(CHARGE_KERNEL, PADDR(*w->entry[level] & PTE_ADDRESS));
        *w->entry[level] = 0;
        if (level < PAGE_TABLE_LEVELS) *w->entry[level + 1] -= PTE_COUNT_ONE;
    }
    return ERR_NO_MEMORY;
}

/* The same where a table is missing, or something is in the way. */
static NOINLINE err_t map_leaf_with_tables(struct page_table *pt, uint64_t vaddr, paddr_t paddr,
                                           uint8_t leaf_shift, uint32_t flags)
{
    uint32_t leaf_level = pte_level_of_shift(leaf_shift);
    struct walk w = walk_to(pt, vaddr);
    if ((*w.entry[w.level] & PTE_USED) || w.level < leaf_level) return ERR_EXISTS;
    err_t e = walk_extend(&w, vaddr, leaf_level);
    if (failed(e)) return e;
    *w.entry[leaf_level] = paddr.raw | pte_from_flags(flags, leaf_level);
    walk_count_up(&w, leaf_level);
    return OK;
}

/* One level of a look: false where it ends. The root has no leaves, and bit 7 of a 4 KiB leaf means
 * something else. */
static inline bool look_step(struct page_place *p, uint64_t vaddr, uint32_t level)
{
    if ((*p->entry & (PTE_USED | PTE_LEAF)) != PTE_PRESENT) return false;
    p->parent = p->entry;
    p->entry = pte_table(*p->entry) + pte_index(vaddr, level);
    p->level = level;
    return true;
}

void page_table_look(const struct page_table *pt, uint64_t vaddr, struct page_place *out)
{
    struct page_place p = { .entry = (uint64_t *)direct_map(pt->root) + pte_index(vaddr, 4), .level = 4 };
    (void)(look_step(&p, vaddr, 3) && look_step(&p, vaddr, 2) && look_step(&p, vaddr, 1));
    uint64_t leaf = *p.entry;
    out->entry = p.entry;
    out->parent = p.parent;
    out->level = p.level;
    out->is_mapped = leaf & PTE_USED;
    if (!(leaf & PTE_USED)) return;
    uint32_t shift = pte_level_shift(p.level);
    out->leaf_shift = (uint8_t)shift;
    out->flags = leaf & PTE_HIDDEN ? PAGE_HIDDEN | pte_ownership(leaf)
                                   : (uint32_t)(leaf & PTE_FLAGS) | (leaf & PTE_NO_EXECUTE ? 0 : PAGE_EXEC);
    out->frame = PADDR(leaf & PTE_ADDRESS & ~((1ull << shift) - 1));
}

err_t page_table_fill_elsewhere(struct page_table *pt, const struct page_place *place, uint64_t vaddr,
                                paddr_t paddr, uint8_t leaf_shift, uint32_t flags)
{
    DEBUG_ASSERT(is_canonical(vaddr) && is_aligned(vaddr | paddr.raw, 1ull << leaf_shift));
    if (unlikely(pte_level_shift(place->level) != leaf_shift))
        return map_leaf_with_tables(pt, vaddr, paddr, leaf_shift, flags);
    *place->entry = paddr.raw | pte_from_flags(flags, place->level);
    *place->parent += PTE_COUNT_ONE;
    if (unlikely((flags & PAGE_JOIN) && field_get(*place->parent, PTE_COUNT) == PAGE_TABLE_ENTRIES))
        page_table_join(pt, vaddr);
    return OK;
}

err_t page_table_map_leaf(struct page_table *pt, uint64_t vaddr, paddr_t paddr, uint8_t leaf_shift,
                          uint32_t flags)
{
    struct page_place place;
    page_table_look(pt, vaddr, &place);
    return unlikely(place.is_mapped) ? ERR_EXISTS
                                     : page_table_fill(pt, &place, vaddr, paddr, leaf_shift, flags);
}

bool page_table_translate(const struct page_table *pt, uint64_t vaddr, paddr_t *out, uint32_t *flags,
                          uint8_t *leaf_shift)
{
    if (!is_canonical(vaddr)) return false;
    struct walk w = walk_to(pt, vaddr);
    uint64_t leaf = *w.entry[w.level];
    if (!(leaf & PTE_USED)) return false;

    uint32_t shift = pte_level_shift(w.level);
    uint64_t inside = (1ull << shift) - 1;
    if (out) *out = PADDR((leaf & PTE_ADDRESS & ~inside) | (vaddr & inside));
    if (leaf_shift) *leaf_shift = (uint8_t)shift;
    if (flags) *flags = walk_flags(&w);
    return true;
}

/* ---- user tables ---- */

err_t page_table_create_user(struct page_table *pt)
{
    paddr_t root = frame_alloc_charged(CHARGE_KERNEL);
    if (is_paddr_none(root)) return ERR_NO_MEMORY;
    uint64_t *table = direct_map(root);
    const uint64_t *kernel = direct_map(kernel_page_table.root);
    memset(table, 0, PAGE_BYTES / 2);
    memcpy(&table[PAGE_TABLE_KERNEL_HALF], &kernel[PAGE_TABLE_KERNEL_HALF], PAGE_BYTES / 2);
    *pt = (struct page_table){ .root = root };
    return OK;
}

static inline bool are_eight_unused(const uint64_t *e)
{
    return !((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & PTE_USED);
}

/* The first used entry from `at` on, or `end`, which is one of a table's eighths. Tables are mostly empty. */
static inline const uint64_t *next_used(const uint64_t *at, const uint64_t *end)
{
    for (;; at++) {
        if (is_aligned((uint64_t)at, 8 * sizeof(*at)))
            while (at < end && are_eight_unused(at)) at += 8;
        if (at == end || (*at & PTE_USED)) return at;
    }
}

/* Frees what `entry` points to. Three levels below a root entry, so the recursion is bounded. */
static void destroy_below(uint64_t entry, uint32_t level, page_leaf_fn *gone, void *context)
{
    const uint64_t *at = pte_table(entry), *end = at + PAGE_TABLE_ENTRIES;
    uint32_t shift = pte_level_shift(level - 1);
    for (uint64_t left = field_get(entry, PTE_COUNT); left; at++, left--) {
        at = next_used(at, end);
        if (!pte_is_leaf(*at, level - 1))
            destroy_below(*at, level - 1, gone, context);
        else if (gone)
            gone(PADDR(*at & PTE_ADDRESS & ~((1ull << shift) - 1)), (uint8_t)shift, pte_ownership(*at),
                 context);
    }
    frame_free_charged(CHARGE_KERNEL, PADDR(entry & PTE_ADDRESS));
}

void page_table_destroy_user(struct page_table *pt, page_leaf_fn *gone, void *context)
{
    const uint64_t *at = direct_map(pt->root), *end = at + PAGE_TABLE_KERNEL_HALF;
    tlb_forget_table(pt);
    page_table_tell(pt, 0, PAGE_TABLE_KERNEL_HALF * (1ull << pte_level_shift(PAGE_TABLE_LEVELS)));
    while ((at = next_used(at, end)) < end) destroy_below(*at++, PAGE_TABLE_LEVELS, gone, context);
    frame_free_charged(CHARGE_KERNEL, pt->root);
    pt->root = PADDR_NONE;
}

/* ---- those who keep what a table says ---- */

void page_table_watch(struct page_table *pt, struct page_table_watch *watch)
{
    watch->next = pt->watches;
    pt->watches = watch;
}

void page_table_unwatch(struct page_table *pt, struct page_table_watch *watch)
{
    struct page_table_watch **at = &pt->watches;
    while (*at != watch) at = &(*at)->next;
    *at = watch->next;
}

void page_table_tell_watches(struct page_table *pt, uint64_t start, uint64_t end)
{
    for (struct page_table_watch *watch = pt->watches; watch; watch = watch->next)
        watch->forget(watch, start, end);
}
