/* SPDX-License-Identifier: Apache-2.0 */
/* Every change of who owns free memory, each one atomic instruction or a short row of them. No locks,
 * no globals, nothing of the rest of the kernel: what is proven here holds in the kernel and in a host
 * program with threads.
 *
 * A block of 2 MiB is 512 frames. A group is 64 blocks: one bit per block in a mask of 64 bits.
 *
 *     whole, fresh, zeroed   the block is free as one piece: it is in one of them at most
 *     count                  of its frames that are free one by one, 0 to 512, and flags
 *     bits                   which ones: a set bit is a free frame
 *
 * There is no state "taken". A live block with count 0 that is not whole has no free frame; whoever got
 * its frames owns them, together or one by one, and gives them back in any pieces. The rules:
 *
 *  1. Who clears a bit in whole, fresh or zeroed owns the block: all 512 frames.
 *  2. Who lowers the count by n owns n of the frames whose bits are set, and then looks for which: there
 *     are always at least as many set bits as the count says, since bits are set before it goes up.
 *  3. Who would raise the count to 512 makes it 0 instead and owns the block. All 512 bits are set then,
 *     so nobody is between the two steps of rule 2. A reserved block is the exception: a CPU takes
 *     frames from it, and it waits at 512 for more of the same.
 *  4. An owner of all 512 frames may write count and bits as it likes; nobody else looks at bits
 *     before lowering the count.
 *
 * The bits of an owned block are clear, so that its frames can come back one by one. `fresh` blocks were
 * never used and have no bits yet: who takes one writes them. Only live blocks can be given back: fresh
 * and zeroed ones are not live, nor is memory that is not ours.
 *
 * `partial` is a hint: unreserved blocks with a count above 0. It is set after the count, and who clears
 * it looks at the count again, so no block is forgotten. Kept blocks are in `kept` instead, until they are
 * whole again or a CPU reserves them because there is nothing else. */
#pragma once
#include "lib/base.h"

enum {
    BLOCK_FRAMES = HUGE_BYTES / PAGE_BYTES,
    BLOCK_WORDS = BLOCK_FRAMES / 64,
    GROUP_BLOCKS = 64,

    COUNT_FREE = 0x3ff,     /* the field: free frames */
    COUNT_LIVE = 0x400,     /* somebody may own frames of it */
    COUNT_RESERVED = 0x800, /* some CPU takes its frames from here */
    COUNT_KEPT = 0x1000,    /* its frames are for those who ask for certain ones */
};

struct block_bits {
    uint64_t free[BLOCK_WORDS];
    uint64_t poisoned[CONFIG_DEBUG ? BLOCK_WORDS : 0]; /* frame_debug.c's */
};

/* CPUs that use different groups share no cache line. The size is a power of two, so that a group is
 * found by a shift. */
struct frame_group {
    uint16_t count[GROUP_BLOCKS];
    uint64_t base;           /* physical; fixed, as is: */
    struct block_bits *bits; /* of the 64 blocks */
    uint64_t whole, fresh, zeroed, partial, kept;
} ALIGNED(256);

/* What somebody who gave frames back has to do next. */
enum put_result {
    PUT_DONE,
    PUT_FIRST, /* the block has free frames again: set its bit in `partial`, or in `kept` */
    PUT_WHOLE, /* the caller owns the block; its bits are all set */
};

/* ---- masks ---- */

static inline uint64_t mask_read(const uint64_t *mask) { return __atomic_load_n(mask, __ATOMIC_SEQ_CST); }
static inline bool mask_has(const uint64_t *mask, uint64_t i) { return mask_read(mask) >> i & 1; }

static inline uint32_t lowest_bit(uint64_t word) { return (uint32_t)__builtin_ctzll(word); }

