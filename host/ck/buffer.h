/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in order: put in at the end, taken from the front, always in one piece. */
#pragma once
#include "lib/base.h"

struct buffer {
    uint8_t *data; /* owned */
    size_t start, end, capacity;
};

static inline size_t buffer_bytes(const struct buffer *b) { return b->end - b->start; }
static inline const uint8_t *buffer_front(const struct buffer *b) { return b->data + b->start; }

/* Room for `bytes` more, to be filled and then counted with buffer_added(). */
uint8_t *buffer_room(struct buffer *b, size_t bytes);
static inline void buffer_added(struct buffer *b, size_t bytes) { b->end += bytes; }
void buffer_append(struct buffer *b, const void *bytes, size_t count);
void buffer_take(struct buffer *b, size_t bytes);
/* As buffer_append(), and then forgets the oldest bytes beyond `keep`. */
void buffer_append_tail(struct buffer *b, const void *bytes, size_t count, size_t keep);
void buffer_free(struct buffer *b);
