/* SPDX-License-Identifier: Apache-2.0 */
/* What an address space holds, for those who show it (/proc). Threads only. */
#pragma once
#include "vm/space.h"

/* Pages by what they are: an index into a struct page_sums. */
enum page_class {
    PAGES_DIRTY = 1 << 0,     /* differ from what they were made of: anonymous, or a file's to be written */
    PAGES_SHARED = 1 << 1,    /* others show them too */
    PAGES_ANONYMOUS = 1 << 2, /* the space's; without it, a file's */
    PAGES_LARGE = 1 << 3,     /* in leaves of 2 MiB or 1 GiB */
    PAGES_CLASSES = 1 << 4,
};

struct page_sums {
    uint64_t bytes[PAGES_CLASSES];
    uint64_t proportional[PAGES_CLASSES]; /* each page divided by the number of those who show it */
};

struct area_report {
    uint64_t start, end;
    uint64_t backing_page;   /* at `start` */
    struct backing *backing; /* counted, for the caller to put; NULL: anonymous */
    uint32_t flags;          /* SPACE_* */
    bool is_first_stack;     /* the one that the program began on */
    bool may_be_huge;        /* a touch may bring a leaf of 2 MiB without being asked for one */
};

/* The first area that ends above `address`, and its pages unless `pages` is NULL. False: there is none. */
bool space_report_area(struct space *space, uint64_t address, struct area_report *out,
                       struct page_sums *pages);

/* Copies what is there of a range, up to the first page that is not, or that is a file's; returns how much. */
size_t space_read(struct space *space, uint64_t at, void *out, size_t bytes);

struct space_report {
    uint64_t start, end; /* of what is mapped; 0: nothing */
    uint64_t mapped_bytes, mapped_peak_bytes;
    uint64_t data_bytes;
    uint64_t resident_peak_bytes; /* leaves of MAP_HUGETLB included */
    uint64_t table_bytes;         /* page tables */
    uint64_t faults;
    uint64_t brk_start, stack_start;
};
void space_report(struct space *space, struct space_report *out);
