/* SPDX-License-Identifier: Apache-2.0 */
/* Certain frames. Somebody who gives out a block's frames one by one, each for its own place, can have the
 * block as one piece in the end, if nobody else gets frames of it meanwhile. So such a block is kept: out
 * of the others' sight until they find nothing else.
 *
 * What is kept is not whole, so there is a bound: for each kept block a group has at least CONFIG_KEPT_PART
 * whole ones. Blocks whose frames are all in use do not count. A machine with less than that many blocks
 * keeps none. */
#include "mm/alloc_fail.h"
#include "mm/frame_internal.h"

_Static_assert((uint32_t)FRAME_SET_WORDS == BLOCK_WORDS, "a set has a bit for each frame of a block");

static bool may_keep_more(const struct frame_group *g)
{
    return (bits_set(mask_read(&g->kept)) + 1) * CONFIG_KEPT_PART <= bits_set(group_free_blocks(g));
}

static struct frame_group *group_to_keep_in(struct frame_cpu *cpu)
{
    struct frame_memory *m = &frame_memory;
    if (likely(may_keep_more(cpu->whole))) return cpu->whole;
    for (uint64_t index = 0; index < m->region_count; index++) {
        struct region *region = region_at(index);
        if (!hint_has(&region->may_have_blocks)) continue;
        for (uint32_t i = 0; i < REGION_GROUPS; i++)
            if (may_keep_more(&region->groups[i])) return &region->groups[i];
    }
    return NULL;
}

paddr_t frame_alloc_kept(uint64_t index)
{
    if (alloc_should_fail()) return PADDR_NONE;
    uint64_t setups;
    struct frame_group *g;
    do {
        setups = region_setups();
        g = group_to_keep_in(frame_this_cpu());
    } while (!g && region_next(setups));
    int32_t taken = g ? group_take_block(g) : -1; /* it may only have zeroed ones */
    if (taken < 0) return PADDR_NONE;
    uint64_t block = (uint32_t)taken, address = block_address(g, block) + (index << PAGE_SHIFT);
    block_keep(g, block, index);
    block_settle(region_of(address), g, block, PUT_FIRST);
    frame_debug_allocated(address, 1);
    return PADDR(address);
}

/* As with every hint, who clears it looks again. */
static NOINLINE void forget_full(struct frame_group *g, uint64_t block)
{
    mask_take(&g->kept, (uint32_t)block);
    if ((count_read(&g->count[block]) & (COUNT_KEPT | COUNT_FREE)) > COUNT_KEPT)
        mask_put(&g->kept, (uint32_t)block);
}

/* After a count was lowered. */
static inline void forget_if_full(struct frame_group *g, uint64_t block)
{
    if (unlikely((count_read(&g->count[block]) & (COUNT_KEPT | COUNT_FREE)) == COUNT_KEPT))
        forget_full(g, block);
}

bool frame_take_set(paddr_t block, const uint64_t set[FRAME_SET_WORDS], uint32_t count)
{
    struct frame_group *g = group_of(block.raw);
    uint64_t i = block_index(block.raw);
    if (!count_take(&g->count[i], count)) return false;
    if (!bits_take_set(&g->bits[i], set)) {
        block_settle(region_of(block.raw), g, i, count_put(&g->count[i], count));
        return false;
    }
    forget_if_full(g, i);
    for (uint32_t frame = 0; CONFIG_DEBUG && frame < BLOCK_FRAMES; frame++)
        if (set[frame / 64] >> frame % 64 & 1)
            frame_debug_allocated(block.raw + ((uint64_t)frame << PAGE_SHIFT), 1);
    return true;
}

bool frame_take(paddr_t frame)
{
    struct frame_group *g = group_of(frame.raw);
    uint64_t block = block_index(frame.raw), index = frame_index(frame.raw);
    if (unlikely(!count_take(&g->count[block], 1))) return false;
    if (unlikely(!mask_take(&g->bits[block].free[index / 64], index % 64))) {
        block_settle(region_of(frame.raw), g, block, count_put(&g->count[block], 1));
        return false;
    }
    forget_if_full(g, block);
    if (CONFIG_DEBUG) frame_debug_allocated(frame.raw, 1);
    return true;
}

uint32_t frame_free_in_block(paddr_t block)
{
    return count_read(&group_of(block.raw)->count[block_index(block.raw)]) & COUNT_FREE;
}
