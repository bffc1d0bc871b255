/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in a row, for DMA and huge mappings, and memory coming back in any pieces. Short runs are
 * searched for inside split blocks before a whole one is opened; long ones are rows of whole blocks,
 * of which the last may be split so that nothing is wasted. */
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

/* The first index in [from, to) whose bit equals `value`; `to` when there is none. */
static uint32_t find_bit(const uint64_t *words, bool value, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint64_t word = (value ? words[from / 64] : ~words[from / 64]) >> from % 64;
        if (word) return MIN(to, from + (uint32_t)__builtin_ctzll(word));
        from = (from / 64 + 1) * 64;
    }
    return to;
}

/* Clears or sets `count` bits; false, changing nothing, when one of them was not the other way. */
static bool flip_bits(uint64_t *words, uint32_t first, uint32_t count, bool to)
{
    if (find_bit(words, to, first, first + count) != first + count) return false;
    for (uint32_t i = first; i < first + count;) {
        uint32_t here = MIN(first + count - i, 64 - i % 64);
        words[i / 64] ^= (~0ull >> (64 - here)) << i % 64;
        i += here;
    }
    return true;
}

/* ---- runs inside one block ---- */

static bool find_in_bits(const uint64_t *bits, uint32_t count, uint32_t align, uint32_t *first)
{
    for (uint32_t at = 0;;) {
        at = (uint32_t)align_up(find_bit(bits, true, at, BLOCK_FRAMES), align);
        if (at + count > BLOCK_FRAMES) return false;
        uint32_t taken = find_bit(bits, false, at, at + count);
        if (taken == at + count) {
            *first = at;
            return true;
        }
        at = taken + 1;
    }
}

static paddr_t take_in_region_locked(uint64_t index, uint32_t count, uint32_t align)
    REQUIRES(frame_memory.lock)
{
    struct region *region = region_ready_locked(index);
    for (uint32_t block = 0, first;
         region && (block = find_bit(region->partial, true, block, REGION_BLOCKS)) < REGION_BLOCKS; block++) {
        if (region->free[block] < count || !find_in_bits(region->bits[block].free, count, align, &first))
            continue;
        flip_bits(region->bits[block].free, first, count, false);
        block_lost_locked(region, block, count);
        uint64_t address =
            (index << GIANT_SHIFT) + ((uint64_t)block << HUGE_SHIFT) + ((uint64_t)first << PAGE_SHIFT);
        frame_debug_allocated(region, address, count);
        return PADDR(address);
    }
    return PADDR_NONE;
}

static paddr_t take_in_block_locked(uint32_t count, uint32_t align) REQUIRES(frame_memory.lock)
{
    struct frame_memory *m = &frame_memory;
    /* Regions beyond next_unready are set up only when those below have nothing. */
    for (uint64_t index = 0;; index++) {
        if (index >= m->next_unready) {
            if (*m->cursor.whole || cursor_find_whole_locked(false)) break;
            if (!region_next_locked()) return PADDR_NONE;
            index = m->next_unready - 1;
        }
        paddr_t found = take_in_region_locked(index, count, align);
        if (!is_paddr_none(found)) return found;
    }
    uint64_t address = cursor_take_whole_locked();
    struct region *region = region_ready_locked(region_index(address));
    frame_debug_allocated(region, address, count);
    block_split_locked(region, block_index(address), BLOCK_FRAMES - count);
    set_bit(m->regions_with_partial, region_index(address));
    return PADDR(address);
}

/* ---- rows of whole blocks; positions count blocks from address 0 ---- */

/* The first position in [from, to) that is whole (`value`) or is not; `to` when there is none. */
static uint64_t find_whole(bool value, uint64_t from, uint64_t to) REQUIRES(frame_memory.lock)
{
    while (from < to) {
        uint64_t region_start = align_down(from, REGION_BLOCKS);
        uint32_t limit = (uint32_t)MIN(to - region_start, (uint64_t)REGION_BLOCKS);
        const struct region *region = region_ready_locked(from / REGION_BLOCKS);
        uint32_t found = region  ? find_bit(region->whole, value, (uint32_t)(from - region_start), limit)
                         : value ? limit
                                 : (uint32_t)(from - region_start);
        if (found < limit) return region_start + found;
        from = region_start + limit;
    }
    return to;
}

