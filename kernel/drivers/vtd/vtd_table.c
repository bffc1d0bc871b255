/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vtd/vtd_table.h"

#include "arch/cpu.h"
#include "device/iommu.h"
#include "drivers/vtd/vtd_regs.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"

enum { INDEX_BITS = 9, ENTRIES = 1 << INDEX_BITS, CACHE_LINE_BYTES = 64 };
_Static_assert((int)IOMMU_READ == (int)VTD_SL_READ && (int)IOMMU_WRITE == (int)VTD_SL_WRITE,
               "rights are written as they are");

void vtd_write_back(bool is_coherent, const volatile void *from, uint64_t bytes)
{
    if (is_coherent) return;
    uint64_t at = align_down((uint64_t)from, CACHE_LINE_BYTES);
    for (; at < (uint64_t)from + bytes; at += CACHE_LINE_BYTES) cache_line_flush((const void *)at);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Bytes that one entry of a level covers; 1 is the lowest. */
static uint64_t reach_of(uint32_t level) { return 1ull << (PAGE_SHIFT + INDEX_BITS * (level - 1)); }

static uint64_t *entry_of(paddr_t table, uint64_t address, uint32_t level)
{
    return (uint64_t *)direct_map(table) + (address / reach_of(level)) % ENTRIES;
}

static paddr_t target_of(uint64_t entry) { return PADDR(entry & VTD_SL_ADDRESS); }
static bool is_leaf(uint64_t entry, uint32_t level) { return level == 1 || (entry & VTD_SL_LARGE); }

static void write_entry(const struct vtd_table *t, uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
    vtd_write_back(t->is_coherent, entry, sizeof(*entry));
}

/* ---- tables ---- */

static paddr_t new_table(const struct vtd_table *t)
{
    paddr_t table = frame_alloc_zeroed_charged(CHARGE_KERNEL);
    if (!is_paddr_none(table)) vtd_write_back(t->is_coherent, direct_map(table), PAGE_BYTES);
    return table;
}

err_t vtd_table_init(struct vtd_table *table, const struct vtd_table *like)
{
    *table = *like;
    table->low_free = 0;
    table->root = new_table(table);
    return is_paddr_none(table->root) ? ERR_NO_MEMORY : OK;
}

static void free_table(paddr_t table, uint32_t level)
{
    const uint64_t *entries = direct_map(table);
    for (uint32_t i = 0; level > 1 && i < ENTRIES; i++)
        if (entries[i] && !is_leaf(entries[i], level)) free_table(target_of(entries[i]), level - 1);
    frame_free_charged(CHARGE_KERNEL, table);
}

void vtd_table_fini(struct vtd_table *table)
{
    free_table(table->root, table->levels);
    table->root = PADDR_NONE;
}

/* ---- looking ---- */

/* The entry that decides about an address, and its level: a leaf or nothing. */
static uint64_t *decisive(const struct vtd_table *t, uint64_t address, uint32_t *level)
{
    paddr_t table = t->root;
    for (*level = t->levels;; --*level) {
        uint64_t *entry = entry_of(table, address, *level);
        if (!*entry || is_leaf(*entry, *level)) return entry;
        table = target_of(*entry);
    }
}

paddr_t vtd_table_lookup(const struct vtd_table *table, uint64_t address, uint32_t rights)
{
    uint32_t level;
    uint64_t entry = *decisive(table, address, &level);
    if (!entry || (entry & rights) != rights) return PADDR_NONE;
    return PADDR(target_of(entry).raw + address % reach_of(level));
}

static uint64_t align_to(uint64_t address, uint64_t align, uint64_t phase)
{
    return align_up(address - phase % align, align) + phase % align;
}

uint64_t vtd_table_find(struct vtd_table *table, uint64_t first, uint64_t last, uint64_t bytes,
                        uint64_t align, uint64_t phase)
{
    bool is_page = bytes == PAGE_BYTES && align == PAGE_BYTES;
    uint64_t start = align_to(MAX(first, is_page ? table->low_free : 0), align, phase), end = start;
    while (start <= last && bytes - 1 <= last - start) {
        uint32_t level;
        bool is_used = *decisive(table, end, &level);
        end = align_down(end, reach_of(level)) + reach_of(level);
        if (is_used) start = end = align_to(end, align, phase);
        if (end < start || end - start < bytes) continue;
        if (is_page) table->low_free = start + bytes;
        return start;
    }
    return VTD_NO_ADDRESS;
}

/* ---- changing ---- */

/* The highest level whose leaf fits. */
static uint32_t level_for(const struct vtd_table *t, uint64_t address, paddr_t memory, uint64_t bytes)
{
    uint32_t level = t->leaf_levels;
    while (level > 1 && (bytes < reach_of(level) || !is_aligned(address | memory.raw, reach_of(level))))
        level--;
    return level;
}

/* The entry for a leaf, at `level` or, where a table is in its place already, below. NULL: no memory. */
static uint64_t *entry_for_leaf(struct vtd_table *t, uint64_t address, uint32_t *level)
{
    paddr_t table = t->root;
    for (uint32_t at = t->levels;; at--) {
        uint64_t *entry = entry_of(table, address, at);
        if (at == 1 || (at <= *level && !*entry)) {
            *level = at;
            return entry;
        }
        if (!*entry) {
            paddr_t below = new_table(t);
            if (is_paddr_none(below)) return NULL;
            write_entry(t, entry, below.raw | VTD_SL_READ | VTD_SL_WRITE);
        }
        table = target_of(*entry);
    }
}

err_t vtd_table_map(struct vtd_table *table, uint64_t address, paddr_t memory, uint64_t bytes,
                    uint32_t rights)
{
    uint64_t flags = rights | (table->is_snooped ? VTD_SL_SNOOP : 0);
    while (bytes > 0) {
        uint32_t level = level_for(table, address, memory, bytes);
        uint64_t *entry = entry_for_leaf(table, address, &level);
        if (!entry) return ERR_NO_MEMORY;
        ASSERT(!*entry);
        write_entry(table, entry, memory.raw | flags | (level > 1 ? VTD_SL_LARGE : 0));
        address += reach_of(level);
        memory.raw += reach_of(level);
        bytes -= reach_of(level);
    }
    return OK;
}

void vtd_table_unmap(struct vtd_table *table, uint64_t address, uint64_t bytes)
{
    uint64_t end = address + bytes;
    table->low_free = MIN(table->low_free, address);
    for (uint32_t level; address < end; address = align_down(address, reach_of(level)) + reach_of(level)) {
        uint64_t *entry = decisive(table, address, &level);
        if (!*entry) continue;
        ASSERT(is_aligned(address, reach_of(level)) && end - address >= reach_of(level));
        write_entry(table, entry, 0);
    }
}