/* Sums of neighbouring bits, then of pairs, and so on; the compiler's own needs a library. */
static inline uint32_t bits_set(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    return (uint32_t)(((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
}

/* True for the one who clears it. */
static inline bool mask_take(uint64_t *mask, uint32_t i)
{
    uint64_t bit = 1ull << i;
    return __atomic_fetch_and(mask, ~bit, __ATOMIC_SEQ_CST) & bit;
}
/* True for the one who sets it. */
static inline bool mask_put(uint64_t *mask, uint32_t i)
{
    uint64_t bit = 1ull << i;
    return !(__atomic_fetch_or(mask, bit, __ATOMIC_SEQ_CST) & bit);
}

/* The bits [first, first + count) of a word; count is at least 1. */
static inline uint64_t bits_between(uint32_t first, uint32_t count) { return ~0ull >> (64 - count) << first; }

/* Takes all bits of `wanted` or none. */
static inline bool mask_take_all(uint64_t *mask, uint64_t wanted)
{
    uint64_t seen = mask_read(mask);
    while ((seen & wanted) == wanted)
        if (__atomic_compare_exchange_n(mask, &seen, seen & ~wanted, true, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return true;
    return false;
}

/* ---- counts ---- */

static inline uint16_t count_read(const uint16_t *count) { return __atomic_load_n(count, __ATOMIC_SEQ_CST); }
static inline bool count_swap(uint16_t *count, uint16_t *seen, uint32_t next)
{
    return __atomic_compare_exchange_n(count, seen, (uint16_t)next, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Rule 2: the caller owns n frames and must clear as many bits. */
static inline bool count_take(uint16_t *count, uint32_t n)
{
    uint16_t seen = count_read(count);
    while (likely((seen & COUNT_FREE) >= n))
        if (likely(count_swap(count, &seen, seen - n))) return true;
    return false;
}

/* n frames come back; their bits are set. Rule 3. */
static inline enum put_result count_put(uint16_t *count, uint32_t n)
{
    uint16_t seen = count_read(count);
    for (;;) {
        uint32_t free = (seen & COUNT_FREE) + n;
        bool is_reserved = seen & COUNT_RESERVED, is_whole = free == BLOCK_FRAMES && !is_reserved;
        if (!count_swap(count, &seen, is_whole ? COUNT_LIVE : seen + n)) continue;
        if (is_whole) return PUT_WHOLE;
        return free == n && !is_reserved ? PUT_FIRST : PUT_DONE;
    }
}

/* Reserves a block that has a free frame, and owns one of them. It is not kept any more. */
static inline bool count_reserve(uint16_t *count)
{
    uint16_t seen = count_read(count);
    while ((seen & COUNT_FREE) && !(seen & COUNT_RESERVED))
        if (count_swap(count, &seen, ((seen - 1u) | COUNT_RESERVED) & ~COUNT_KEPT)) return true;
    return false;
}

/* The end of a reservation. Nothing happens to a block that has none. */
static inline enum put_result count_unreserve(uint16_t *count)
{
    uint16_t seen = count_read(count);
    while (seen & COUNT_RESERVED) {
        uint32_t free = seen & COUNT_FREE;
        bool is_whole = free == BLOCK_FRAMES;
        if (!count_swap(count, &seen, is_whole ? COUNT_LIVE : seen & ~COUNT_RESERVED)) continue;
        return is_whole ? PUT_WHOLE : free ? PUT_FIRST : PUT_DONE;
    }
    return PUT_DONE;
}

/* ---- frames of a block ---- */

/* The second step of rule 2, for one frame: its index. The search begins at word `*hint`, below
 * BLOCK_WORDS, and leaves there where it ended. */
static inline uint64_t bits_take_one(struct block_bits *bits, uint64_t *hint)
{
    for (uint64_t word = *hint;; word = (word + 1) % BLOCK_WORDS) {
        uint64_t seen;
        while (likely(seen = mask_read(&bits->free[word]))) {
            uint32_t i = lowest_bit(seen);
            if (unlikely(!mask_take(&bits->free[word], i))) continue;
            *hint = word;
            return word * 64 + i;
        }
    }
}

static inline bool bits_put_one(struct block_bits *bits, uint64_t frame)
{
    return mask_put(&bits->free[frame / 64], frame % 64);
}

static inline void bits_put(struct block_bits *bits, uint32_t first, uint32_t count)
{
    for (uint32_t end = first + count, here; first < end; first += here) {
        here = MIN(end - first, 64 - first % 64);
        __atomic_fetch_or(&bits->free[first / 64], bits_between(first % 64, here), __ATOMIC_SEQ_CST);
    }
}

/* The second step of rule 2, for `count` certain frames: all of them or none. */
static inline bool bits_take_run(struct block_bits *bits, uint32_t first, uint32_t count)
{
    for (uint32_t at = first, end = first + count, here; at < end; at += here) {
        here = MIN(end - at, 64 - at % 64);
        if (mask_take_all(&bits->free[at / 64], bits_between(at % 64, here))) continue;
        bits_put(bits, first, at - first);
        return false;
    }
    return true;
}

/* The same for the frames whose bits are set in `wanted`. */
static inline bool bits_take_set(struct block_bits *bits, const uint64_t wanted[BLOCK_WORDS])
{
    for (uint32_t word = 0; word < BLOCK_WORDS; word++) {
        if (!wanted[word] || mask_take_all(&bits->free[word], wanted[word])) continue;
        while (word-- > 0) __atomic_fetch_or(&bits->free[word], wanted[word], __ATOMIC_SEQ_CST);
        return false;
    }
    return true;
}

/* True when a frame of the range is free. */
static inline bool bits_any(const struct block_bits *bits, uint32_t first, uint32_t count)
{
    for (uint32_t end = first + count, here; first < end; first += here) {
        here = MIN(end - first, 64 - first % 64);
        if (mask_read(&bits->free[first / 64]) & bits_between(first % 64, here)) return true;
    }
    return false;
}

/* ---- whole blocks; rule 4 ---- */

static inline void bits_write(struct block_bits *bits, uint64_t value)
{
    for (uint32_t i = 0; i < BLOCK_WORDS; i++) __atomic_store_n(&bits->free[i], value, __ATOMIC_RELAXED);
}

static inline void block_set_live(struct frame_group *g, uint64_t i, bool is_live)
{
    __atomic_store_n(&g->count[i], is_live ? COUNT_LIVE : 0, __ATOMIC_RELEASE);
}

/* The caller owns the block, which was fresh or not ours: from now on it is as every owned block. */
static inline void block_make_live(struct frame_group *g, uint64_t i)
{
    struct block_bits *bits = &g->bits[i];
    bits_write(bits, 0);
    for (uint32_t word = 0; CONFIG_DEBUG && word < BLOCK_WORDS; word++) bits->poisoned[word] = 0;
    block_set_live(g, i, true);
}

/* Gives the caller's block up for single frames: all but the first `used`, which stay the caller's. */
static inline void block_open(struct frame_group *g, uint64_t i, uint32_t used, uint32_t flags)
{
    struct block_bits *bits = &g->bits[i];
    for (uint32_t word = 0; word < BLOCK_WORDS; word++) {
        uint32_t skip = used > word * 64 ? MIN(used - word * 64, 64u) : 0;
        __atomic_store_n(&bits->free[word], skip < 64 ? ~0ull << skip : 0, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&g->count[i], (uint16_t)(COUNT_LIVE | flags | (BLOCK_FRAMES - used)), __ATOMIC_RELEASE);
}

/* The same for all but one frame, and keeps the block. */
static inline void block_keep(struct frame_group *g, uint64_t i, uint64_t frame)
{
    uint64_t *free = g->bits[i].free;
    bits_write(&g->bits[i], ~0ull);
    __atomic_store_n(&free[frame / 64], ~(1ull << frame % 64), __ATOMIC_RELAXED);
    __atomic_store_n(&g->count[i], COUNT_LIVE | COUNT_KEPT | (BLOCK_FRAMES - 1), __ATOMIC_RELEASE);
}

/* Takes a block of the group that is whole or, failing that, fresh; its index, or -1. */
static inline int32_t group_take_block(struct frame_group *g)
{
    uint64_t seen;
    while ((seen = mask_read(&g->whole))) {
        uint32_t i = lowest_bit(seen);
        if (mask_take(&g->whole, i)) return (int32_t)i;
    }
    while ((seen = mask_read(&g->fresh))) {
        uint32_t i = lowest_bit(seen);
        if (!mask_take(&g->fresh, i)) continue;
        block_make_live(g, i);
        return (int32_t)i;
    }
    return -1;
}

/* Takes a zeroed block; its index, or -1. */
static inline int32_t group_take_zeroed(struct frame_group *g)
{
    uint64_t seen;
    while (likely(seen = mask_read(&g->zeroed))) {
        uint32_t i = lowest_bit(seen);
        if (unlikely(!mask_take(&g->zeroed, i))) continue;
        block_set_live(g, i, true);
        return (int32_t)i;
    }
    return -1;
}
static inline void group_put_zeroed(struct frame_group *g, uint64_t i)
{
    block_set_live(g, i, false);
    mask_put(&g->zeroed, i);
}

/* Takes one certain block, whichever way it is free. `*was_zeroed` says so of a zeroed one. */
static inline bool group_take_this(struct frame_group *g, uint64_t i, bool *was_zeroed)
{
    *was_zeroed = false;
    if (mask_take(&g->whole, i)) return true;
    if (mask_take(&g->fresh, i)) {
        block_make_live(g, i);
        return true;
    }
    if (!mask_take(&g->zeroed, i)) return false;
    block_set_live(g, i, true);
    return *was_zeroed = true;
}

static inline uint64_t group_free_blocks(const struct frame_group *g)
{
    return mask_read(&g->whole) | mask_read(&g->fresh) | mask_read(&g->zeroed);
}

/* Whether all of the block is in use: what may be given back as one piece. */
static inline bool block_is_used(const struct frame_group *g, uint64_t i)
{
    return (count_read(&g->count[i]) & ~COUNT_KEPT) == COUNT_LIVE && !mask_has(&g->whole, i);
}
