/* SPDX-License-Identifier: Apache-2.0 */
/* Where the groups of frame_transition.h lie, and who looks where first; shared by the frame_*.c files.
 *
 * A region is 1 GiB: eight groups and their bitmaps, set up when it is first used. Set-up and the
 * release of reserved memory take a lock; allocating and freeing never do. */
#pragma once
#include "arch/percpu.h"
#include "config.h"
#include "core/lock.h"
#include "mm/frame.h"
#include "mm/frame_transition.h"

enum {
    GROUP_SHIFT = HUGE_SHIFT + 6,
    REGION_GROUPS = 1 << (GIANT_SHIFT - GROUP_SHIFT),
    REGION_BLOCKS = REGION_GROUPS * GROUP_BLOCKS,
};

struct region {
    struct frame_group groups[REGION_GROUPS];
    /* Hints: false only when no group has free blocks, partial ones, or kept ones. They are set after what they tell
     * of, and cleared before it is looked at again. */
    bool may_have_blocks, may_have_frames, may_have_kept;
    struct block_bits bits[REGION_BLOCKS]; /* cut off after the region's last block of RAM */
};

struct extent {
    uint64_t start, end; /* bytes, page aligned */
};

/* Where a CPU looks first. Every field is one word, so that an interrupt handler may change it between
 * any two instructions, and any value it ever had is safe to go on with: what is taken is decided by the
 * transitions. Only `reserved` and `filling` own something, for whoever swaps them out. */
struct frame_cpu {
    struct frame_group *whole, *zeroed; /* where there was a block last */
    uint64_t reserved;                  /* slot of the reserved block */
    uint64_t filling;                   /* next byte to zero of a block for the pool; 0: none */
    uint64_t word;                      /* of the reserved block's bits, where a frame was found last */
} ALIGNED(64);

struct frame_memory {
    struct region **regions; /* region_absent: no RAM there, or not set up yet */
    uint64_t region_count;
    uint64_t block_count;             /* in so many regions */
    uint8_t *may_have_blocks;         /* a byte per region: false only when there is no free block */
    uint8_t *may_have_frames;         /* likewise, partial ones */
    uint64_t pool_count, pool_target; /* zeroed blocks */

    uint32_t cpu_count; /* of frame_cpus, started */

    struct spinlock setup_lock;
    uint64_t *region_storage;     /* where the region's record goes at set-up; 0: no RAM there */
    uint64_t setups;              /* how often a region was set up; changes under setup_lock */
    uint64_t next_unready;        /* no region below waits for its set-up; under setup_lock */
    uint64_t unready_blocks;      /* free ones in regions that are not set up; under setup_lock */
    uint64_t unready_frames;      /* and other frames there */
    uint64_t total_frames;        /* under setup_lock */
    const struct extent *extents; /* what regions are set up from; fixed after init, sorted */
    uint32_t extent_count;
};
extern struct frame_memory frame_memory;
extern struct frame_cpu frame_cpus[CONFIG_CPUS_MAX];
/* A region in which nothing is free and nothing can be freed: there are no bits. */
extern struct region *const region_absent;

static inline uint32_t frame_cpu_count(void)
{
    return __atomic_load_n(&frame_memory.cpu_count, __ATOMIC_ACQUIRE);
}
static inline struct frame_cpu *frame_this_cpu(void) { return &frame_cpus[percpu_index()]; }

static inline uint64_t region_index(uint64_t address) { return address >> GIANT_SHIFT; }
static inline uint64_t group_index(uint64_t address) { return (address >> GROUP_SHIFT) % REGION_GROUPS; }
static inline uint64_t block_index(uint64_t address) { return (address >> HUGE_SHIFT) % GROUP_BLOCKS; }
static inline uint64_t frame_index(uint64_t address) { return (address >> PAGE_SHIFT) % BLOCK_FRAMES; }

/* A block as one word: its group's address, which has six bits to spare, and its index. */
_Static_assert(sizeof(struct frame_group) % GROUP_BLOCKS == 0, "the index fits below the address");
static inline uint64_t slot_of(const struct frame_group *g, uint64_t block) { return (uint64_t)g | block; }
static inline struct frame_group *slot_group(uint64_t slot)
{
    return (struct frame_group *)(slot - slot % GROUP_BLOCKS);
}
static inline uint64_t slot_block(uint64_t slot) { return slot % GROUP_BLOCKS; }
static inline uint64_t block_address(const struct frame_group *g, uint64_t block)
{
    return g->base + ((uint64_t)block << HUGE_SHIFT);
}

