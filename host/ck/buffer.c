/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"

uint8_t *buffer_room(struct buffer *b, size_t bytes)
{
    if (b->capacity - b->end >= bytes) return b->data + b->end;

    /* Moving down costs the bytes that are left; it pays when they are at most half. */
    size_t held = buffer_bytes(b);
    if (b->start > 0 && held <= b->capacity / 2 && b->capacity - held >= bytes) {
        memmove(b->data, b->data + b->start, held);
        b->start = 0;
        b->end = held;
        return b->data + b->end;
    }
    size_t capacity = MAX(b->capacity * 2, b->end + bytes);
    b->data = must_realloc(b->data, capacity);
    b->capacity = capacity;
    return b->data + b->end;
}

void buffer_append(struct buffer *b, const void *bytes, size_t count)
{
    if (count == 0) return;
    memcpy(buffer_room(b, count), bytes, count);
    buffer_added(b, count);
}

void buffer_take(struct buffer *b, size_t bytes)
{
    ASSERT(bytes <= buffer_bytes(b));
    b->start += bytes;
    if (b->start == b->end) b->start = b->end = 0;
}

void buffer_append_tail(struct buffer *b, const void *bytes, size_t count, size_t keep)
{
    buffer_append(b, bytes, count);
    if (buffer_bytes(b) > keep) buffer_take(b, buffer_bytes(b) - keep);
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ 0 };
}
