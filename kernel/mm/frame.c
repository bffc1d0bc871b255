/* SPDX-License-Identifier: Apache-2.0 */
/* Single frames and whole blocks: the short paths. Runs are in frame_run.c, the states behind them
 * in frame_region.c.
 *
 * Locking: frame_memory.lock guards everything and is a leaf: nothing is called with it held that
 * takes another. */
#include "mm/frame.h"

#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

paddr_t frame_alloc(void)
{
    paddr_t frame = PADDR_NONE;
    if (alloc_should_fail()) return frame;
    spin_lock(&frame_memory.lock);
    if (likely(*frame_memory.cursor.free) || cursor_find_frames_locked()) {
        frame = PADDR(cursor_take_frame_locked());
        if (CONFIG_DEBUG) frame_debug_allocated(frame_memory.cursor.region, frame.raw, 1);
    }
    spin_unlock(&frame_memory.lock);
    return frame;
}

paddr_t frame_alloc_zeroed(void)
{
    paddr_t frame = frame_alloc();
    if (!is_paddr_none(frame)) memset(direct_map(frame), 0, PAGE_BYTES);
    return frame;
}

void frame_free(paddr_t frame)
{
    ASSERT(is_aligned(frame.raw, PAGE_BYTES));
    struct region *region = region_of(frame.raw);
    uint32_t block = block_index(frame.raw);
    uint64_t *word = &region->bits[block].free[frame_index(frame.raw) / 64];
    uint64_t bit = bit_of(frame_index(frame.raw));
    spin_lock(&frame_memory.lock);
    if (unlikely(!block_open_locked(region, block) || (*word & bit)))
        frame_double_free(frame.raw, __builtin_return_address(0));
    *word |= bit;
    if (CONFIG_DEBUG) frame_debug_freed(region, frame.raw, 1, __builtin_return_address(0));
    block_gained_locked(region, frame.raw, 1);
    spin_unlock(&frame_memory.lock);
}

paddr_t frame_alloc_huge(void)
{
    paddr_t block = PADDR_NONE;
    if (alloc_should_fail()) return block;
    spin_lock(&frame_memory.lock);
    bool found = *frame_memory.cursor.whole != 0;
    if (unlikely(!found)) {
        cursor_drop_idle_locked();
        found = cursor_find_whole_locked(true);
    }
    if (likely(found)) {
        block = PADDR(cursor_take_whole_locked());
        if (CONFIG_DEBUG) {
            struct region *region = region_ready_locked(region_index(block.raw));
            frame_debug_allocated(region, block.raw, BLOCK_FRAMES);
        }
    }
    spin_unlock(&frame_memory.lock);
    return block;
}

void frame_free_huge(paddr_t block)
{
    ASSERT(is_aligned(block.raw, HUGE_BYTES));
    struct region *region = region_of(block.raw);
    spin_lock(&frame_memory.lock);
    if (unlikely(!block_free_whole_locked(region, block.raw)))
        frame_double_free(block.raw, __builtin_return_address(0));
    if (CONFIG_DEBUG) frame_debug_freed(region, block.raw, BLOCK_FRAMES, __builtin_return_address(0));
    spin_unlock(&frame_memory.lock);
}

uint64_t frame_free_count(void)
{
    spin_lock(&frame_memory.lock);
    uint64_t count = frame_memory.whole_blocks * BLOCK_FRAMES + frame_memory.small_frames;
    spin_unlock(&frame_memory.lock);
    return count;
}

uint64_t frame_free_huge_count(void)
{
    spin_lock(&frame_memory.lock);
    /* The current block counts when it is idle: it would be given up for a huge allocation. */
    uint64_t count = frame_memory.whole_blocks + (*frame_memory.cursor.free == BLOCK_FRAMES);
    spin_unlock(&frame_memory.lock);
    return count;
}

uint64_t frame_total_count(void)
{
    spin_lock(&frame_memory.lock);
    uint64_t count = frame_memory.total_frames;
    spin_unlock(&frame_memory.lock);
    return count;
}