static inline struct region *region_at(uint64_t index)
{
    return __atomic_load_n(&frame_memory.regions[index], __ATOMIC_ACQUIRE);
}
/* The region of an address that is being freed: where no memory is, one in which nothing can be. */
static inline struct region *region_of(uint64_t address)
{
    uint64_t index = region_index(address);
    return likely(index < frame_memory.region_count) ? region_at(index) : region_absent;
}
/* How the pointer was come by is forgotten: gcc would compute a field's address from that once more
 * instead of adding a constant. */
static inline void compiler_forget(struct frame_group **g) { __asm__("" : "+r"(*g)); }

static inline struct frame_group *group_in(struct region *region, uint64_t index)
{
    struct frame_group *g = &region->groups[index];
    compiler_forget(&g);
    return g;
}
static inline struct frame_group *group_of(uint64_t address)
{
    return group_in(region_of(address), group_index(address));
}

static inline bool hint_has(const bool *hint) { return __atomic_load_n(hint, __ATOMIC_SEQ_CST); }
static inline void hint_set(bool *hint)
{
    if (unlikely(!hint_has(hint))) __atomic_store_n(hint, true, __ATOMIC_SEQ_CST);
}

/* The caller's block becomes free as one piece. False when it was so already. */
bool block_give(struct region *region, struct frame_group *g, uint64_t block);
/* After a block of the region became free, when the hint does not say so. */
void region_hint_blocks(struct region *region);

/* ---- frame_region.c ---- */

/* The region, set up if need be; NULL where there is no RAM. */
struct region *region_ready(uint64_t index);
/* Sets up the lowest region that is not, unless there were more than `setups` already. False when there
 * is none: `setups`, read before a search, makes sure that it missed nothing. */
bool region_next(uint64_t setups);
static inline uint64_t region_setups(void) { return __atomic_load_n(&frame_memory.setups, __ATOMIC_ACQUIRE); }
/* Puts [start, end) of one region, which belonged to nobody, among the free. */
void region_add_locked(struct region *region, uint64_t start, uint64_t end) REQUIRES(frame_memory.setup_lock);
static inline uint64_t blocks_between(uint64_t start, uint64_t end)
{
    uint64_t first = align_up(start, HUGE_BYTES), last = align_down(end, HUGE_BYTES);
    return first < last ? (last - first) >> HUGE_SHIFT : 0;
}

/* ---- frame_find.c: all of these answer UINT64_MAX when there is none ---- */

/* A whole block of the regions that are set up; the next search begins where it was. */
uint64_t block_find_ready(struct frame_cpu *cpu);
/* The same from any region. `scarce`: the pool and what is reserved and idle may be broken up for it. */
uint64_t block_find(struct frame_cpu *cpu, bool scarce);
/* A frame of a block that is reserved for the CPU from now on: partly used ones first, lowest first. */
uint64_t frame_find(struct frame_cpu *cpu);
/* Idle reservations, and blocks half zeroed, become whole. */
void cpus_drop_idle(void);

/* Finishes what count_put or count_unreserve began. */
void block_settle(struct region *region, struct frame_group *g, uint64_t block, enum put_result result);
/* Gives up the caller's block for single frames, the first `used` of which stay the caller's. */
void block_give_rest(uint64_t address, uint32_t used);
/* Free frames inside one block, or a block as one piece; panic when they are not in use. */
void block_free_frames(uint64_t address, uint32_t frames, const void *caller);
void block_free_whole(uint64_t address, const void *caller);

/* ---- frame_pool.c ---- */
uint64_t pool_find(struct frame_cpu *cpu);
static inline void pool_lost(void) { __atomic_sub_fetch(&frame_memory.pool_count, 1, __ATOMIC_RELAXED); }

/* ---- frame_debug.c: nothing happens in a release build ---- */
void frame_debug_freed(uint64_t address, uint64_t frames, const void *caller);
void frame_debug_allocated(uint64_t address, uint64_t frames);
NORETURN void frame_double_free(uint64_t address, const void *caller);
