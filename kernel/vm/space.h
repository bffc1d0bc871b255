/* SPDX-License-Identifier: Apache-2.0 */
/* An address space: page tables and the ordered areas that say what may be in them.
 *
 * Pages appear on first touch; what a touch does depends on the kind of the area (vm/area.h). Threads only. */
#pragma once
#include "lib/base.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "mm/page_table.h"
#include "sched/mutex.h"
#include "vm/backing.h"

enum {
    SPACE_READ = 1 << 0,
    SPACE_WRITE = 1 << 1,
    SPACE_EXEC = 1 << 2,
    SPACE_PROTECTION = SPACE_READ | SPACE_WRITE | SPACE_EXEC,
    /* what space_map shall do */
    SPACE_FIXED = 1 << 4,      /* exactly there, replacing what is there */
    SPACE_NO_REPLACE = 1 << 5, /* with FIXED: ERR_EXISTS instead of replacing */
    SPACE_POPULATE = 1 << 6,
    /* what an area is */
    SPACE_HUGE_2M = 1 << 7, /* leaves of that size only, all there from the start */
    SPACE_HUGE_1G = 1 << 8,
    SPACE_HUGE = SPACE_HUGE_2M | SPACE_HUGE_1G,
    SPACE_NO_RESERVE = 1 << 9,  /* memory that is not there when it is touched is no surprise */
    SPACE_STACK = 1 << 10,      /* touched at one end: 4 KiB pages only */
    SPACE_HEAP = 1 << 11,       /* brk */
    SPACE_SHARED = 1 << 12,     /* shows a file's own pages; without it, writes make private copies */
    SPACE_MAY_WRITE = 1 << 13,  /* with SHARED: the file may be written through the area */
    SPACE_GROWS_DOWN = 1 << 14, /* on a touch below it; anonymous only */
    /* what was said about an area */
    SPACE_NO_HUGE = 1 << 15,
    SPACE_WANTS_HUGE = 1 << 16,   /* also where it is a stack */
    SPACE_NO_FORK = 1 << 17,      /* a clone has no such area */
    SPACE_WIPE_ON_FORK = 1 << 18, /* a clone has it empty */
    /* Nothing ever leaves memory; these marks only decide what the calls about a range answer, and
     * whether pages come at once. */
    SPACE_LOCKED = 1 << 19,
    SPACE_LOCKED_ON_FAULT = 1 << 20, /* with LOCKED: pages come when they are touched */
    SPACE_LOCK_MARKS = SPACE_LOCKED | SPACE_LOCKED_ON_FAULT,
    /* Kept for those who ask: nothing is read ahead or dumped. */
    SPACE_RANDOM = 1 << 21,
    SPACE_SEQUENTIAL = 1 << 22,
    SPACE_NO_DUMP = 1 << 23,
    SPACE_AREA_FLAGS = SPACE_PROTECTION | SPACE_HUGE | SPACE_NO_RESERVE | SPACE_STACK | SPACE_HEAP |
                       SPACE_SHARED | SPACE_MAY_WRITE | SPACE_GROWS_DOWN | SPACE_NO_FORK | SPACE_LOCK_MARKS,
};

struct area_kind;

/* Larger gaps are not told apart, or every mapping at the edge of the largest one would change what the
 * whole tree knows of gaps. */
#define AREA_GAP_MAX (1ull << 40)

struct area {
    struct tree_node node; /* in space.areas, by address */
    uint64_t start, end;   /* page aligned; end is exclusive */
    uint64_t gap;          /* free bytes below it, up to where it may grow */
    uint64_t largest_gap;  /* of it and the areas below it in the tree, at most AREA_GAP_MAX */
    const struct area_kind *kind;
    struct space *space;
    struct backing *backing; /* counted; NULL: anonymous */
    uint64_t backing_page;   /* page of the backing at `start` */
    struct list mapped;      /* in backing->mapping->areas */
    uint64_t revocation;     /* the last one that has seen it; under mapping.lock */
    uint32_t flags;
    uint32_t page_flags; /* PAGE_* of pages that the space owns; follows from `flags` */
};

