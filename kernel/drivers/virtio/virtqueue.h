/* SPDX-License-Identifier: Apache-2.0 */
/* A split virtqueue, the driver's side. [virtio-1.2 2.7]
 *
 * The device is not believed: which descriptors are under way, how they are chained and how much room they have is kept
 * outside of the memory it can write. Where what it returns does not fit, the queue is broken for good and says why;
 * nothing else happens. No lock: one caller at a time. */
#pragma once
#include "device/dma.h"
#include "drivers/virtio/virtio_regs.h"

enum { VIRTQUEUE_SIZE_MAX = 256 };

struct virtqueue_slot {
    void *token;    /* of the chain that begins here, while it is under way; else NULL */
    uint32_t room;  /* bytes that the device may write into it */
    uint16_t next;  /* free, or in the chain */
    uint16_t count; /* descriptors of the chain */
};

/* What a descriptor under way shows the device. */
struct virtqueue_mapping {
    dma_t address;
    uint32_t bytes;
};

struct virtqueue {
    struct virtq_descriptor *descriptors;
    struct virtq_available *available;
    volatile struct virtq_used *used;
    uint16_t size, free_count, first_free;
    uint16_t available_index; /* published or about to be */
    uint16_t notified_index;  /* as of the last look whether to notify */
    uint16_t used_index;      /* taken so far */
    bool has_event_index;
    const char *broken; /* why; NULL: it works */
    struct dma_client *dma;
    struct virtqueue_mapping *mappings; /* of each descriptor; NULL: the device has physical addresses */
    struct virtqueue_slot slots[VIRTQUEUE_SIZE_MAX];
};

struct virtqueue_piece {
    paddr_t address;
    uint32_t bytes;
};

/* Bytes of memory for a queue of `size`, a power of two, and where its parts begin in them. */
uint64_t virtqueue_bytes(uint16_t size);
uint64_t virtqueue_available_offset(uint16_t size);
uint64_t virtqueue_used_offset(uint16_t size);
/* `memory` is zeroed and aligned to a page. Where `mappings` (one for each descriptor) is not NULL, what is queued is mapped
 * by `dma` for as long as it is under way. */
void virtqueue_init(struct virtqueue *queue, void *memory, uint16_t size, bool has_event_index,
                    struct dma_client *dma, struct virtqueue_mapping *mappings);

/* Queues a chain: `reads` pieces that the device reads, then `writes` that it writes. False: no room, or they cannot be
 * mapped. `token`, not NULL, comes back. The device may see it at once. */
bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, uint32_t reads,
                   uint32_t writes, void *token);
/* Whether the device wants to be told of what was added since the last call. */
bool virtqueue_must_notify(struct virtqueue *queue);

/* The token of a chain that the device has done with, and the bytes it has written; NULL when there is none. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *bytes);

/* No interrupts for what is used. A device may send some nevertheless. */
void virtqueue_mute(struct virtqueue *queue);
/* Interrupts once `after` more chains are used; false: there are some already, look again. */
bool virtqueue_listen(struct virtqueue *queue, uint16_t after);
/* Chains under way. */
uint16_t virtqueue_pending(const struct virtqueue *queue);
