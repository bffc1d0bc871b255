/* SPDX-License-Identifier: Apache-2.0 */
/* For a block with counts, frame f has `whole` + parts[f] holders; a sum of 0 is one holder without a count,
 * or a free frame. A block whose counts say no more than that loses them.
 *
 * Locking: one lock, a leaf but for the heap's and the frame allocator's, which are called under it. */
#include "mm/frame_share.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/page_tree.h"

enum {
    BLOCK_FRAMES = HUGE_BYTES / PAGE_BYTES,
    HOLDERS_MAX = UINT16_MAX / 2, /* of a kind, so that both together fit into a part */
};

struct counts {
    uint32_t whole; /* holders of the block as one */
    uint32_t used;  /* parts that are not 0 */
    uint16_t *part; /* BLOCK_FRAMES of them, or NULL */
};

static struct spinlock lock = SPINLOCK_INIT;
static struct page_tree blocks; /* struct counts by number of the block; under lock */
static uint64_t block_count;    /* under lock */

static uint64_t number_of(paddr_t frame) { return frame.raw >> HUGE_SHIFT; }
static uint32_t part_of(paddr_t frame) { return frame.raw >> PAGE_SHIFT & (BLOCK_FRAMES - 1); }

static struct counts *find(uint64_t number) { return page_tree_find(&blocks, number); }

static struct counts *find_or_add(uint64_t number)
{
    struct counts *c = find(number);
    if (c) return c;
    c = heap_alloc_zeroed(sizeof(*c));
    if (c && failed(page_tree_insert(&blocks, number, c))) {
        heap_free(c);
        return NULL;
    }
    block_count += c != NULL;
    return c;
}

static bool has_parts(struct counts *c)
{
    if (!c->part) c->part = heap_alloc_zeroed(BLOCK_FRAMES * sizeof(c->part[0]));
    return c->part;
}

/* A single holder of the whole block needs no count. */
static void forget_if_idle(uint64_t number, struct counts *c)
{
    struct page_tree_cut cut;
    if (c->used || c->whole > 1) return;
    page_tree_cut(&blocks, number, number, &cut, 1);
    block_count--;
    heap_free(c->part);
    heap_free(c);
}

static void part_set(struct counts *c, uint32_t part, uint32_t count)
{
    c->used += (count != 0) - (c->part[part] != 0);
    c->part[part] = (uint16_t)count;
}

/* ---- one more ---- */

static err_t share_part(paddr_t frame)
{
    uint64_t number = number_of(frame);
    uint32_t part = part_of(frame);
    struct counts *c = find_or_add(number);
    if (!c) return ERR_NO_MEMORY;
    if (!has_parts(c) || c->part[part] >= HOLDERS_MAX) {
        forget_if_idle(number, c);
        return ERR_NO_MEMORY;
    }
    /* The first holder was not counted until now. */
    part_set(c, part, c->whole + c->part[part] ? c->part[part] + 1u : 2);
    return OK;
}

static err_t share_block(uint64_t number)
{
    struct counts *c = find_or_add(number);
    if (!c || c->whole >= HOLDERS_MAX) return ERR_NO_MEMORY;
    c->whole = c->whole ? c->whole + 1 : 2;
    return OK;
}

/* ---- one fewer ---- */

static uint64_t drop_part(paddr_t frame)
{
    uint32_t part = part_of(frame);
    struct counts *c = find(number_of(frame));
    uint32_t count = c && c->part ? c->part[part] : 0;
    if (!count) { /* held without a count */
        frame_free(frame);
        return 1;
    }
    /* The last but one leaves a single holder, which needs none. */
    part_set(c, part, count - 1 + c->whole > 1 ? count - 1 : 0);
    forget_if_idle(number_of(frame), c);
    return 0;
}

/* The last holder of the whole goes: the frames that nobody holds singly are free. */
static uint64_t drop_last_whole(uint64_t number, struct counts *c)
{
    uint64_t freed = 0;
    c->whole = 0;
    for (uint32_t i = 0; i < BLOCK_FRAMES; i++) {
        if (!c->part[i]) {
            frame_free(PADDR((number << HUGE_SHIFT) + ((uint64_t)i << PAGE_SHIFT)));
            freed++;
        } else if (c->part[i] == 1) {
            part_set(c, i, 0);
        }
    }
    return freed;
}

static uint64_t drop_block(uint64_t number)
{
    uint64_t freed = 0;
    struct counts *c = find(number);
    if (!c) {
        frame_free_huge(PADDR(number << HUGE_SHIFT));
        return BLOCK_FRAMES;
    }
    if (c->whole > 1)
        c->whole--;
    else
        freed = drop_last_whole(number, c);
    forget_if_idle(number, c);
    return freed;
}

/* ---- the interface ---- */

static uint64_t blocks_in(uint8_t leaf_shift) { return 1ull << (leaf_shift - HUGE_SHIFT); }

uint64_t frame_share_drop(paddr_t frame, uint8_t leaf_shift)
{
    uint64_t freed = 0;
    spin_lock(&lock);
    if (leaf_shift == PAGE_SHIFT)
        freed = drop_part(frame);
    else
        for (uint64_t i = 0; i < blocks_in(leaf_shift); i++) freed += drop_block(number_of(frame) + i);
    spin_unlock(&lock);
    return freed;
}

err_t frame_share(paddr_t frame, uint8_t leaf_shift)
{
    err_t e = OK;
    spin_lock(&lock);
    if (leaf_shift == PAGE_SHIFT) {
        e = share_part(frame);
    } else {
        uint64_t first = number_of(frame), done = 0;
        for (; done < blocks_in(leaf_shift) && !failed(e); done++) e = share_block(first + done);
        if (failed(e))
            for (done--; done > 0; done--) drop_block(first + done - 1); /* frees nothing */
    }
    spin_unlock(&lock);
    return e;
}

static uint32_t holders_of(paddr_t frame)
{
    const struct counts *c = find(number_of(frame));
    uint32_t count = c ? c->whole + (c->part ? c->part[part_of(frame)] : 0u) : 0;
    return MAX(count, 1u);
}

uint32_t frame_share_holders(paddr_t frame)
{
    spin_lock(&lock);
    uint32_t holders = holders_of(frame);
    spin_unlock(&lock);
    return holders;
}

bool frame_is_shared(paddr_t frame, uint8_t leaf_shift)
{
    bool is_shared = false;
    spin_lock(&lock);
    if (leaf_shift == PAGE_SHIFT) {
        is_shared = holders_of(frame) > 1;
    } else {
        for (uint64_t i = 0; i < blocks_in(leaf_shift) && !is_shared; i++)
            is_shared = find(number_of(frame) + i);
    }
    spin_unlock(&lock);
    return is_shared;
}

err_t frame_share_split(paddr_t block)
{
    err_t e = OK;
    spin_lock(&lock);
    struct counts *c = find(number_of(block));
    if (c && !has_parts(c)) {
        e = ERR_NO_MEMORY;
    } else if (c) {
        c->whole--;
        for (uint32_t i = 0; i < BLOCK_FRAMES; i++)
            if (c->whole + c->part[i]) part_set(c, i, c->part[i] + 1u);
    }
    spin_unlock(&lock);
    return e;
}

uint64_t frame_share_count(void)
{
    spin_lock(&lock);
    uint64_t count = block_count;
    spin_unlock(&lock);
    return count;
}
