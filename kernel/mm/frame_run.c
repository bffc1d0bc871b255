/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in a row, for DMA and huge mappings. Short runs are searched for inside partly used blocks
 * before a whole one is opened; long ones are rows of whole blocks, of which the last may be opened so
 * that nothing is wasted. What a search finds it then takes; if another CPU was faster, it goes on. */
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

#define NOWHERE UINT64_MAX

/* ---- runs inside one block ---- */

/* The first frame in [from, to) that is free, or is not; `to` when there is none. */
static uint32_t find_frame(const struct block_bits *bits, bool free, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint64_t seen = mask_read(&bits->free[from / 64]);
        uint64_t word = (free ? seen : ~seen) >> from % 64;
        if (word) return MIN(to, from + (uint32_t)__builtin_ctzll(word));
        from = (from / 64 + 1) * 64;
    }
    return to;
}

static bool find_run(const struct block_bits *bits, uint32_t count, uint32_t align, uint32_t *first)
{
    for (uint32_t at = 0;;) {
        at = (uint32_t)align_up(find_frame(bits, true, at, BLOCK_FRAMES), align);
        if (at + count > BLOCK_FRAMES) return false;
        uint32_t used = find_frame(bits, false, at, at + count);
        if (used == at + count) {
            *first = at;
            return true;
        }
        at = used + 1;
    }
}

static uint64_t take_in_block(struct frame_group *g, uint64_t block, uint32_t count, uint32_t align)
{
    uint32_t first;
    while ((count_read(&g->count[block]) & COUNT_FREE) >= count &&
           find_run(&g->bits[block], count, align, &first)) {
        if (!count_take(&g->count[block], count)) break;
        if (bits_take_run(&g->bits[block], first, count))
            return block_address(g, block) + ((uint64_t)first << PAGE_SHIFT);
        block_settle(region_of(g->base), g, block, count_put(&g->count[block], count));
    }
    return NOWHERE;
}

static uint64_t take_in_group(struct frame_group *g, uint64_t blocks, uint32_t count, uint32_t align)
{
    for (; blocks; blocks &= blocks - 1) {
        uint64_t found = take_in_block(g, lowest_bit(blocks), count, align);
        if (found != NOWHERE) return found;
    }
    return NOWHERE;
}

static uint64_t take_in_partial(uint32_t count, uint32_t align)
{
    struct frame_memory *m = &frame_memory;
    uint64_t found = NOWHERE;
    for (uint32_t i = 0; i < frame_cpu_count() && found == NOWHERE; i++) {
        uint64_t slot = __atomic_load_n(&frame_cpus[i].reserved, __ATOMIC_SEQ_CST);
        found = take_in_block(slot_group(slot), slot_block(slot), count, align);
    }
    for (uint64_t index = 0; index < m->region_count && found == NOWHERE; index++) {
        struct region *region = region_at(index);
        if (!hint_has(&region->may_have_frames)) continue;
        for (uint32_t i = 0; i < REGION_GROUPS && found == NOWHERE; i++)
            found = take_in_group(&region->groups[i], mask_read(&region->groups[i].partial), count, align);
    }
    return found;
}

static uint64_t take_in_kept(uint32_t count, uint32_t align)
{
    struct frame_memory *m = &frame_memory;
    uint64_t found = NOWHERE;
    for (uint64_t index = 0; index < m->region_count && found == NOWHERE; index++) {
        struct region *region = region_at(index);
        if (!hint_has(&region->may_have_kept)) continue;
        for (uint32_t i = 0; i < REGION_GROUPS && found == NOWHERE; i++)
            found = take_in_group(&region->groups[i], mask_read(&region->groups[i].kept), count, align);
    }
    return found;
}

