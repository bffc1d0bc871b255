/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of areas: what a touch of their pages does. Inside vm/ alone.
 *
 * A page-table leaf says whom its frame belongs to: PAGE_BORROWED to somebody else (a file), PAGE_SHARED to
 * this space and perhaps to others (mm/frame_share.h), neither to this space alone. Frames of the last two
 * are charged as anonymous memory. */
#pragma once
#include "vm/space.h"

struct fault {
    uint64_t address;
    uint32_t access;         /* PF_WRITE, PF_INSTRUCTION */
    struct page_place place; /* what is there now; the size of the leaf there then is told to the caller */
    /* A file must get a page of its own first, without the space's lock; then the fault begins again. */
    bool wants_own;
};

static inline void fault_init(struct fault *fault, uint64_t address, uint32_t access)
{
    fault->address = address;
    fault->access = access;
    fault->wants_own = false;
}

struct area_kind {
    /* Makes the page present for an access that the area allows. ERR_IO: there is nothing to show (SIGBUS).
     * ERR_NO_MEMORY. */
    err_t (*fault)(struct space *space, struct area *area, struct fault *fault);
    /* Makes pages present from `at` on as long as that is quicker than fault by fault, for every access that
     * the area allows. Returns the end of what it did. May be NULL. */
    uint64_t (*populate)(struct space *space, struct area *area, uint64_t at, uint64_t end);
};

extern const struct area_kind anonymous_kind; /* anonymous.c */
extern const struct area_kind huge_kind;      /* huge.c */
extern const struct area_kind file_kind;      /* file_area.c */

/* Whether leaves of 2 MiB are used for anonymous memory that has room for them. */
bool area_may_be_huge(const struct area *area);
/* The unit of changes to the area: the size of its leaves, for huge ones. */
uint64_t area_unit(const struct area *area);
static inline uint64_t area_page_of(const struct area *area, uint64_t address)
{
    return area->backing_page + ((address - area->start) >> PAGE_SHIFT);
}

/* Whether the 2 MiB around `at` may be one leaf: pages of files stay small. */
static inline bool area_may_join(const struct area *area, uint64_t at)
{
    uint64_t block = align_down(at, HUGE_BYTES);
    return !area->backing && block >= area->start && area->end - block >= HUGE_BYTES;
}

/* ---- pages: pages.c ---- */

/* A frame for a page that a space owns, charged but not mapped; contents are whatever was there.
 * PADDR_NONE. */
paddr_t page_alloc(void);
void page_give_back(paddr_t frame);
/* The same for anonymous memory that may be huge, where nothing is: in place if that can be had (in_place.c). */
paddr_t page_alloc_in_place(const struct fault *fault, paddr_t block);
/* All that is missing of the 2 MiB around the fault comes at once from the block that the rest is in place
 * in. False, and nothing has changed, when that cannot be or would not be worth it. */
bool page_fill_rest_locked(struct space *space, const struct area *area, struct fault *fault, paddr_t block)
    REQUIRES(space->lock);
/* Maps a frame from page_alloc where the fault found nothing, or gives it back. ERR_NO_MEMORY: no
 * page table. */
err_t page_install_locked(struct space *space, const struct area *area, struct fault *fault, paddr_t frame)
    REQUIRES(space->lock);
err_t page_map_locked(struct space *space, uint64_t at, paddr_t frame, uint8_t leaf_shift, uint32_t flags)
    REQUIRES(space->lock);
/* The same in the fault's place, where nothing is. */
static inline err_t page_fill_locked(struct space *space, struct fault *fault, uint64_t at, paddr_t frame,
                                     uint8_t leaf_shift, uint32_t flags) REQUIRES(space->lock)
{
    err_t e = page_table_fill(&space->page_table, &fault->place, at, frame, leaf_shift, flags);
    fault->place.leaf_shift = leaf_shift;
    if (!failed(e)) space->resident_pages += 1ull << (leaf_shift - PAGE_SHIFT);
    return e;
}
/* A write to a page that is there: its holders' last one takes it over, another one copies. */
err_t page_make_writable_locked(struct space *space, const struct area *area, struct fault *fault)
    REQUIRES(space->lock);
/* A leaf is gone: what nobody holds any more is freed. */
void page_release(paddr_t frame, uint8_t leaf_shift, uint32_t flags, void *space);
/* Removes the pages of [start, end) and frees those the space owns. */
err_t space_drop_pages_locked(struct space *space, uint64_t start, uint64_t end) REQUIRES(space->lock);
/* The fault of space_fault for an area found already; fault->wants_own may be set with OK. */
err_t space_fault_locked(struct space *space, struct area *area, struct fault *fault) REQUIRES(space->lock);

/* ---- who maps a file: mapping.c ---- */

/* An area begins or ceases to show its backing; takes and gives back a reference. */
void area_attach(struct area *area);
void area_detach(struct area *area);
