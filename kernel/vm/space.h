/* SPDX-License-Identifier: Apache-2.0 */
/* An address space: page tables and the ordered areas that say what may be in them.
 *
 * Pages appear on first touch (vm/fault.c). Anonymous areas of 2 MiB and more get 2 MiB leaves where
 * an aligned one fits and a whole block is free, 4 KiB pages otherwise. A page of a private file
 * mapping is the file's own frame, read-only, until it is written.
 *
 * Threads only. One thread uses a space today; the lock is for those to come. */
#pragma once
#include "lib/base.h"
#include "lib/list.h"
#include "mm/page_table.h"
#include "sched/mutex.h"
#include "vm/backing.h"

enum {
    SPACE_READ = 1 << 0,
    SPACE_WRITE = 1 << 1,
    SPACE_EXEC = 1 << 2,
    SPACE_PROTECTION = SPACE_READ | SPACE_WRITE | SPACE_EXEC,
    /* placement */
    SPACE_FIXED = 1 << 4,      /* exactly there, replacing what is there */
    SPACE_NO_REPLACE = 1 << 5, /* with FIXED: ERR_EXISTS instead of replacing */
    /* kind */
    SPACE_STACK = 1 << 6,  /* grows at the edge of what is touched: small pages only */
    SPACE_HEAP = 1 << 7,   /* brk */
    SPACE_SHARED = 1 << 8, /* a read-only view of a file */
    SPACE_POPULATE = 1 << 9,
    /* Nothing ever leaves memory; the marks only decide what the calls about a range answer, and
     * whether pages come at once. */
    SPACE_LOCKED = 1 << 10,
    SPACE_LOCKED_ON_FAULT = 1 << 11, /* with LOCKED: pages come when they are touched */
    SPACE_GROWS_DOWN = 1 << 12,      /* on a touch below it; anonymous only */
    SPACE_LOCK_MARKS = SPACE_LOCKED | SPACE_LOCKED_ON_FAULT,
};

struct area {
    struct list link;    /* in space.areas, by address */
    uint64_t start, end; /* page aligned; end is exclusive */
    uint32_t flags;
    struct backing *backing; /* NULL: anonymous */
    uint64_t backing_page;   /* page of the backing at `start` */
};

struct space {
    struct page_table page_table;
    struct mutex lock;
    struct list areas;
    struct area *last_hit; /* where the previous look-up ended */
    uint32_t area_count;
    uint64_t mapped_bytes;
    uint64_t resident_pages;
    uint64_t map_top; /* mappings without an address go below this */
    uint64_t brk_start, brk_end;
    uint64_t fault_count;
    uint64_t stack_limit_bytes; /* how large an area may grow downward: RLIMIT_STACK */
    uint32_t future_marks;      /* SPACE_LOCK_MARKS that new areas get */
};

/* ERR_NO_MEMORY. `map_top` and brk are set by the program loader. */
err_t space_create(struct space **out);
/* The space must not be current on any CPU. */
void space_destroy(struct space *space);

/* `bytes` and a fixed or hinted `at` are page aligned. Takes over the caller's reference to
 * `backing` whether it succeeds or not.
 * ERR_NO_MEMORY (no room or too many areas), ERR_EXISTS, ERR_INVALID (outside user space). */
err_t space_map(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags, struct backing *backing,
                uint64_t backing_page, uint64_t *out);
/* Holes in the range are fine, as for munmap(2). */
err_t space_unmap(struct space *space, uint64_t at, uint64_t bytes);
/* ERR_NO_MEMORY when a part of the range is not mapped, ERR_ACCESS at a view of a file that may not be
 * written; what came before it is changed. With SPACE_GROWS_DOWN in `protection`, the change reaches down
 * to the start of the area; ERR_INVALID when that does not grow. */
err_t space_protect(struct space *space, uint64_t at, uint64_t bytes, uint32_t protection);

/* Everything page aligned. */
struct remap_request {
    uint64_t at, old_bytes, new_bytes;
    uint64_t to; /* with is_fixed: exactly there, replacing what is there */
    bool may_move, is_fixed;
    bool keeps_old; /* the pages move, the old range stays mapped and empty */
};
/* mremap(2): *out is where the range is now, and on failure it is where it was; what was at a fixed
 * destination may be gone. ERR_FAULT: nothing is mapped at `at`, or a range that shall grow or move is
 * not one area. ERR_INVALID: the destination overlaps or is none. ERR_NO_MEMORY. */
err_t space_remap(struct space *space, const struct remap_request *request, uint64_t *out);

/* Asks about each area of the range, by rising address; the first refusal ends it. Otherwise, and with
 * `drops`, the pages go and the areas stay: anonymous memory reads as zero again.
 * ERR_NO_MEMORY: there are holes, and the rest has been seen to. */
typedef err_t area_check_fn(const struct area *area, uint64_t context);
err_t space_advise(struct space *space, uint64_t at, uint64_t bytes, area_check_fn *check, uint64_t context,
                   bool drops);

/* For reading, for writing, or so that nothing is left to a later fault. */
enum space_populate { POPULATE_READ, POPULATE_WRITE, POPULATE_WHOLE };
/* Makes pages present up to the first that cannot be: ERR_NO_MEMORY (also a hole), ERR_INVALID (no such
 * access), ERR_FAULT (beyond the end of a file). */
err_t space_populate(struct space *space, uint64_t at, uint64_t bytes, enum space_populate how);

/* mlock(2) and munlock(2), whose ranges need no alignment; `marks` are SPACE_LOCK_MARKS or 0.
 * ERR_NO_MEMORY: a hole, marked up to it, or a page that cannot be had. ERR_INVALID: wraps around. */
err_t space_lock(struct space *space, uint64_t at, uint64_t bytes, uint32_t marks);
/* Marks for areas to come and, with `sets_present`, for those there are. */
void space_lock_all(struct space *space, uint32_t present, uint32_t future, bool sets_present);

/* Moves the end of the heap; returns the end that holds afterwards (unchanged on failure). */
uint64_t space_set_brk(struct space *space, uint64_t end);

/* Makes one page present for this kind of access (PF_* of arch/trap.h).
 * ERR_FAULT: not allowed there. ERR_IO: beyond the end of a file. ERR_NO_MEMORY. */
err_t space_fault(struct space *space, uint64_t address, uint32_t error);

/* The area that contains `address`, or NULL. Under the lock. */
struct area *space_find_locked(struct space *space, uint64_t address) REQUIRES(space->lock);
