/* SPDX-License-Identifier: Apache-2.0 */
/* virtio devices, whatever bus they are on. */
#pragma once
#include "drivers/virtio/virtqueue.h"
#include "lib/mmio.h"

enum { VIRTIO_QUEUES_MAX = 4 };

struct pci_device;
struct virtio_device;

/* What the two transports do. */
struct virtio_transport {
    uint8_t (*read_status)(struct virtio_device *device);
    void (*write_status)(struct virtio_device *device, uint8_t status);
    uint64_t (*read_features)(struct virtio_device *device);
    void (*write_features)(struct virtio_device *device, uint64_t features);
    uint32_t (*read_config)(struct virtio_device *device, uint32_t offset, uint32_t bytes); /* 1, 2 or 4 */
    uint16_t (*queue_size)(struct virtio_device *device, uint16_t queue); /* 0: there is none */
    /* `memory` is as virtqueue_init() has it. */
    err_t (*start_queue)(struct virtio_device *device, uint16_t queue, uint16_t size, dma_t memory);
    void (*notify)(struct virtio_device *device, uint16_t queue);
};

struct virtio_device {
    const struct virtio_transport *transport;
    struct mmio regs;   /* MMIO: all of it; PCI: the common structure, and the next ones */
    struct mmio notify; /* PCI */
    struct mmio config; /* PCI */
    uint32_t notify_multiplier, notify_bytes, config_bytes;
    uint16_t type;
    uint32_t notify_offsets[VIRTIO_QUEUES_MAX]; /* PCI: of its queues */
    uint64_t features;                          /* that both sides have */
    struct pci_device *pci;                     /* NULL: it is not on PCI */
    struct dma_client dma;                      /* physical, unless VIRTIO_F_ACCESS_PLATFORM is agreed on */
    char name[24];                              /* for the log */
    void (*interrupt)(struct virtio_device *device); /* any queue, or the configuration */
    void *driver;
};

/* Resets the device and agrees on features; VERSION_1 must be among them. ERR_NOT_SUPPORTED, ERR_TIMED_OUT, and what
 * dma_start() returns. */
err_t virtio_begin(struct virtio_device *device, uint64_t wanted);
/* Sets up a queue of at most `size_max` chains. ERR_NO_MEMORY, ERR_NO_DEVICE: the device has no such queue. */
err_t virtio_start_queue(struct virtio_device *device, uint16_t index, uint16_t size_max,
                         struct virtqueue *queue);
/* The device may work from now on. */
void virtio_finish(struct virtio_device *device);
/* It does nothing more, for good. `why` goes to the log. */
void virtio_fail(struct virtio_device *device, const char *why);
static inline void virtio_notify(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    if (virtqueue_must_notify(queue)) device->transport->notify(device, index);
}
static inline bool virtio_has(const struct virtio_device *device, uint64_t feature)
{
    return device->features & feature;
}

/* The drivers, by the device's type. */
err_t virtio_net_start(struct virtio_device *device);
err_t virtio_rng_start(struct virtio_device *device);
/* By whichever there is one for. Takes the device over, which stays; frees it on failure. */
void virtio_start(struct virtio_device *device);
