/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device: what it gives is mixed into the kernel's random numbers, once, at the start. [virtio-1.2 5.4]
 * It adds to what the processor has and never replaces it, so one that gives zeros does no harm. */
#include "core/entropy.h"
#include "core/log.h"
#include "drivers/virtio/virtio.h"
#include "mm/direct_map.h"
#include "mm/heap.h"

enum { SEED_BYTES = 64 };

struct rng {
    struct virtqueue queue;
    uint8_t seed[SEED_BYTES];
};

/* Interrupt context. */
static void interrupt(struct virtio_device *device)
{
    struct rng *rng = device->driver;
    uint32_t bytes;
    if (virtqueue_take(&rng->queue, &bytes))
        entropy_mix(rng->seed, bytes);
    else if (rng->queue.broken)
        log_error("%s: %s", device->name, rng->queue.broken);
    virtqueue_mute(&rng->queue);
}

err_t virtio_rng_start(struct virtio_device *device)
{
    struct rng *rng = heap_alloc_zeroed(sizeof(*rng));
    if (!rng) return ERR_NO_MEMORY;
    err_t e = virtio_begin(device, 0);
    if (!failed(e)) e = virtio_start_queue(device, 0, 8, &rng->queue);
    if (failed(e)) {
        heap_free(rng);
        return e;
    }
    device->driver = rng;
    device->interrupt = interrupt;
    virtio_finish(device);
    struct virtqueue_piece piece = { direct_map_to_paddr(rng->seed), SEED_BYTES };
    virtqueue_add(&rng->queue, &piece, 0, 1, rng);
    virtio_notify(device, 0, &rng->queue);
    return OK;
}
