/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes over storage of its owner. No locking: with one reader and one writer that may
 * interrupt each other, the owner masks interrupts; between CPUs it holds a lock. */
#pragma once
#include "lib/base.h"
#include "lib/string.h"

struct byte_ring {
    uint8_t *bytes;
    uint32_t mask;
    uint32_t head, tail; /* count for ever; tail - head bytes are waiting */
};

/* `capacity` is a power of two, at most 2 GiB. */
static inline void byte_ring_init(struct byte_ring *ring, void *storage, uint32_t capacity)
{
    ASSERT(is_power_of_two(capacity));
    *ring = (struct byte_ring){ .bytes = storage, .mask = capacity - 1 };
}

static inline uint32_t byte_ring_used(const struct byte_ring *ring) { return ring->tail - ring->head; }
static inline uint32_t byte_ring_free(const struct byte_ring *ring)
{
    return ring->mask + 1 - byte_ring_used(ring);
}

/* False when the ring is full. */
static inline bool byte_ring_push(struct byte_ring *ring, uint8_t byte)
{
    if (byte_ring_free(ring) == 0) return false;
    ring->bytes[ring->tail++ & ring->mask] = byte;
    return true;
}

/* False when the ring is empty. */
static inline bool byte_ring_pop(struct byte_ring *ring, uint8_t *out)
{
    if (byte_ring_used(ring) == 0) return false;
    *out = ring->bytes[ring->head++ & ring->mask];
    return true;
}

/* As much as fits; returns how much that was. */
static inline uint32_t byte_ring_write(struct byte_ring *ring, const void *from, uint32_t bytes)
{
    bytes = MIN(bytes, byte_ring_free(ring));
    uint32_t offset = ring->tail & ring->mask;
    uint32_t first = MIN(bytes, ring->mask + 1 - offset);
    memcpy(ring->bytes + offset, from, first);
    memcpy(ring->bytes, (const uint8_t *)from + first, bytes - first);
    ring->tail += bytes;
    return bytes;
}

/* As much as there is; returns how much that was. */
static inline uint32_t byte_ring_read(struct byte_ring *ring, void *to, uint32_t bytes)
{
    bytes = MIN(bytes, byte_ring_used(ring));
    uint32_t offset = ring->head & ring->mask;
    uint32_t first = MIN(bytes, ring->mask + 1 - offset);
    memcpy(to, ring->bytes + offset, first);
    memcpy((uint8_t *)to + first, ring->bytes, bytes - first);
    ring->head += bytes;
    return bytes;
}