struct space {
    struct page_table page_table;
    struct mutex lock;   /* guards all below and the page table */
    uint32_t references; /* atomic: who may lock it */
    uint32_t users;      /* atomic: processes that run in it */
    uint64_t identity;   /* vm/identity.h */
    uint32_t area_count;
    struct tree areas;
    struct area *last_hit; /* where the previous look-up ended */
    struct area *gap_hint; /* no gap above it has `gap_hint_bytes`; NULL: not known */
    uint64_t gap_hint_bytes;
    uint64_t mapped_bytes;
    uint64_t data_bytes; /* of it, private and writable, stacks not */
    uint64_t resident_pages;
    uint64_t mapped_peak_bytes, resident_peak_pages; /* brought up to date when these fall */
    uint64_t map_top;                                /* mappings without an address go below this */
    uint64_t brk_start, brk_end;
    uint64_t stack_start; /* in the stack that the program began on; set by the loader, as are: */
    struct {              /* places on that stack; strings of arguments, of the environment, up to the end */
        uint64_t arguments, environment, strings_end;
        uint64_t auxiliary, auxiliary_end; /* the vector */
    } start;
    uint64_t fault_count;
    struct { /* RLIMIT_AS, RLIMIT_DATA; RLIMIT_STACK: how large an area may grow downward */
        uint64_t mapped_bytes, data_bytes, stack_bytes;
        uint64_t request_bytes; /* of memory that is not there, as no single request could be kept */
    } limits;
    bool refuses_huge;     /* for anonymous memory not mapped yet: PR_SET_THP_DISABLE */
    uint32_t barriers;     /* LINUX_MEMBARRIER_REGISTER_; atomic */
    uint32_t future_marks; /* SPACE_LOCK_MARKS that new areas get */
};

/* ERR_NO_MEMORY. `map_top` and brk are set by the program loader. */
err_t space_create(struct space **out);
/* Empties the space, which is not current on any CPU, and gives up the creator's reference. */
void space_destroy(struct space *space);
/* Who holds a reference may lock the space, which may be empty by then. */
struct space *space_get(struct space *space);
void space_put(struct space *space);
/* Page faults in all spaces that were destroyed. */
uint64_t space_faults_of_the_gone(void);
/* Another process runs in the space; the last one to leave it destroys it. */
struct space *space_enter(struct space *space);
void space_leave(struct space *space);
/* A second space with the same areas and contents, whose private pages both share until one writes.
 * ERR_NO_MEMORY. */
err_t space_clone(struct space *space, struct space **out);

/* `bytes` and a fixed or hinted `at` are page aligned, for huge areas to their leaves. Takes over the
 * caller's reference to `backing` whether it succeeds or not.
 * ERR_NO_MEMORY (no room, too many areas, a limit, no huge pages), ERR_EXISTS, ERR_NOT_PERMITTED (too low).
 * What lay at a fixed place goes first, and may be gone when memory runs out after that. */
err_t space_map(struct space *space, uint64_t at, uint64_t bytes, uint32_t flags, struct backing *backing,
                uint64_t backing_page, uint64_t *out);
/* Holes in the range are fine, as for munmap(2). ERR_INVALID: also a part of a huge page. */
err_t space_unmap(struct space *space, uint64_t at, uint64_t bytes);
/* ERR_NO_MEMORY when a part of the range is not mapped, ERR_ACCESS at a view of a file that may not be
 * written; what came before it is changed. With SPACE_GROWS_DOWN in `protection`, the change reaches down
 * to the start of the area; ERR_INVALID when that does not grow, or at a part of a huge page. */
err_t space_protect(struct space *space, uint64_t at, uint64_t bytes, uint32_t protection);

/* Everything page aligned. */
struct remap_request {
    uint64_t at, old_bytes, new_bytes;
    uint64_t to; /* with is_fixed: exactly there, replacing what is there */
    bool may_move, is_fixed;
    bool keeps_old; /* the pages move, the old range stays mapped and empty */
};
/* mremap(2): *out is where the range is now, and on failure it is where it was; what was at a fixed
 * destination may be gone. No old bytes: shared memory is mapped a second time. ERR_FAULT: nothing is
 * mapped at `at`, or a range that shall grow or move is not one area. ERR_INVALID: the destination
 * overlaps or is none; huge pages do not grow. ERR_NO_MEMORY. */
err_t space_remap(struct space *space, const struct remap_request *request, uint64_t *out);

/* Asks about each area of the range, by rising address; the first refusal ends it. Otherwise, and with
 * `drops`, the pages go and the areas stay: anonymous memory reads as zero again.
 * ERR_NO_MEMORY: there are holes, and the rest has been seen to. */
typedef err_t area_check_fn(const struct area *area, uint64_t context);
err_t space_advise(struct space *space, uint64_t at, uint64_t bytes, area_check_fn *check, uint64_t context,
                   bool drops);
/* Every area of the range loses the flags in `clear` and gains those in `set`. Otherwise the same, but
 * ERR_TRY_AGAIN when memory is short. */
err_t space_mark(struct space *space, uint64_t at, uint64_t bytes, area_check_fn *check, uint64_t context,
                 uint32_t clear, uint32_t set);

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
/* The first area that ends above `address`: it contains the address or is the next one up. */
struct area *space_find_from_locked(struct space *space, uint64_t address) REQUIRES(space->lock);
struct area *space_next_locked(const struct area *area);
struct area *space_last_locked(struct space *space) REQUIRES(space->lock);
