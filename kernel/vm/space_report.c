/* SPDX-License-Identifier: Apache-2.0 */
/* Pages are counted from the page table each time, so nothing has to be kept up to date for readers who
 * seldom come: 2 MiB leaves make that a short walk. */
#include "vm/space_report.h"

#include "mm/frame_share.h"
#include "vm/area.h"

/* Among so many areas of a file others that show its pages are looked for, or 65,530 views of one file
 * would look at each other. */
enum { NEIGHBOURS_MAX = 64 };

struct count {
    const struct area *area;
    struct page_sums *to;
};

/* ---- files ---- */

/* Areas of another space are taken to show what they may: their page tables are not ours to look at. */
static bool shows(const struct area *other, const struct area *area, uint64_t page)
{
    uint64_t at = other->start + ((page - other->backing_page) << PAGE_SHIFT);
    uint32_t flags = 0;
    if (other == area || page < other->backing_page || at >= other->end) return false;
    if (other->space != area->space) return true;
    return page_table_translate(&area->space->page_table, at, NULL, &flags, NULL) && (flags & PAGE_BORROWED);
}

static uint32_t count_viewers(const struct area *area, uint64_t page)
{
    struct mapping *mapping = area->backing->mapping;
    uint32_t viewers = 1, looked = 0;
    spin_lock(&mapping->lock);
    for (struct list *at = mapping->areas.next; at != &mapping->areas && looked < NEIGHBOURS_MAX;
         at = at->next, looked++)
        viewers += shows(LIST_ENTRY(at, struct area, mapped), area, page);
    spin_unlock(&mapping->lock);
    return viewers;
}

/* ---- leaves ---- */

static void add(const struct count *c, uint32_t class, uint64_t bytes, uint32_t holders)
{
    if (holders > 1) class |= PAGES_SHARED;
    c->to->bytes[class] += bytes;
    c->to->proportional[class] += bytes / holders;
}

/* A huge leaf can be shared in pieces, by different numbers of holders. */
static void add_frames(const struct count *c, uint32_t class, paddr_t frame, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
        add(c, class, PAGE_BYTES, frame_share_holders(PADDR(frame.raw + at)));
}

static void count_leaf(uint64_t vaddr, paddr_t frame, uint8_t leaf_shift, uint32_t flags, void *context)
{
    const struct count *c = context;
    /* A leaf may reach across the area's ends, where areas were told apart without touching the pages. */
    uint64_t leaf = align_down(vaddr, 1ull << leaf_shift);
    uint64_t bytes = MIN(leaf + (1ull << leaf_shift), c->area->end) - vaddr;
    uint32_t class = leaf_shift > PAGE_SHIFT ? PAGES_LARGE : 0;
    if (flags & PAGE_BORROWED) {
        if (flags & PAGE_WRITE) class |= PAGES_DIRTY;
        add(c, class, bytes, count_viewers(c->area, area_page_of(c->area, vaddr)));
        return;
    }
    class |= PAGES_ANONYMOUS | PAGES_DIRTY;
    if (flags & PAGE_SHARED)
        add_frames(c, class, PADDR(frame.raw + (vaddr - leaf)), bytes);
    else
        add(c, class, bytes, 1);
}

/* ---- areas ---- */

/* The stack's lower end moves, so it is known by an address in it. */
static bool holds(const struct area *area, uint64_t address)
{
    return area->start <= address && address < area->end;
}

bool space_report_area(struct space *space, uint64_t address, struct area_report *out,
                       struct page_sums *pages)
{
    mutex_lock(&space->lock);
    const struct area *area = space_find_from_locked(space, address);
    if (area) {
        *out = (struct area_report){
            .start = area->start,
            .end = area->end,
            .backing_page = area->backing_page,
            .backing = backing_get(area->backing),
            .flags = area->flags,
            .is_first_stack = holds(area, space->stack_start),
            .may_be_huge = area->kind == &anonymous_kind && area_may_be_huge(area) &&
                           align_up(area->start, HUGE_BYTES) + HUGE_BYTES <= area->end,
        };
        if (pages) {
            *pages = (struct page_sums){ 0 };
            struct count c = { area, pages };
            page_table_visit(&space->page_table, area->start, area->end - area->start, count_leaf, &c);
        }
    }
    mutex_unlock(&space->lock);
    return area;
}

void space_report(struct space *space, struct space_report *out)
{
    mutex_lock(&space->lock);
    const struct area *first = space_find_from_locked(space, 0), *last = space_last_locked(space);
    *out = (struct space_report){
        .start = first ? first->start : 0,
        .end = last ? last->end : 0,
        .mapped_bytes = space->mapped_bytes,
        .mapped_peak_bytes = MAX(space->mapped_peak_bytes, space->mapped_bytes),
        .data_bytes = space->data_bytes,
        .resident_peak_bytes = MAX(space->resident_peak_pages, space->resident_pages) << PAGE_SHIFT,
        .table_bytes = first ? page_table_count(&space->page_table) << PAGE_SHIFT : 0,
        .faults = space->fault_count,
        .brk_start = space->brk_start,
        .stack_start = space->stack_start,
    };
    mutex_unlock(&space->lock);
}
