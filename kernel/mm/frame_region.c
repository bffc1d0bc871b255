/* SPDX-License-Identifier: Apache-2.0 */
/* Regions come into use: their groups are written when memory of theirs is first needed, so that boot
 * does not grow with RAM. The only part of the allocator with a lock. */
#include "mm/frame_internal.h"

#include "lib/string.h"

struct frame_memory frame_memory;
struct frame_cpu frame_cpus[CONFIG_CPUS_MAX];

/* Without counts nobody looks at bits, so it has none. */
static uint64_t absent[offsetof(struct region, bits) / 8] ALIGNED(_Alignof(struct region));
struct region *const region_absent = (struct region *)absent;

/* Part of a block becomes free; the rest of it belongs to nobody or is in use frame by frame. */
static void add_part(struct region *region, uint64_t start, uint64_t end)
{
    struct frame_group *g = group_in(region, group_index(start));
    uint64_t block = block_index(start);
    uint32_t frames = (uint32_t)((end - start) >> PAGE_SHIFT);
    ASSERT(!(group_free_blocks(g) >> block & 1));
    if (!(count_read(&g->count[block]) & COUNT_LIVE)) block_make_live(g, block);
    bits_put(&g->bits[block], (uint32_t)frame_index(start), frames);
    block_settle(region, g, block, count_put(&g->count[block], frames));
}

void region_add_locked(struct region *region, uint64_t start, uint64_t end)
{
    for (uint64_t next; start < end; start = next) {
        if (!is_aligned(start, HUGE_BYTES) || end - start < HUGE_BYTES) {
            next = MIN(align_down(start, HUGE_BYTES) + HUGE_BYTES, end);
            add_part(region, start, next);
            continue;
        }
        next =
            MIN(align_down(start, 1ull << GROUP_SHIFT) + (1ull << GROUP_SHIFT), align_down(end, HUGE_BYTES));
        uint64_t blocks =
            bits_between((uint32_t)block_index(start), (uint32_t)((next - start) >> HUGE_SHIFT));
        __atomic_fetch_or(&group_in(region, group_index(start))->fresh, blocks, __ATOMIC_SEQ_CST);
        hint_set(&region->may_have_blocks);
    }
}

static struct region *region_setup_locked(uint64_t index) REQUIRES(frame_memory.setup_lock)
{
    struct frame_memory *m = &frame_memory;
    struct region *region = (struct region *)m->region_storage[index];
    uint64_t region_start = index << GIANT_SHIFT, region_end = region_start + GIANT_BYTES;
    memset(region, 0, offsetof(struct region, bits));
    for (uint32_t i = 0; i < REGION_GROUPS; i++) {
        region->groups[i].base = region_start + ((uint64_t)i << GROUP_SHIFT);
        region->groups[i].bits = &region->bits[i * GROUP_BLOCKS];
    }
    for (uint32_t i = 0; i < m->extent_count && m->extents[i].start < region_end; i++) {
        uint64_t start = MAX(m->extents[i].start, region_start);
        uint64_t end = MIN(m->extents[i].end, region_end);
        if (start >= end) continue;
        region_add_locked(region, start, end);
        m->unready_blocks -= blocks_between(start, end);
        m->unready_frames -= (end - start) >> PAGE_SHIFT;
    }
    __atomic_store_n(&m->regions[index], region, __ATOMIC_RELEASE);
    __atomic_store_n(&m->setups, m->setups + 1, __ATOMIC_RELEASE);
    return region;
}

struct region *region_ready(uint64_t index)
{
    struct frame_memory *m = &frame_memory;
    if (index >= m->region_count || !m->region_storage[index]) return NULL;
    struct region *region = region_at(index);
    if (likely(region != region_absent)) return region;
    spin_lock(&frame_memory.setup_lock);
    region = region_at(index);
    if (region == region_absent) region = region_setup_locked(index);
    spin_unlock(&frame_memory.setup_lock);
    return region;
}

bool region_next(uint64_t setups)
{
    struct frame_memory *m = &frame_memory;
    spin_lock(&frame_memory.setup_lock);
    bool found = m->setups != setups;
    while (!found && m->next_unready < m->region_count) {
        uint64_t index = m->next_unready++;
        if (!m->region_storage[index] || region_at(index) != region_absent) continue;
        region_setup_locked(index);
        found = true;
    }
    spin_unlock(&frame_memory.setup_lock);
    return found;
}

void frame_release_range(paddr_t base, uint64_t bytes)
{
    uint64_t start = align_up(base.raw, PAGE_BYTES), end = align_down(base.raw + bytes, PAGE_BYTES);
    for (uint64_t next; start < end; start = next) {
        next = MIN(align_down(start, GIANT_BYTES) + GIANT_BYTES, end);
        struct region *region = region_ready(region_index(start));
        if (!region) continue;
        spin_lock(&frame_memory.setup_lock);
        region_add_locked(region, start, next);
        frame_memory.total_frames += (next - start) >> PAGE_SHIFT;
        spin_unlock(&frame_memory.setup_lock);
    }
}