static uint64_t take_short_run(uint32_t count, uint32_t align)
{
    uint64_t block, setups;
    do {
        setups = region_setups();
        uint64_t found = take_in_partial(count, align);
        if (found != NOWHERE) return found;
        block = block_find_ready(frame_this_cpu());
    } while (block == NOWHERE && region_next(setups));
    if (block == NOWHERE) {
        uint64_t found = take_in_kept(count, align);
        if (found != NOWHERE) return found;
        block = block_find(frame_this_cpu(), true);
    }
    if (block != NOWHERE) block_give_rest(block, count);
    return block;
}

/* ---- rows of whole blocks; positions count blocks from address 0 ---- */

/* The first position in [from, to) that is free, or is not; `to` when there is none. */
static uint64_t find_block(bool free, uint64_t from, uint64_t to)
{
    while (from < to) {
        const struct region *region = region_ready(from / REGION_BLOCKS);
        uint64_t seen = region ? group_free_blocks(&region->groups[from / GROUP_BLOCKS % REGION_GROUPS]) : 0;
        uint64_t word = (free ? seen : ~seen) >> from % GROUP_BLOCKS;
        if (word) return MIN(to, from + (uint64_t)__builtin_ctzll(word));
        from = (from / GROUP_BLOCKS + 1) * GROUP_BLOCKS;
    }
    return to;
}

static bool take_row(uint64_t at, uint64_t blocks)
{
    for (uint64_t i = at; i < at + blocks; i++) {
        uint64_t address = i << HUGE_SHIFT;
        bool was_zeroed;
        if (group_take_this(group_of(address), block_index(address), &was_zeroed)) {
            if (was_zeroed) pool_lost();
            continue;
        }
        while (i-- > at) block_give(region_of(i << HUGE_SHIFT), group_of(i << HUGE_SHIFT), i % GROUP_BLOCKS);
        return false;
    }
    return true;
}

static uint64_t take_long_run(uint64_t count, uint64_t align)
{
    uint64_t blocks = (count + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
    uint64_t limit = frame_memory.region_count * REGION_BLOCKS, at = 0;
    cpus_drop_idle();
    for (;;) {
        at = align_up(find_block(true, at, limit), align);
        if (at >= limit || blocks > limit - at) return NOWHERE;
        uint64_t gap = find_block(false, at, at + blocks);
        if (gap == at + blocks && take_row(at, blocks)) break;
        at = gap == at + blocks ? at : gap + 1;
    }
    uint64_t last = at + blocks - 1;
    block_give_rest(last << HUGE_SHIFT, (uint32_t)(count - (blocks - 1) * BLOCK_FRAMES));
    return at << HUGE_SHIFT;
}

/* ---- the interface ---- */

paddr_t frame_alloc_run(uint64_t count, uint64_t align_bytes)
{
    ASSERT(count > 0 && is_power_of_two(align_bytes));
    if (count > FRAME_RUN_MAX || alloc_should_fail()) return PADDR_NONE;
    uint64_t align = MAX(align_bytes, (uint64_t)PAGE_BYTES), first;
    if (count < BLOCK_FRAMES && align <= HUGE_BYTES)
        first = take_short_run((uint32_t)count, (uint32_t)(align >> PAGE_SHIFT));
    else
        first = take_long_run(count, MAX(align >> HUGE_SHIFT, 1ull));
    if (first != NOWHERE) frame_debug_allocated(first, count);
    return PADDR(first);
}

void frame_free_run(paddr_t first, uint64_t count)
{
    const void *caller = __builtin_return_address(0);
    uint64_t address = first.raw, end = first.raw + (count << PAGE_SHIFT);
    ASSERT(is_aligned(address, PAGE_BYTES) && count <= FRAME_RUN_MAX);
    for (uint64_t next; address < end; address = next) {
        next = MIN(align_down(address, HUGE_BYTES) + HUGE_BYTES, end);
        uint32_t frames = (uint32_t)((next - address) >> PAGE_SHIFT);
        if (frames == BLOCK_FRAMES && block_is_used(group_of(address), block_index(address)))
            block_free_whole(address, caller);
        else
            block_free_frames(address, frames, caller);
    }
}
