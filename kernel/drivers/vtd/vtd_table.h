/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level page tables: what a domain's addresses lead to. [vt-d 3.7]
 *
 * A table also tells which addresses are free, so nothing else has to. Tables stay until the domain ends; addresses are
 * given out from below, so they are few. No lock: the domain's owner has one. */
#pragma once
#include "lib/base.h"

struct vtd_table {
    paddr_t root;
    uint8_t levels;      /* 3 or 4: 39 or 48 bits */
    uint8_t leaf_levels; /* the highest that may hold a leaf: 1, 4 KiB only; 2, 2 MiB, too; 3, 1 GiB, too */
    bool is_snooped;     /* leaves ask for coherence whatever the device does */
    bool is_coherent;    /* the unit sees what is in caches */
    uint64_t low_free;   /* no page below it is free, but for what was never asked for */
};

/* The format comes from `like`. ERR_NO_MEMORY. */
err_t vtd_table_init(struct vtd_table *table, const struct vtd_table *like);
/* The unit has forgotten it. */
void vtd_table_fini(struct vtd_table *table);

#define VTD_NO_ADDRESS UINT64_MAX
/* The lowest free `bytes` in [first, last] whose address is `phase` modulo `align`. */
uint64_t vtd_table_find(struct vtd_table *table, uint64_t first, uint64_t last, uint64_t bytes,
                        uint64_t align, uint64_t phase);
/* Whole free pages. On failure (ERR_NO_MEMORY) what was mapped so far stays and is to be unmapped. */
err_t vtd_table_map(struct vtd_table *table, uint64_t address, paddr_t memory, uint64_t bytes,
                    uint32_t rights);
/* Of leaves that lie wholly inside; what is not mapped is passed over. */
void vtd_table_unmap(struct vtd_table *table, uint64_t address, uint64_t bytes);
/* PADDR_NONE: nothing, or not with these rights. */
paddr_t vtd_table_lookup(const struct vtd_table *table, uint64_t address, uint32_t rights);

/* What the processor has written is in memory, where a unit that is not coherent looks. */
void vtd_write_back(bool is_coherent, const volatile void *from, uint64_t bytes);
