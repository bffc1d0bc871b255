/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_virtqueue.h"

#include <string.h>

/* [virtio-1.2 2.7.5]: 16 bytes a descriptor, then flags, index, ring and used_event; the used part where the driver
 * has put it. */
static uint8_t *bytes_of(const struct fake_virtqueue *d) { return d->memory; }
static uint8_t *available(const struct fake_virtqueue *d) { return bytes_of(d) + d->size * 16; }
static uint8_t *used(const struct fake_virtqueue *d)
{
    return bytes_of(d) + align_up(d->size * 16ull + 4 + d->size * 2ull + 2, 64);
}

static uint64_t get(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}
static void put(uint8_t *at, uint32_t bytes, uint64_t value) { memcpy(at, &value, bytes); }

void fake_virtqueue_init(struct fake_virtqueue *device, void *memory, uint16_t size)
{
    *device = (struct fake_virtqueue){ memory, size, 0 };
}

struct fake_chain fake_virtqueue_take(struct fake_virtqueue *d)
{
    struct fake_chain chain = { 0 };
    if (get(available(d) + 2, 2) == d->taken) return chain;
    uint64_t at = get(available(d) + 4 + d->taken++ % d->size * 2, 2);
    chain.head = (uint16_t)at;
    for (;;) {
        const uint8_t *descriptor = bytes_of(d) + at * 16;
        chain.pieces[chain.count].address = get(descriptor, 8);
        chain.pieces[chain.count].bytes = (uint32_t)get(descriptor + 8, 4);
        chain.pieces[chain.count++].is_written = get(descriptor + 12, 2) & 2;
        if (!(get(descriptor + 12, 2) & 1) || chain.count == ARRAY_LENGTH(chain.pieces)) return chain;
        at = get(descriptor + 14, 2);
    }
}

void fake_virtqueue_give(struct fake_virtqueue *d, uint32_t id, uint32_t bytes)
{
    uint16_t index = (uint16_t)get(used(d) + 2, 2);
    put(used(d) + 4 + index % d->size * 8, 4, id);
    put(used(d) + 8 + index % d->size * 8, 4, bytes);
    put(used(d) + 2, 2, index + 1u);
}

void fake_set_used_index(struct fake_virtqueue *d, uint16_t index) { put(used(d) + 2, 2, index); }
void fake_set_no_notify(struct fake_virtqueue *d) { put(used(d), 2, 1); }

bool fake_may_interrupt(const struct fake_virtqueue *d, bool has_event_index, uint16_t old, uint16_t now)
{
    if (!has_event_index) return !(get(available(d), 2) & 1);
    uint16_t event = (uint16_t)get(available(d) + 4 + d->size * 2, 2);
    for (uint16_t i = old; i != now; i++)
        if (i == event) return true;
    return false;
}

bool fake_wants_notify(const struct fake_virtqueue *d, uint16_t index)
{
    return index == get(used(d) + 4 + d->size * 8, 2);
}
