/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks zeroed ahead of time, by CPUs that have nothing else to do. A block of the pool is free like any
 * other, only in another mask of its group, so that it counts as free and is found when memory is short. */
#include "arch/zero.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

static paddr_t take_from(struct frame_group *g)
{
    int32_t block = group_take_zeroed(g);
    if (unlikely(block < 0)) return PADDR_NONE;
    pool_lost();
    return PADDR(block_address(g, (uint32_t)block));
}

uint64_t pool_find(struct frame_cpu *cpu)
{
    for (uint64_t index = 0; index < frame_memory.region_count; index++) {
        struct region *region = region_at(index);
        for (uint32_t i = 0; region != region_absent && i < REGION_GROUPS; i++) {
            paddr_t block = take_from(&region->groups[i]);
            if (is_paddr_none(block)) continue;
            cpu->zeroed = &region->groups[i];
            return block.raw;
        }
    }
    return UINT64_MAX;
}

static NOINLINE paddr_t zeroed_elsewhere(struct frame_cpu *cpu)
{
    if (__atomic_load_n(&frame_memory.pool_count, __ATOMIC_RELAXED)) {
        paddr_t block = PADDR(pool_find(cpu));
        if (!is_paddr_none(block)) return block;
    }
    paddr_t block = PADDR(block_find(cpu, true));
    if (is_paddr_none(block)) return block;
    frame_debug_allocated(block.raw, BLOCK_FRAMES);
    zero_pages(direct_map(block), HUGE_BYTES);
    return block;
}

paddr_t frame_alloc_huge_zeroed(void)
{
    if (alloc_should_fail()) return PADDR_NONE;
    struct frame_cpu *cpu = frame_this_cpu();
    paddr_t block = take_from(cpu->zeroed);
    return likely(!is_paddr_none(block)) ? block : zeroed_elsewhere(cpu);
}

uint64_t frame_pool_count(void) { return __atomic_load_n(&frame_memory.pool_count, __ATOMIC_RELAXED); }

bool frame_pool_fill_step(void)
{
    struct frame_memory *m = &frame_memory;
    struct frame_cpu *cpu = frame_this_cpu();
    /* While it is not in `filling` nobody else knows of the block. */
    uint64_t at = __atomic_exchange_n(&cpu->filling, 0, __ATOMIC_SEQ_CST);
    if (!at) {
        if (frame_pool_count() >= m->pool_target) return false;
        at = block_find(cpu, false);
        if (at == UINT64_MAX) return false;
        frame_debug_allocated(at, BLOCK_FRAMES);
    }
    zero_pages(direct_map(PADDR(at)), CONFIG_POOL_STEP_BYTES);
    uint64_t block = align_down(at, HUGE_BYTES), next = at + CONFIG_POOL_STEP_BYTES;
    if (next < block + HUGE_BYTES) {
        __atomic_store_n(&cpu->filling, next, __ATOMIC_SEQ_CST);
        return true;
    }
    __atomic_add_fetch(&m->pool_count, 1, __ATOMIC_RELAXED);
    struct frame_group *g = group_of(block);
    group_put_zeroed(g, block_index(block));
    cpu->zeroed = g;
    return true;
}
