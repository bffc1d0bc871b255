/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs of the machine. Back ends add them at boot; they stay for ever, though they may be lost and come back.
 *
 * Lock order: context.lock, space.lock, device.lock. */
#pragma once
#include "gpu/backend.h"
#include "gpu/vram.h"
#include "lib/list.h"
#include "sched/mutex.h"

enum { GPU_DEVICES_MAX = 8 };

struct gpu_device {
    const struct gpu_backend *backend;
    uint32_t number; /* from 0 on */
    struct gpu_identity identity;
    /* All of VRAM is seen by the CPU, as memory that is cached. */
    paddr_t vram_base;
    paddr_t doorbells_base;
    uint32_t doorbell_bytes; /* of each context */
    uint32_t contexts_max, queues_max;

    struct mutex lock; /* guards the rest */
    struct vram vram;
    struct list contexts;
    uint64_t *context_numbers, *queue_numbers; /* bitmaps of those in use */
    uint32_t generation;                       /* grows with each loss; atomic */
    bool is_lost;                              /* atomic */
};

/* By a back end, which has filled in what does not change. ERR_NO_MEMORY; ERR_LIMIT: GPU_DEVICES_MAX. Boot only. */
err_t gpu_device_add(struct gpu_device *device, uint64_t vram_bytes);
/* NULL: there is none of that number. */
struct gpu_device *gpu_device_find(uint32_t number);

/* ---- what a back end tells; threads only ---- */

/* Whatever ran is gone: contexts are lost for good, and their owners are told. */
void gpu_tell_lost(struct gpu_device *device);
/* It may be used again; VRAM is zero. */
void gpu_tell_back(struct gpu_device *device);
/* Any context: a program's number, which its front end gives a meaning. */
void gpu_tell_signal(struct gpu_device *device, uint32_t context, uint32_t signal);
/* An access waits for backend->fault_reply, which comes from here or later. */
void gpu_tell_fault(struct gpu_device *device, uint32_t context, const struct gpu_event_fault *fault);
void gpu_tell_stopped(struct gpu_device *device, uint32_t context, const struct gpu_event_stopped *stopped);

/* ---- for front ends ---- */

static inline bool gpu_device_is_lost(const struct gpu_device *device)
{
    return __atomic_load_n(&device->is_lost, __ATOMIC_ACQUIRE);
}
/* Brings a lost one back. Waits. ERR_NO_DEVICE: it does not come back. */
err_t gpu_device_recover(struct gpu_device *device) EXCLUDES(device->lock);
