/* SPDX-License-Identifier: Apache-2.0 */
/* The tables by which the device translates a context's addresses. Their pages stay until the context goes: the device
 * may be on its way through one at any time. */
#include "gpu/paravirt/paravirt_internal.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"

enum {
    ENTRIES = 512,
    LEAF_LEVELS = 3,
    ENTRIES_AT_ONCE = 512, /* with interrupts off: a piece may have a million */
};

static uint32_t level_shift(uint32_t level) { return PAGE_SHIFT + 9 * (level - 1); }

static uint64_t *entry_in(paddr_t table, uint64_t at, uint32_t level)
{
    return (uint64_t *)direct_map(table) + (at >> level_shift(level)) % ENTRIES;
}

static bool is_leaf(uint64_t entry, uint32_t level) { return level == 1 || entry & GPU_MAP_LEAF; }

static void write_entry(uint64_t *entry, uint64_t value) { __atomic_store_n(entry, value, __ATOMIC_RELEASE); }

/* ---- tables ---- */

static paddr_t alloc_table(struct map_table *table)
{
    paddr_t frame = frame_alloc_zeroed_charged(CHARGE_GPU);
    if (!is_paddr_none(frame)) table->frames++;
    return frame;
}

err_t map_table_create(struct map_table *table)
{
    *table = (struct map_table){ .lock = SPINLOCK_INIT };
    table->root = alloc_table(table);
    return is_paddr_none(table->root) ? ERR_NO_MEMORY : OK;
}

/* Four levels, so the recursion is bounded. */
static void free_tables(paddr_t frame, uint32_t level)
{
    const uint64_t *entries = direct_map(frame);
    for (uint32_t i = 0; level > 1 && i < ENTRIES; i++)
        if (entries[i] && !is_leaf(entries[i], level))
            free_tables(PADDR(entries[i] & GPU_MAP_ADDRESS), level - 1);
    frame_free_charged(CHARGE_GPU, frame);
}

void map_table_destroy(struct map_table *table) { free_tables(table->root, GPU_MAP_LEVELS); }

/* A leaf becomes a table of smaller ones that say the same. The device may see either. */
static bool split_leaf(struct map_table *table, uint64_t *entry, uint32_t level)
{
    paddr_t frame = alloc_table(table);
    if (is_paddr_none(frame)) return false;
    uint64_t *small = direct_map(frame), first = *entry;
    if (level == 2) first &= ~(uint64_t)GPU_MAP_LEAF;
    for (uint64_t i = 0; i < ENTRIES; i++) small[i] = first + (i << level_shift(level - 1));
    write_entry(entry, frame.raw | GPU_MAP_VALID);
    return true;
}

/* ---- mapping ---- */

static uint32_t leaf_level(uint64_t at, uint64_t address, uint64_t bytes)
{
    uint32_t level = LEAF_LEVELS;
    while (level > 1 &&
           (bytes >> level_shift(level) == 0 || !is_aligned(at | address, 1ull << level_shift(level))))
        level--;
    return level;
}

/* The entry at this level, with the tables above it. NULL: no memory, or a larger leaf is there. */
static uint64_t *find_entry(struct map_table *table, uint64_t at, uint32_t level)
{
    paddr_t frame = table->root;
    for (uint32_t above = GPU_MAP_LEVELS; above > level; above--) {
        uint64_t *entry = entry_in(frame, at, above);
        if (!*entry) {
            paddr_t fresh = alloc_table(table);
            if (is_paddr_none(fresh)) return NULL;
            write_entry(entry, fresh.raw | GPU_MAP_VALID);
        } else if (is_leaf(*entry, above)) {
            return NULL;
        }
        frame = PADDR(*entry & GPU_MAP_ADDRESS);
    }
    return entry_in(frame, at, level);
}

/* Where a table of smaller leaves was, it stays, empty: so a large one goes there in pieces. */
static uint64_t *find_empty(struct map_table *table, uint64_t at, uint32_t *level)
{
    for (;; (*level)--) {
        uint64_t *entry = find_entry(table, at, *level);
        if (!entry || !*entry) return entry;
        if (*level == 1 || is_leaf(*entry, *level)) return NULL;
    }
}

/* Some leaves of the piece, from `*done` on. False: no memory. */
static bool map_some_locked(struct map_table *table, uint64_t at, const struct gpu_piece *piece,
                            uint64_t bits, uint64_t *done) REQUIRES(table->lock)
{
    for (uint32_t i = 0; i < ENTRIES_AT_ONCE && *done < piece->bytes; i++) {
        uint64_t address = piece->address + *done;
        uint32_t level = leaf_level(at + *done, address, piece->bytes - *done);
        uint64_t *entry = find_empty(table, at + *done, &level);
        if (!entry) return false;
        write_entry(entry, address | bits | (level > 1 ? GPU_MAP_LEAF : 0));
        *done += 1ull << level_shift(level);
    }
    return true;
}

err_t map_table_map(struct map_table *table, uint64_t at, const struct gpu_piece *piece, uint32_t flags)
{
    uint64_t bits = flags | GPU_MAP_VALID | (piece->is_vram ? GPU_MAP_VRAM : 0), done = 0;
    while (done < piece->bytes) {
        spin_lock(&table->lock);
        bool has_memory = map_some_locked(table, at, piece, bits, &done);
        spin_unlock(&table->lock);
        if (!has_memory) return ERR_NO_MEMORY;
    }
    return OK;
}

/* ---- unmapping ---- */

/* The entry that says what is at `at`, and its level: a leaf, or an empty one. */
static uint64_t *look(const struct map_table *table, uint64_t at, uint32_t *level)
{
    paddr_t frame = table->root;
    for (*level = GPU_MAP_LEVELS;; (*level)--) {
        uint64_t *entry = entry_in(frame, at, *level);
        if (!*entry || is_leaf(*entry, *level)) return entry;
        frame = PADDR(*entry & GPU_MAP_ADDRESS);
    }
}

/* Where it got to. */
static uint64_t unmap_some_locked(struct map_table *table, uint64_t at, uint64_t end, struct map_range *gone)
    REQUIRES(table->lock)
{
    for (uint32_t i = 0; i < ENTRIES_AT_ONCE && at < end; i++) {
        uint32_t level;
        uint64_t *entry = look(table, at, &level);
        uint64_t bytes = 1ull << level_shift(level), start = align_down(at, bytes);
        bool is_whole = start == at && end - at >= bytes;
        /* Without memory for the smaller leaves all of the large one goes: what of it is still mapped faults, and
         * comes back if it is the program's own. */
        if (*entry && !is_whole && split_leaf(table, entry, level)) continue;
        if (*entry) *gone = (struct map_range){ gone->end ? gone->start : start, start + bytes };
        write_entry(entry, 0);
        at = start + bytes;
    }
    return at;
}

struct map_range map_table_unmap(struct map_table *table, uint64_t at, uint64_t bytes)
{
    struct map_range gone = { 0, 0 };
    for (uint64_t end = at + bytes; at < end;) {
        spin_lock(&table->lock);
        at = unmap_some_locked(table, at, end, &gone);
        spin_unlock(&table->lock);
    }
    return gone;
}
