/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of a virtqueue, for tests: written from the specification alone, and as dishonest as they want. */
#pragma once
#include "lib/base.h"

struct fake_virtqueue {
    void *memory;
    uint16_t size, taken;
};

struct fake_chain {
    uint16_t head;
    uint32_t count;
    struct {
        uint64_t address;
        uint32_t bytes;
        bool is_written;
    } pieces[8];
};

void fake_virtqueue_init(struct fake_virtqueue *device, void *memory, uint16_t size);
/* The next chain that was made available; count 0: there is none. */
struct fake_chain fake_virtqueue_take(struct fake_virtqueue *device);
void fake_virtqueue_give(struct fake_virtqueue *device, uint32_t id, uint32_t bytes);
void fake_set_used_index(struct fake_virtqueue *device, uint16_t index);
void fake_set_no_notify(struct fake_virtqueue *device);
/* Whether the driver lets the device interrupt when the used index goes from `old` to `now`. */
bool fake_may_interrupt(const struct fake_virtqueue *device, bool has_event_index, uint16_t old,
                        uint16_t now);
/* With event indices: whether the device is to be told of the chain with this index. It never asks for more than 0. */
bool fake_wants_notify(const struct fake_virtqueue *device, uint16_t index);
