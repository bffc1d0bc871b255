/* SPDX-License-Identifier: Apache-2.0 */
/* How free memory is recorded, shared by the frame_*.c files.
 *
 * A region is 1 GiB: 512 blocks of 2 MiB. A block is in one state, kept in three masks of one bit
 * per block:
 *
 *     whole   free as one piece
 *     taken   handed out as one piece
 *     split   handed out frame by frame: its bitmap and its counter hold, and only then
 *     none    no memory, or memory that was never ours
 *
 * `partial` repeats the split blocks that have a free frame, so that the next frame is found by
 * counting trailing zeros. A whole or taken block needs no bitmap, which is why neither boot nor a
 * huge allocation ever writes one.
 *
 * Every transition goes through functions in this file: one 64-bit word for a block, one word and one
 * counter for a frame. That is the unit a compare-and-swap can change; the lock stands in for it. */
#pragma once
#include "core/lock.h"
#include "mm/frame.h"

enum {
    BLOCK_FRAMES = HUGE_BYTES / PAGE_BYTES,
    BLOCK_WORDS = BLOCK_FRAMES / 64,
    REGION_BLOCKS = GIANT_BYTES / HUGE_BYTES,
    REGION_WORDS = REGION_BLOCKS / 64,
};

struct block_bits {
    uint64_t free[BLOCK_WORDS];
    uint64_t poisoned[CONFIG_DEBUG ? BLOCK_WORDS : 0]; /* holds in every state of the block */
};

struct region {
    uint64_t whole[REGION_WORDS];
    uint64_t taken[REGION_WORDS];
    uint64_t split[REGION_WORDS];
    uint64_t partial[REGION_WORDS];
    uint16_t free[REGION_BLOCKS];          /* free frames, of split blocks */
    struct block_bits bits[REGION_BLOCKS]; /* cut off after the region's last block of RAM */
} ALIGNED(64);

struct extent {
    uint64_t start, end; /* bytes, page aligned */
};

/* Where the next allocation looks first. One of these per CPU is what a reservation will be. */
struct frame_cursor {
    /* Whole blocks: a word of some region's masks, and the address of its bit 0. */
    uint64_t *whole, *taken;
    uint64_t word_base;
    /* Single frames: the block in use. It stays split while it is here, even with all frames free. */
    uint16_t *free;
    uint64_t *bits;
    struct region *region;
    uint64_t block_base;
    uint64_t word; /* of bits: where the last frame was found */
};

extern const struct frame_cursor cursor_at_nothing;

struct frame_memory {
    struct spinlock lock;
    struct frame_cursor cursor; /* under lock, as all below that changes */
    uint64_t whole_blocks;      /* free ones, in all regions, set up or not */
    uint64_t small_frames;      /* free frames in split blocks, likewise */
    uint64_t total_frames;
    struct region **regions;      /* region_absent: no RAM there, or not set up yet */
    uint64_t *region_storage;     /* where the region's record goes at set-up; 0: no RAM there */
    uint64_t *regions_with_whole; /* a bit per region that is set up and may have such blocks */
    uint64_t *regions_with_partial;
    uint64_t region_count;
    uint64_t next_unready;        /* no region below waits for its set-up */
    const struct extent *extents; /* what regions are set up from; fixed after init, sorted */
    uint32_t extent_count;
};
extern struct frame_memory frame_memory;
/* The masks of a region whose blocks are all in no state. */
extern struct region *const region_absent;

static inline uint64_t region_index(uint64_t address) { return address >> GIANT_SHIFT; }
static inline uint32_t block_index(uint64_t address) { return (address >> HUGE_SHIFT) % REGION_BLOCKS; }
static inline uint32_t frame_index(uint64_t address) { return (address >> PAGE_SHIFT) % BLOCK_FRAMES; }
static inline uint64_t bit_of(uint32_t index) { return 1ull << (index % 64); }
static inline bool has_bit(const uint64_t *words, uint32_t index)
{
    return words[index / 64] & bit_of(index);
}
static inline void set_bit(uint64_t *words, uint64_t index) { words[index / 64] |= bit_of((uint32_t)index); }
static inline void clear_bit(uint64_t *words, uint64_t index)
{
    words[index / 64] &= ~bit_of((uint32_t)index);
}

/* ---- frame_region.c: the states of blocks ---- */

/* The region of an address that is being freed: where no region can be, an absent one, in which
 * nothing can be freed. */
