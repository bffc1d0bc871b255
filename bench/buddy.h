/* SPDX-License-Identifier: Apache-2.0 */
/* A plain buddy system, the peer of kernel/mm/frame.h: free pieces of 2^k frames in a doubly linked list
 * for each k, split on the way down and merged at once on the way up (Knuth, volume 1, section 2.5). Like
 * Linux, it keeps a record per frame and does not touch the memory itself. For one thread: no lock, which
 * would only add. */
#pragma once
#include "lib/base.h"

enum { BUDDY_ORDERS_MAX = 19 }; /* to 1 GiB */
#define BUDDY_NONE UINT64_MAX

struct buddy_frame {
    struct buddy_frame *next, *previous;
    uint32_t free_order; /* 1 + the order of the free piece that begins here, or 0 */
} ALIGNED(32);

struct buddy {
    struct buddy_frame *table;
    uint64_t frames;
    uint32_t max_order; /* of the largest piece */
    struct buddy_frame heads[BUDDY_ORDERS_MAX];
};

/* `table`: a record per frame. All frames are free; their number is a multiple of the largest piece. */
void buddy_init(struct buddy *b, struct buddy_frame *table, uint64_t frames, uint32_t max_order);
/* The first frame of 2^order, or BUDDY_NONE. */
uint64_t buddy_alloc(struct buddy *b, uint32_t order);
void buddy_free(struct buddy *b, uint64_t frame, uint32_t order);

/* Frames that are free in pieces of this order and above. */
uint64_t buddy_free_count(const struct buddy *b, uint32_t order);
