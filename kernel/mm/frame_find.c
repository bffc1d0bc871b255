/* SPDX-License-Identifier: Apache-2.0 */
/* Where the next block or frame comes from when the short path has none. Partly used blocks are filled
 * before a whole one is opened, and the lowest first, so that the others stay whole. */
#include "mm/frame_internal.h"

#define NOWHERE UINT64_MAX

/* ---- searching groups ---- */

static uint64_t blocks_in(const struct frame_group *g) { return mask_read(&g->whole) | mask_read(&g->fresh); }
static uint64_t partial_in(const struct frame_group *g) { return mask_read(&g->partial); }
static uint64_t kept_in(const struct frame_group *g) { return mask_read(&g->kept); }

static inline struct frame_group *find_in_region(struct region *region,
                                                 uint64_t (*mask)(const struct frame_group *))
{
    /* Neighbouring CPUs begin in different groups, so that they share no cache line if they can help it. */
    uint64_t first = percpu_index();
    for (uint64_t i = 0; i < REGION_GROUPS; i++) {
        struct frame_group *g = &region->groups[(first + i) % REGION_GROUPS];
        if (mask(g)) return g;
    }
    return NULL;
}

/* The group of the lowest region whose mask is not empty. `hint` is the offset of the region's. */
static inline struct frame_group *find_group(size_t hint_offset, uint64_t (*mask)(const struct frame_group *))
{
    for (uint64_t index = 0; index < frame_memory.region_count; index++) {
        struct region *region = region_at(index);
        bool *hint = (bool *)((char *)region + hint_offset);
        if (!hint_has(hint)) continue;
        struct frame_group *g = find_in_region(region, mask);
        if (g) return g;
        __atomic_store_n(hint, false, __ATOMIC_SEQ_CST);
        g = find_in_region(region, mask);
        if (!g) continue;
        hint_set(hint);
        return g;
    }
    return NULL;
}

static struct frame_group *find_with_blocks(void)
{
    return find_group(offsetof(struct region, may_have_blocks), blocks_in);
}
static struct frame_group *find_with_frames(void)
{
    return find_group(offsetof(struct region, may_have_frames), partial_in);
}
static struct frame_group *find_with_kept(void)
{
    return find_group(offsetof(struct region, may_have_kept), kept_in);
}

/* ---- whole blocks ---- */

static uint64_t take_block(struct frame_cpu *cpu, struct frame_group *g)
{
    int32_t block = group_take_block(g);
    if (block < 0) return NOWHERE;
    cpu->whole = g;
    return block_address(g, (uint32_t)block);
}

uint64_t block_find_ready(struct frame_cpu *cpu)
{
    uint64_t address = take_block(cpu, cpu->whole);
    struct frame_group *g;
    while (address == NOWHERE && (g = find_with_blocks())) address = take_block(cpu, g);
    return address;
}

uint64_t block_find(struct frame_cpu *cpu, bool scarce)
{
    uint64_t address, setups;
    do {
        setups = region_setups();
        address = block_find_ready(cpu);
        if (likely(address != NOWHERE)) return address;
    } while (region_next(setups));
    if (!scarce) return NOWHERE;
    cpus_drop_idle();
    address = block_find_ready(cpu);
    return address != NOWHERE ? address : pool_find(cpu);
}

static void slot_settle(uint64_t slot, enum put_result result)
{
    struct frame_group *g = slot_group(slot);
    if (result != PUT_DONE) block_settle(region_of(g->base), g, slot_block(slot), result);
}

