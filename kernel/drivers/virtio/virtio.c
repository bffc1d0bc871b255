/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that all virtio devices are started by. [virtio-1.2 3.1] */
#include "drivers/virtio/virtio.h"

#include "core/log.h"
#include "drivers/virtio/virtio_probe.h"
#include "lib/clock.h"
#include "mm/heap.h"

enum { RESET_NS = 100000000 }; /* a device of a virtual machine resets within a few microseconds */

void (*virtio_net_found)(struct net_device *device);

static err_t reset(struct virtio_device *device)
{
    device->transport->write_status(device, 0);
    if (!device->transport->read_status(device)) return OK;
    uint64_t deadline = clock_now_ns() + RESET_NS;
    while (device->transport->read_status(device)) {
        if (clock_now_ns() > deadline) return ERR_TIMED_OUT;
        clock_relax();
    }
    return OK;
}

err_t virtio_begin(struct virtio_device *device, uint64_t wanted)
{
    const struct virtio_transport *t = device->transport;
    err_t e = reset(device);
    if (failed(e)) return e;
    uint8_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    t->write_status(device, status);
    /* With ACCESS_PLATFORM addresses go through the IOMMU if there is one; without, they never do. [virtio-1.2 6] */
    device->features = t->read_features(device) & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
    if (!virtio_has(device, VIRTIO_F_VERSION_1)) return ERR_NOT_SUPPORTED;
    t->write_features(device, device->features);
    t->write_status(device, status | VIRTIO_FEATURES_OK);
    if (!(t->read_status(device) & VIRTIO_FEATURES_OK)) return ERR_NOT_SUPPORTED;
    device->dma = DMA_CLIENT_PHYSICAL;
    if (!device->pci || !virtio_has(device, VIRTIO_F_ACCESS_PLATFORM)) return OK;
    return dma_start(&device->dma, device->pci, 64);
}

static uint16_t size_for(uint16_t offered, uint16_t most)
{
    uint16_t size = 1;
    while (size * 2 <= MIN(offered, most)) size = (uint16_t)(size * 2);
    return size;
}

err_t virtio_start_queue(struct virtio_device *device, uint16_t index, uint16_t size_max,
                         struct virtqueue *queue)
{
    uint16_t offered = device->transport->queue_size(device, index);
    if (!offered) return ERR_NO_DEVICE;
    uint16_t size = size_for(offered, size_max);
    struct virtqueue_mapping *mappings = NULL;
    struct dma_memory memory;
    if (device->dma.domain) mappings = heap_alloc(size * sizeof(*mappings));
    if (device->dma.domain && !mappings) return ERR_NO_MEMORY;
    err_t e = dma_alloc(&device->dma, virtqueue_bytes(size), &memory);
    if (failed(e)) {
        heap_free(mappings);
        return e;
    }
    virtqueue_init(queue, memory.at, size, virtio_has(device, VIRTIO_F_EVENT_INDEX), &device->dma, mappings);
    /* On failure the memory stays: the device may know it already. */
    return device->transport->start_queue(device, index, size, memory.address);
}

void virtio_finish(struct virtio_device *device)
{
    device->transport->write_status(device, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
                                                VIRTIO_DRIVER_OK);
}

void virtio_fail(struct virtio_device *device, const char *why)
{
    log_error("%s: %s: it is shut down", device->name, why);
    err_t e = reset(device);
    if (failed(e)) log_error("%s: it does not even reset", device->name);
}

void virtio_start(struct virtio_device *device)
{
    err_t e = ERR_NOT_SUPPORTED;
    if (device->type == VIRTIO_TYPE_NET) e = virtio_net_start(device);
    if (device->type == VIRTIO_TYPE_RNG) e = virtio_rng_start(device);
    if (!failed(e)) return;
    log_warning("%s: a device of type %u is left alone: %s", device->name, device->type, err_text(e));
    device->transport->write_status(device, VIRTIO_FAILED);
    dma_stop(&device->dma);
    device->interrupt = NULL; /* it stays, for its interrupt is attached */
}
