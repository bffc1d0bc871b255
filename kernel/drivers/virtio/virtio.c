/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that all virtio devices are started by. [virtio-1.2 3.1] */
#include "drivers/virtio/virtio.h"

#include "core/log.h"
#include "drivers/virtio/virtio_probe.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
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
    /* With ACCESS_PLATFORM addresses are as an IOMMU would see them, which is as they are where there is none. */
    device->features = t->read_features(device) & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
    if (!virtio_has(device, VIRTIO_F_VERSION_1)) return ERR_NOT_SUPPORTED;
    t->write_features(device, device->features);
    t->write_status(device, status | VIRTIO_FEATURES_OK);
    return t->read_status(device) & VIRTIO_FEATURES_OK ? OK : ERR_NOT_SUPPORTED;
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
    uint64_t frames = align_up(virtqueue_bytes(size), PAGE_BYTES) >> PAGE_SHIFT;
    if (!charge_try(CHARGE_KERNEL, frames)) return ERR_NO_MEMORY;
    paddr_t memory = frame_alloc_run(frames, PAGE_BYTES);
    if (is_paddr_none(memory)) {
        charge_drop(CHARGE_KERNEL, frames);
        return ERR_NO_MEMORY;
    }
    memset(direct_map(memory), 0, frames << PAGE_SHIFT);
    virtqueue_init(queue, direct_map(memory), size, virtio_has(device, VIRTIO_F_EVENT_INDEX));
    /* On failure the memory stays: the device may know it already. */
    return device->transport->start_queue(device, index, size, memory);
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
    device->interrupt = NULL; /* it stays, for its interrupt is attached */
}