void cpus_drop_idle(void)
{
    for (uint32_t i = 0; i < frame_cpu_count(); i++) {
        struct frame_cpu *cpu = &frame_cpus[i];
        uint64_t slot = __atomic_load_n(&cpu->reserved, __ATOMIC_SEQ_CST),
                 none = slot_of(region_absent->groups, 0);
        uint16_t *count = &slot_group(slot)->count[slot_block(slot)];
        if (count_read(count) == (COUNT_LIVE | COUNT_RESERVED | BLOCK_FRAMES) &&
            __atomic_compare_exchange_n(&cpu->reserved, &slot, none, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            slot_settle(slot, count_unreserve(count));
        uint64_t filling = __atomic_exchange_n(&cpu->filling, 0, __ATOMIC_SEQ_CST);
        if (filling) block_give(region_of(filling), group_of(filling), block_index(filling));
    }
}

/* ---- frames ---- */

/* The second step, for a frame of the block that was counted already. */
static uint64_t take_counted(struct frame_cpu *cpu, struct frame_group *g, uint64_t block)
{
    uint64_t frame = bits_take_one(&g->bits[block], &cpu->word);
    return block_address(g, block) + (frame << PAGE_SHIFT);
}

static void reserve_instead(struct frame_cpu *cpu, struct frame_group *g, uint64_t block)
{
    uint64_t old = __atomic_exchange_n(&cpu->reserved, slot_of(g, block), __ATOMIC_SEQ_CST);
    slot_settle(old, count_unreserve(&slot_group(old)->count[slot_block(old)]));
}

static uint64_t open_block(struct frame_cpu *cpu, uint64_t address)
{
    struct frame_group *g = group_of(address);
    block_open(g, block_index(address), 1, COUNT_RESERVED);
    reserve_instead(cpu, g, block_index(address));
    return address;
}

/* Other CPUs' reservations are the last frames there are. */
static uint64_t steal_frame(struct frame_cpu *cpu)
{
    for (uint32_t i = 0; i < frame_cpu_count(); i++) {
        uint64_t slot = __atomic_load_n(&frame_cpus[i].reserved, __ATOMIC_SEQ_CST);
        if (count_take(&slot_group(slot)->count[slot_block(slot)], 1))
            return take_counted(cpu, slot_group(slot), slot_block(slot));
    }
    return NOWHERE;
}

/* The lowest block of the mask. */
static uint64_t reserve_from(struct frame_cpu *cpu, struct frame_group *g, uint64_t *mask)
{
    uint64_t seen = mask_read(mask);
    uint32_t block = seen ? lowest_bit(seen) : 0;
    /* The hint is cleared before the count is looked at: whoever changes the count later sets it. */
    if (!mask_take(mask, block) || !count_reserve(&g->count[block])) return NOWHERE;
    uint64_t address = take_counted(cpu, g, block);
    reserve_instead(cpu, g, block);
    return address;
}

static uint64_t find_partial(struct frame_cpu *cpu)
{
    struct frame_group *g;
    uint64_t address = NOWHERE;
    while (address == NOWHERE && (g = find_with_frames())) address = reserve_from(cpu, g, &g->partial);
    return address;
}

static uint64_t find_kept(struct frame_cpu *cpu)
{
    struct frame_group *g;
    uint64_t address = NOWHERE;
    while (address == NOWHERE && (g = find_with_kept())) address = reserve_from(cpu, g, &g->kept);
    return address;
}

uint64_t frame_find(struct frame_cpu *cpu)
{
    uint64_t address, setups;
    do {
        setups = region_setups();
        address = find_partial(cpu);
        if (address != NOWHERE) return address;
        address = block_find_ready(cpu);
        if (address != NOWHERE) return open_block(cpu, address);
    } while (region_next(setups));
    address = find_kept(cpu);
    if (address != NOWHERE) return address;
    address = steal_frame(cpu);
    if (address != NOWHERE) return address;
    address = block_find(cpu, true);
    return address != NOWHERE ? open_block(cpu, address) : NOWHERE;
}

/* ---- giving back ---- */

void region_hint_blocks(struct region *region) { hint_set(&region->may_have_blocks); }

bool block_give(struct region *region, struct frame_group *g, uint64_t block)
{
    if (!mask_put(&g->whole, (uint32_t)block)) return false;
    region_hint_blocks(region);
    return true;
}

void block_settle(struct region *region, struct frame_group *g, uint64_t block, enum put_result result)
{
    if (likely(result == PUT_DONE)) return;
    if (result == PUT_WHOLE) {
        bits_write(&g->bits[block], 0);
        mask_take(&g->partial, (uint32_t)block);
        if (unlikely(mask_has(&g->kept, block))) mask_take(&g->kept, (uint32_t)block);
        block_give(region, g, block);
    } else if (count_read(&g->count[block]) & COUNT_KEPT) {
        mask_put(&g->kept, (uint32_t)block);
        hint_set(&region->may_have_kept);
    } else {
        mask_put(&g->partial, block);
        hint_set(&region->may_have_frames);
    }
}

void block_give_rest(uint64_t address, uint32_t used)
{
    struct frame_group *g = group_of(address);
    if (used == BLOCK_FRAMES) return;
    block_open(g, block_index(address), used, 0);
    block_settle(region_of(address), g, block_index(address), PUT_FIRST);
}

void block_free_frames(uint64_t address, uint32_t frames, const void *caller)
{
    struct region *region = region_of(address);
    struct frame_group *g = group_in(region, group_index(address));
    uint64_t block = block_index(address);
    uint32_t first = (uint32_t)frame_index(address);
    bool is_in_use = (count_read(&g->count[block]) & COUNT_LIVE) && !mask_has(&g->whole, block) &&
                     !bits_any(&g->bits[block], first, frames);
    if (!is_in_use) frame_double_free(address, caller);
    frame_debug_freed(address, frames, caller);
    bits_put(&g->bits[block], first, frames);
    block_settle(region, g, block, count_put(&g->count[block], frames));
}

void block_free_whole(uint64_t address, const void *caller)
{
    struct region *region = region_of(address);
    struct frame_group *g = group_in(region, group_index(address));
    uint64_t block = block_index(address);
    ASSERT(is_aligned(address, HUGE_BYTES));
    if (!block_is_used(g, block)) frame_double_free(address, caller);
    frame_debug_freed(address, BLOCK_FRAMES, caller);
    block_set_live(g, block, true); /* and not kept */
    if (!block_give(region, g, block)) frame_double_free(address, caller);
}