static paddr_t take_blocks_locked(uint64_t count, uint64_t align_blocks) REQUIRES(frame_memory.lock)
{
    struct frame_memory *m = &frame_memory;
    uint64_t blocks = (count + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
    uint64_t limit = m->region_count * REGION_BLOCKS, at = 0;
    for (;;) {
        at = align_up(find_whole(true, at, limit), align_blocks);
        if (at >= limit || blocks > limit - at) return PADDR_NONE;
        uint64_t gap = find_whole(false, at, at + blocks);
        if (gap == at + blocks) break;
        at = gap + 1;
    }
    for (uint64_t i = at; i < at + blocks; i++) {
        struct region *region = region_ready_locked(i / REGION_BLOCKS);
        clear_bit(region->whole, i % REGION_BLOCKS);
        set_bit(region->taken, i % REGION_BLOCKS);
        frame_debug_allocated(region, i << HUGE_SHIFT,
                              MIN(count - (i - at) * BLOCK_FRAMES, (uint64_t)BLOCK_FRAMES));
    }
    m->whole_blocks -= blocks;

    uint64_t spare = blocks * BLOCK_FRAMES - count, last = at + blocks - 1;
    if (spare) {
        block_split_locked(region_ready_locked(last / REGION_BLOCKS), (uint32_t)(last % REGION_BLOCKS),
                           (uint32_t)spare);
        set_bit(m->regions_with_partial, last / REGION_BLOCKS);
    }
    return PADDR(at << HUGE_SHIFT);
}

paddr_t frame_alloc_run(uint64_t count, uint64_t align_bytes)
{
    ASSERT(count > 0 && is_power_of_two(align_bytes));
    if (count > FRAME_RUN_MAX || alloc_should_fail()) return PADDR_NONE;
    uint64_t align = MAX(align_bytes, (uint64_t)PAGE_BYTES);
    paddr_t first;
    spin_lock(&frame_memory.lock);
    if (count < BLOCK_FRAMES && align <= HUGE_BYTES) {
        first = take_in_block_locked((uint32_t)count, (uint32_t)(align >> PAGE_SHIFT));
    } else {
        cursor_drop_idle_locked();
        first = take_blocks_locked(count, MAX(align >> HUGE_SHIFT, 1ull));
    }
    spin_unlock(&frame_memory.lock);
    return first;
}

void frame_free_run(paddr_t first, uint64_t count)
{
    const void *caller = __builtin_return_address(0);
    uint64_t address = first.raw, end = first.raw + (count << PAGE_SHIFT);
    ASSERT(is_aligned(address, PAGE_BYTES) && count <= FRAME_RUN_MAX);
    spin_lock(&frame_memory.lock);
    for (uint64_t next; address < end; address = next) {
        struct region *region = region_of(address);
        next = MIN(align_down(address, HUGE_BYTES) + HUGE_BYTES, end);
        uint32_t frames = (uint32_t)((next - address) >> PAGE_SHIFT), block = block_index(address);
        if (frames == BLOCK_FRAMES && !has_bit(region->split, block)) {
            if (!block_free_whole_locked(region, address)) frame_double_free(address, caller);
            frame_debug_freed(region, address, frames, caller);
            continue;
        }
        if (!block_open_locked(region, block) ||
            !flip_bits(region->bits[block].free, frame_index(address), frames, true))
            frame_double_free(address, caller);
        frame_debug_freed(region, address, frames, caller);
        block_gained_locked(region, address, frames);
    }
    spin_unlock(&frame_memory.lock);
}

void frame_release_range(paddr_t base, uint64_t bytes)
{
    uint64_t start = align_up(base.raw, PAGE_BYTES), end = align_down(base.raw + bytes, PAGE_BYTES);
    spin_lock(&frame_memory.lock);
    for (uint64_t next; start < end; start = next) {
        next = MIN(align_down(start, GIANT_BYTES) + GIANT_BYTES, end);
        struct region *region = region_ready_locked(region_index(start));
        if (!region) continue;
        region_add_locked(region, start, next);
        frame_memory.total_frames += (next - start) >> PAGE_SHIFT;
    }
    spin_unlock(&frame_memory.lock);
}
