/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks changing state, and the search for the next one. See frame_internal.h. */
#include "mm/frame_internal.h"

#include "lib/string.h"

/* What a cursor points at while it has nothing: words that always say "none left". */
static uint64_t no_blocks;
static uint16_t no_frames;

struct frame_memory frame_memory;
const struct frame_cursor cursor_at_nothing = { .whole = &no_blocks,
                                                .taken = &no_blocks,
                                                .free = &no_frames };

/* Only the masks exist: nobody looks further where no block is split. */
static const uint64_t absent_masks[4 * REGION_WORDS] ALIGNED(64);
struct region *const region_absent = (struct region *)absent_masks;
_Static_assert(sizeof(absent_masks) == offsetof(struct region, free), "the masks come first");

/* ---- regions ---- */

static void set_bits(uint64_t *words, uint32_t first, uint32_t count)
{
    while (count) {
        uint32_t here = MIN(count, 64 - first % 64);
        words[first / 64] |= (~0ull >> (64 - here)) << first % 64;
        first += here;
        count -= here;
    }
}

/* Part of a block becomes free; the rest of it belongs to nobody or is split already. */
static void block_add_part_locked(struct region *region, uint64_t start, uint64_t end)
    REQUIRES(frame_memory.lock)
{
    uint32_t block = block_index(start);
    uint32_t count = (uint32_t)((end - start) >> PAGE_SHIFT);
    struct block_bits *bits = &region->bits[block];
    ASSERT(!has_bit(region->whole, block) && !has_bit(region->taken, block));
    if (!has_bit(region->split, block)) {
        memset(bits->free, 0, sizeof(bits->free));
        region->free[block] = 0;
        set_bit(region->split, block);
        frame_debug_setup(region, block, 1);
    }
    set_bits(bits->free, frame_index(start), count);
    block_gained_locked(region, start, count);
}

void region_add_locked(struct region *region, uint64_t start, uint64_t end)
{
    if (!is_aligned(start, HUGE_BYTES) && start < end) {
        uint64_t edge = MIN(align_up(start, HUGE_BYTES), end);
        block_add_part_locked(region, start, edge);
        start = edge;
    }
    uint64_t blocks = (end - start) >> HUGE_SHIFT;
    if (blocks) {
        set_bits(region->whole, block_index(start), (uint32_t)blocks);
        frame_debug_setup(region, block_index(start), (uint32_t)blocks);
        set_bit(frame_memory.regions_with_whole, region_index(start));
        frame_memory.whole_blocks += blocks;
        start += blocks << HUGE_SHIFT;
    }
    if (start < end) block_add_part_locked(region, start, end);
}

static void region_setup_locked(uint64_t index) REQUIRES(frame_memory.lock)
{
    struct frame_memory *m = &frame_memory;
    struct region *region = m->regions[index] = (struct region *)m->region_storage[index];
    memset(region, 0, offsetof(struct region, free));

    /* The totals were counted at boot. */
    uint64_t whole_blocks = m->whole_blocks, small_frames = m->small_frames;
    uint64_t region_start = index << GIANT_SHIFT, region_end = region_start + GIANT_BYTES;
    for (uint32_t i = 0; i < m->extent_count && m->extents[i].start < region_end; i++) {
        uint64_t start = MAX(m->extents[i].start, region_start);
        uint64_t end = MIN(m->extents[i].end, region_end);
        if (start < end) region_add_locked(region, start, end);
    }
    m->whole_blocks = whole_blocks;
    m->small_frames = small_frames;
}

bool region_next_locked(void)
{
    struct frame_memory *m = &frame_memory;
    while (m->next_unready < m->region_count) {
        uint64_t index = m->next_unready++;
        if (!m->region_storage[index] || m->regions[index] != region_absent) continue;
        region_setup_locked(index);
        return true;
    }
    return false;
}

struct region *region_ready_locked(uint64_t index)
{
    struct frame_memory *m = &frame_memory;
    if (index >= m->region_count || !m->region_storage[index]) return NULL;
    if (m->regions[index] == region_absent) region_setup_locked(index);
    return m->regions[index];
}

/* ---- blocks ---- */