static inline struct region *region_of(uint64_t address)
{
    uint64_t index = region_index(address);
    return likely(index < frame_memory.region_count) ? frame_memory.regions[index] : region_absent;
}
/* The region, set up if need be; NULL where there is no RAM. */
struct region *region_ready_locked(uint64_t index) REQUIRES(frame_memory.lock);
/* Sets up the lowest region that is not; false when there is none. */
bool region_next_locked(void) REQUIRES(frame_memory.lock);
/* Puts [start, end) of one region, which belonged to nobody, among the free. */
void region_add_locked(struct region *region, uint64_t start, uint64_t end) REQUIRES(frame_memory.lock);

/* Moves the cursor to a word with a whole block. With `set_up`, unused regions are opened for it. */
bool cursor_find_whole_locked(bool set_up) REQUIRES(frame_memory.lock);
/* Gives up the block for single frames when none of its frames is in use. */
void cursor_drop_idle_locked(void) REQUIRES(frame_memory.lock);
/* Makes a block for single frames current: partly used ones first, lowest first. */
bool cursor_find_frames_locked(void) REQUIRES(frame_memory.lock);

/* A taken block becomes a split one with `free` of its last frames free. */
void block_split_locked(struct region *region, uint32_t block, uint32_t free) REQUIRES(frame_memory.lock);
/* The rare ends of block_open_locked and block_gained_locked. */
bool block_open_taken_locked(struct region *region, uint32_t block) REQUIRES(frame_memory.lock);
void block_gained_edge_locked(struct region *region, uint64_t address, uint32_t added)
    REQUIRES(frame_memory.lock);

/* ---- the transitions of a hot path ---- */

/* Takes a whole block out of the word the cursor is at, which has one. */
static inline uint64_t cursor_take_whole_locked(void) REQUIRES(frame_memory.lock)
{
    struct frame_cursor *c = &frame_memory.cursor;
    uint64_t word = *c->whole, lowest = word & -word;
    *c->whole = word ^ lowest;
    *c->taken |= lowest;
    frame_memory.whole_blocks--;
    return c->word_base + ((uint64_t)__builtin_ctzll(word) << HUGE_SHIFT);
}

/* False when the block was not taken. */
static inline bool block_free_whole_locked(struct region *region, uint64_t address)
    REQUIRES(frame_memory.lock)
{
    uint64_t bit = bit_of(block_index(address));
    uint32_t word = block_index(address) / 64;
    if (unlikely(!(region->taken[word] & bit))) return false;
    region->taken[word] ^= bit;
    if (unlikely(!region->whole[word])) set_bit(frame_memory.regions_with_whole, region_index(address));
    region->whole[word] |= bit;
    frame_memory.whole_blocks++;
    return true;
}

/* Takes a frame of the cursor's block, which has one. */
static inline uint64_t cursor_take_frame_locked(void) REQUIRES(frame_memory.lock)
{
    struct frame_cursor *c = &frame_memory.cursor;
    uint64_t word = c->word, bits;
    while (!(bits = c->bits[word])) word = (word + 1) % BLOCK_WORDS;
    c->word = word;
    c->bits[word] = bits & (bits - 1);
    uint64_t address = c->block_base + ((word * 64 + (uint64_t)__builtin_ctzll(bits)) << PAGE_SHIFT);
    frame_memory.small_frames--;
    if (unlikely(--*c->free == 0)) clear_bit(c->region->partial, block_index(address));
    return address;
}

/* `count` frames of a split block were handed out. */
static inline void block_lost_locked(struct region *region, uint32_t block, uint32_t count)
    REQUIRES(frame_memory.lock)
{
    frame_memory.small_frames -= count;
    region->free[block] = (uint16_t)(region->free[block] - count);
    if (unlikely(region->free[block] == 0)) clear_bit(region->partial, block);
}

/* Makes sure that the block of frames about to be freed is split; false when it is free. */
static inline bool block_open_locked(struct region *region, uint32_t block) REQUIRES(frame_memory.lock)
{
    return likely(has_bit(region->split, block)) || block_open_taken_locked(region, block);
}

/* `added` frames of a split block were freed. */
static inline void block_gained_locked(struct region *region, uint64_t address, uint32_t added)
    REQUIRES(frame_memory.lock)
{
    uint32_t block = block_index(address), free = region->free[block] + added;
    frame_memory.small_frames += added;
    region->free[block] = (uint16_t)free;
    if (unlikely(free == added || free == BLOCK_FRAMES)) block_gained_edge_locked(region, address, added);
}

/* ---- frame_debug.c: nothing happens in a release build ---- */
/* Blocks that just became ours carry no poison. */
void frame_debug_setup(struct region *region, uint32_t first_block, uint32_t blocks);
void frame_debug_freed(struct region *region, uint64_t address, uint64_t frames, const void *caller);
void frame_debug_allocated(struct region *region, uint64_t address, uint64_t frames);
NORETURN void frame_double_free(uint64_t address, const void *caller);
