/* SPDX-License-Identifier: Apache-2.0 */
/* Single frames and whole blocks: the short paths. Runs are in frame_run.c, searches in frame_find.c,
 * and why no lock is needed in frame_transition.h. */
#include "mm/frame.h"

#include "arch/zero.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

static NOINLINE paddr_t frame_alloc_elsewhere(void)
{
    paddr_t frame = PADDR(frame_find(frame_this_cpu()));
    if (CONFIG_DEBUG && !is_paddr_none(frame)) frame_debug_allocated(frame.raw, 1);
    return frame;
}

paddr_t frame_alloc(void)
{
    if (alloc_should_fail()) return PADDR_NONE;
    struct frame_cpu *cpu = frame_this_cpu();
    uint64_t slot = __atomic_load_n(&cpu->reserved, __ATOMIC_RELAXED);
    struct frame_group *g = slot_group(slot);
    uint64_t block = slot_block(slot);
    if (unlikely(!count_take(&g->count[block], 1))) return frame_alloc_elsewhere();
    uint64_t frame = bits_take_one(&g->bits[block], &cpu->word);
    paddr_t address = PADDR(block_address(g, block) + (frame << PAGE_SHIFT));
    if (CONFIG_DEBUG) frame_debug_allocated(address.raw, 1);
    return address;
}

paddr_t frame_alloc_zeroed(void)
{
    paddr_t frame = frame_alloc();
    if (!is_paddr_none(frame)) zero_pages(direct_map(frame), PAGE_BYTES);
    return frame;
}

static NOINLINE void frame_recount(struct frame_group *g, uint64_t block)
{
    block_settle(region_of(g->base), g, block, count_put(&g->count[block], 1));
}

/* Everything else in a free is here, so that the short path needs no stack. */
static NOINLINE void frame_free_carefully(uint64_t frame, const void *caller)
{
    ASSERT(is_aligned(frame, PAGE_BYTES));
    block_free_frames(frame, 1, caller);
}

void frame_free(paddr_t frame)
{
    struct frame_group *g = group_of(frame.raw);
    uint64_t block = block_index(frame.raw);
    uint16_t *count = &g->count[block], seen = count_read(count);
    /* Counts at either end, and blocks in which nothing can be freed, need more than one step. */
    bool is_easy = is_aligned(frame.raw, PAGE_BYTES) && (seen & COUNT_FREE) - 1u < BLOCK_FRAMES - 2;
    if (CONFIG_DEBUG || unlikely(!is_easy || !bits_put_one(&g->bits[block], frame_index(frame.raw))))
        return frame_free_carefully(frame.raw, __builtin_return_address(0));
    if (unlikely(!count_swap(count, &seen, seen + 1))) frame_recount(g, block);
}

static NOINLINE paddr_t frame_alloc_huge_elsewhere(void)
{
    paddr_t block = PADDR(block_find(frame_this_cpu(), true));
    if (CONFIG_DEBUG && !is_paddr_none(block)) frame_debug_allocated(block.raw, BLOCK_FRAMES);
    return block;
}

paddr_t frame_alloc_huge(void)
{
    if (alloc_should_fail()) return PADDR_NONE;
    struct frame_group *g = frame_this_cpu()->whole;
    uint64_t seen = mask_read(&g->whole);
    if (unlikely(!seen)) return frame_alloc_huge_elsewhere();
    compiler_forget(&g);
    uint32_t block = lowest_bit(seen);
    if (unlikely(!mask_take(&g->whole, block))) return frame_alloc_huge_elsewhere();
    paddr_t address = PADDR(block_address(g, block));
    if (CONFIG_DEBUG) frame_debug_allocated(address.raw, BLOCK_FRAMES);
    return address;
}

void frame_free_huge(paddr_t block)
{
    /* The block's number, with the bits that an aligned address has not at its top: one comparison finds
     * those that are not aligned as well as those out of range. */
    uint64_t number = block.raw >> HUGE_SHIFT | block.raw << (64 - HUGE_SHIFT);
    if (likely(!CONFIG_DEBUG && number < frame_memory.block_count)) {
        struct region *region = region_at(number / REGION_BLOCKS);
        struct frame_group *g = group_in(region, number / GROUP_BLOCKS % REGION_GROUPS);
        uint32_t i = number % GROUP_BLOCKS;
        if (likely(count_read(&g->count[i]) == COUNT_LIVE && mask_put(&g->whole, i))) {
            frame_this_cpu()->whole = g; /* the next one is taken from here, still in the cache */
            if (unlikely(!hint_has(&region->may_have_blocks))) region_hint_blocks(region);
            return;
        }
    }
    ASSERT(is_aligned(block.raw, HUGE_BYTES));
    frame_free_run(block, BLOCK_FRAMES); /* its frames may have come one by one, the last just now */
}

/* ---- counting ---- */

struct free_memory {
    uint64_t blocks, frames; /* frames: of those not in blocks */
};

static void count_group(const struct frame_group *g, struct free_memory *sum)
{
    uint64_t blocks = group_free_blocks(g);
    if (blocks) sum->blocks += bits_set(blocks);
    uint64_t parts = mask_read(&g->partial) | mask_read(&g->kept);
    for (; parts; parts &= parts - 1) {
        uint16_t count = count_read(&g->count[lowest_bit(parts)]);
        if (!(count & COUNT_RESERVED)) sum->frames += count & COUNT_FREE;
    }
}

static struct free_memory count_free(void)
{
    struct frame_memory *m = &frame_memory;
    spin_lock(&frame_memory.setup_lock); /* or a region could be counted twice */
    struct free_memory sum = { m->unready_blocks, m->unready_frames - m->unready_blocks * BLOCK_FRAMES };
    for (uint64_t index = 0; index < m->region_count; index++) {
        const struct region *region = region_at(index);
        for (uint32_t i = 0; region != region_absent && i < REGION_GROUPS; i++)
            count_group(&region->groups[i], &sum);
    }
    spin_unlock(&frame_memory.setup_lock);
    for (uint32_t i = 0; i < frame_cpu_count(); i++) {
        uint64_t slot = __atomic_load_n(&frame_cpus[i].reserved, __ATOMIC_RELAXED);
        uint32_t free = count_read(&slot_group(slot)->count[slot_block(slot)]) & COUNT_FREE;
        /* What is reserved and idle would be given up for a huge allocation. */
        if (free == BLOCK_FRAMES)
            sum.blocks++;
        else
            sum.frames += free;
        sum.blocks += __atomic_load_n(&frame_cpus[i].filling, __ATOMIC_RELAXED) != 0;
    }
    return sum;
}

uint64_t frame_free_count(void)
{
    struct free_memory sum = count_free();
    return sum.blocks * BLOCK_FRAMES + sum.frames;
}

uint64_t frame_free_huge_count(void) { return count_free().blocks; }

uint64_t frame_total_count(void)
{
    spin_lock(&frame_memory.setup_lock);
    uint64_t count = frame_memory.total_frames;
    spin_unlock(&frame_memory.setup_lock);
    return count;
}