void block_split_locked(struct region *region, uint32_t block, uint32_t free)
{
    struct block_bits *bits = &region->bits[block];
    clear_bit(region->taken, block);
    set_bit(region->split, block);
    region->free[block] = (uint16_t)free;
    frame_memory.small_frames += free;
    if (likely(free == BLOCK_FRAMES)) {
        for (uint32_t i = 0; i < BLOCK_WORDS; i++) bits->free[i] = ~0ull;
    } else {
        memset(bits->free, 0, sizeof(bits->free));
        set_bits(bits->free, BLOCK_FRAMES - free, free);
    }
    if (free) set_bit(region->partial, block);
}

void block_gained_edge_locked(struct region *region, uint64_t address, uint32_t added)
{
    struct frame_memory *m = &frame_memory;
    uint32_t block = block_index(address);
    if (region->free[block] == added) {
        set_bit(region->partial, block);
        set_bit(m->regions_with_partial, region_index(address));
    }
    if (region->free[block] == BLOCK_FRAMES && m->cursor.free != &region->free[block]) {
        clear_bit(region->split, block);
        clear_bit(region->partial, block);
        set_bit(region->whole, block);
        set_bit(m->regions_with_whole, region_index(address));
        m->small_frames -= BLOCK_FRAMES;
        m->whole_blocks++;
    }
}

bool block_open_taken_locked(struct region *region, uint32_t block)
{
    if (!has_bit(region->taken, block)) return false;
    block_split_locked(region, block, 0);
    return true;
}

/* ---- the cursor ---- */

/* The lowest region whose bit is set in `regions` and which has a bit in the masks at `offset`
 * bytes; bits of regions without any are cleared on the way. Gives the word's index in `*word`. */
static struct region *find_word_locked(uint64_t *regions, size_t offset, uint64_t *index, uint32_t *word)
    REQUIRES(frame_memory.lock)
{
    for (uint64_t i = 0; i * 64 < frame_memory.region_count; i++) {
        while (regions[i]) {
            *index = i * 64 + (uint64_t)__builtin_ctzll(regions[i]);
            struct region *region = frame_memory.regions[*index];
            const uint64_t *mask = (const uint64_t *)((const char *)region + offset);
            for (*word = 0; *word < REGION_WORDS; ++*word)
                if (mask[*word]) return region;
            regions[i] &= regions[i] - 1;
        }
    }
    return NULL;
}

void cursor_drop_idle_locked(void)
{
    struct frame_cursor *c = &frame_memory.cursor;
    if (*c->free != BLOCK_FRAMES) return;
    /* No longer current, so it may become whole. */
    c->free = &no_frames;
    block_gained_edge_locked(c->region, c->block_base, 0);
}

bool cursor_find_whole_locked(bool set_up)
{
    struct frame_memory *m = &frame_memory;
    struct region *region;
    uint64_t index;
    uint32_t word;
    while (!(region = find_word_locked(m->regions_with_whole, offsetof(struct region, whole), &index, &word)))
        if (!set_up || !region_next_locked()) return false;
    m->cursor.whole = &region->whole[word];
    m->cursor.taken = &region->taken[word];
    m->cursor.word_base = (index << GIANT_SHIFT) + ((uint64_t)word * 64 << HUGE_SHIFT);
    return true;
}

static void use_block_locked(struct region *region, uint64_t address) REQUIRES(frame_memory.lock)
{
    struct frame_cursor *c = &frame_memory.cursor;
    uint32_t block = block_index(address);
    c->region = region;
    c->free = &region->free[block];
    c->bits = region->bits[block].free;
    c->block_base = align_down(address, HUGE_BYTES);
    c->word = 0;
}

bool cursor_find_frames_locked(void)
{
    struct frame_memory *m = &frame_memory;
    uint64_t index;
    uint32_t word;
    do {
        struct region *region =
            find_word_locked(m->regions_with_partial, offsetof(struct region, partial), &index, &word);
        if (region) {
            uint64_t block = word * 64 + (uint64_t)__builtin_ctzll(region->partial[word]);
            use_block_locked(region, (index << GIANT_SHIFT) + (block << HUGE_SHIFT));
            return true;
        }
        if (*m->cursor.whole || cursor_find_whole_locked(false)) {
            uint64_t address = cursor_take_whole_locked();
            region = m->regions[region_index(address)];
            set_bit(m->regions_with_partial, region_index(address));
            block_split_locked(region, block_index(address), BLOCK_FRAMES);
            use_block_locked(region, address);
            return true;
        }
    } while (region_next_locked());
    return false;
}
