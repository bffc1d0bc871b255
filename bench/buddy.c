/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/buddy.h"

static inline void push(struct buddy *b, uint64_t frame, uint32_t order)
{
    struct buddy_frame *piece = &b->table[frame], *head = &b->heads[order];
    piece->next = head->next;
    piece->previous = head;
    head->next->previous = piece;
    head->next = piece;
    piece->free_order = order + 1;
}

static inline void take(struct buddy_frame *piece)
{
    piece->previous->next = piece->next;
    piece->next->previous = piece->previous;
    piece->free_order = 0;
}

void buddy_init(struct buddy *b, struct buddy_frame *table, uint64_t frames, uint32_t max_order)
{
    b->table = table;
    b->frames = frames;
    b->max_order = max_order;
    for (uint32_t order = 0; order < BUDDY_ORDERS_MAX; order++)
        b->heads[order].next = b->heads[order].previous = &b->heads[order];
    for (uint64_t i = 0; i < frames; i++) table[i].free_order = 0;
    for (uint64_t at = frames; at >> max_order;) push(b, at -= 1ull << max_order, max_order);
}

uint64_t buddy_alloc(struct buddy *b, uint32_t order)
{
    uint32_t from = order;
    while (from <= b->max_order && b->heads[from].next == &b->heads[from]) from++;
    if (from > b->max_order) return BUDDY_NONE;
    struct buddy_frame *piece = b->heads[from].next;
    uint64_t frame = (uint64_t)(piece - b->table);
    take(piece);
    while (from > order) {
        from--;
        push(b, frame + (1ull << from), from);
    }
    return frame;
}

void buddy_free(struct buddy *b, uint64_t frame, uint32_t order)
{
    ASSERT(!b->table[frame].free_order);
    while (order < b->max_order) {
        uint64_t other = frame ^ (1ull << order);
        if (b->table[other].free_order != order + 1) break;
        take(&b->table[other]);
        frame &= other;
        order++;
    }
    push(b, frame, order);
}

uint64_t buddy_free_count(const struct buddy *b, uint32_t order)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < b->frames; i++)
        if (b->table[i].free_order > order) count += 1ull << (b->table[i].free_order - 1);
    return count;
}
