/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs of the machine. Back ends add them at boot; they stay for ever, though they may be lost and come back.
 *
 * Order of locks: device.events, context.lock, space.lock, device.lock; under any of them device.table_lock. */
#pragma once
#include "core/lock.h"
#include "gpu/backend.h"
#include "gpu/vram.h"
#include "sched/mutex.h"

enum { GPU_DEVICES_MAX = 8 };

struct gpu_device {
    /* the back end's, fixed */
    const struct gpu_backend *backend;
    struct gpu_identity identity;
    paddr_t vram_base; /* all of VRAM, for the CPU: memory like any other, but nobody's frames */
    uint64_t vram_bytes;
    paddr_t doorbells_base; /* one piece of doorbell_bytes for each context */
    uint32_t doorbell_bytes;
    uint32_t contexts_max, queues_max, address_bits;

    uint32_t number; /* from 0 on */
    bool is_lost;    /* atomic; written under `events` */
    /* Held while news of the device are passed on, so that nobody goes away meanwhile. */
    struct mutex events;
    struct mutex lock; /* guards vram */
    struct vram vram;
    struct spinlock table_lock;    /* guards the next two; an interrupt looks there */
    struct gpu_context **contexts; /* by their numbers */
    uint64_t *queue_numbers;       /* a bit for each that is in use */
};

/* By a back end. ERR_NO_MEMORY; ERR_NO_SPACE: there are GPU_DEVICES_MAX. Boot only. */
err_t gpu_device_add(struct gpu_device *device);
/* NULL: there is none of that number; they are without gaps. */
struct gpu_device *gpu_device_find(uint32_t number);

static inline bool gpu_device_is_lost(const struct gpu_device *device)
{
    return __atomic_load_n(&device->is_lost, __ATOMIC_ACQUIRE);
}
/* Brings one back that is lost. Waits. ERR_NO_DEVICE: it does not come back. */
err_t gpu_device_recover(struct gpu_device *device) EXCLUDES(device->events);
uint64_t gpu_device_free_vram(struct gpu_device *device) EXCLUDES(device->lock);

/* ---- news of a back end ---- */

/* A program's number, which its front end gives a meaning. Any context. */
void gpu_tell_signal(struct gpu_device *device, uint32_t context, const struct gpu_event_signal *signal);
/* Threads, as the next ones. An access waits for backend->fault_reply, which is called before this returns. */
void gpu_tell_fault(struct gpu_device *device, uint32_t context, const struct gpu_event_fault *fault)
    EXCLUDES(device->events);
void gpu_tell_stopped(struct gpu_device *device, uint32_t context, const struct gpu_event_stopped *why)
    EXCLUDES(device->events);
/* It has begun to sleep, or would like to: programs that ring a doorbell have to tell. */
void gpu_tell_idle(struct gpu_device *device) EXCLUDES(device->events);
/* Nothing runs on it any more, and what its memory held is gone. */
void gpu_tell_lost(struct gpu_device *device) EXCLUDES(device->events);
