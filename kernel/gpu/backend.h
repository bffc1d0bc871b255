/* SPDX-License-Identifier: Apache-2.0 */
/* The contract between those who speak a vendor's interface to programs (front ends) and those who reach a GPU (back
 * ends). A back end knows no system call, no ioctl and no program; a front end knows no ring and no register.
 *
 * Operations that say so wait for the GPU; they are called by threads, and return in bounded time: a GPU that does not
 * answer within CONFIG_GPU_PATIENCE_MS is reset, and all its contexts are lost. */
#pragma once
#include "abi/gpu_ring.h"
#include "lib/base.h"

struct gpu_context;
struct gpu_device;
struct gpu_queue;

/* A piece of memory that lies in one piece, as the GPU is to see it. Multiples of 4 KiB. */
struct gpu_piece {
    bool is_vram;
    uint64_t address; /* physical, or an offset in VRAM */
    uint64_t bytes;
};

enum gpu_map_flags {
    GPU_READABLE = GPU_MAP_READ,
    GPU_WRITABLE = GPU_MAP_WRITE,
    GPU_EXECUTABLE = GPU_MAP_EXECUTE,
};

/* What a front end wants of a queue; checked by gpu_queue_create as far as it can be without the GPU. */
struct gpu_queue_request {
    enum gpu_queue_kind kind;
    gpu_va_t ring, read_pointer, write_pointer;
    uint32_t ring_bytes; /* a power of two */
    uint32_t percent;    /* 0 to 100 */
    uint32_t priority;   /* 0 to 15 */
};

/* Where parts of a GPU's addresses mean something else than memory, and what the GPU keeps for a program. */
struct gpu_apertures {
    gpu_va_t local_base, scratch_base;  /* 4 GiB each */
    gpu_va_t scratch_memory;            /* 0: none yet */
    gpu_va_t trap_handler, trap_memory; /* 0: none */
};

struct gpu_backend {
    const char *name;

    /* An empty GPU address space, under context->number. Waits. ERR_NO_MEMORY, ERR_NO_DEVICE (it is lost). */
    err_t (*context_create)(struct gpu_context *context);
    /* Nothing of it runs or touches memory afterwards, whatever became of the GPU. Waits. */
    void (*context_stop)(struct gpu_context *context);
    /* What map() has made is given back. Until then there may be calls of unmap(). */
    void (*context_free)(struct gpu_context *context);
    /* Takes context->apertures over. Waits. */
    err_t (*context_update)(struct gpu_context *context);

    /* Shows a piece at an address where nothing is. ERR_NO_MEMORY: nothing is there again; only then it waits. */
    err_t (*map)(struct gpu_context *context, gpu_va_t at, const struct gpu_piece *piece, uint32_t flags);
    /* Nothing of the range is in use afterwards; holes are fine. Waits. */
    void (*unmap)(struct gpu_context *context, gpu_va_t at, uint64_t bytes);

    /* queue->number, ->doorbell and ->request are set. Waits. ERR_INVALID, ERR_NO_SPACE, ERR_NO_DEVICE. */
    err_t (*queue_create)(struct gpu_queue *queue);
    err_t (*queue_update)(struct gpu_queue *queue);
    /* Nothing of it runs afterwards. Waits. */
    void (*queue_destroy)(struct gpu_queue *queue);

    /* Zeroes a piece of VRAM. Waits. */
    err_t (*clear)(struct gpu_device *device, uint64_t offset, uint64_t bytes);
    /* After gpu_tell_fault: the access is tried again, or fails. Never waits. */
    void (*fault_reply)(struct gpu_context *context, uint64_t fault, bool is_fixed);
    /* Whether anybody sleeps until a signal comes: while nobody does it need not be told, and is kept. Whoever begins to
     * sleep says so first, and then takes what was kept. Any context; one at a time. */
    void (*await_signal)(struct gpu_context *context, uint32_t number, bool is_awaited);
    /* Takes a signal that was kept; false: there is none. Any context. */
    bool (*take_signal)(struct gpu_context *context, uint32_t number);
    /* Programs are about to ring doorbells that the kernel does not see. Any context. */
    void (*wake)(struct gpu_device *device);
    /* What timestamps of the GPU's count, now; device->identity.counter_hz a second. Waits. */
    err_t (*read_clock)(struct gpu_device *device, uint64_t *out);
    /* Ends whatever runs, and begins anew. Waits. ERR_NO_DEVICE: it does not come back. */
    err_t (*reset)(struct gpu_device *device);
};
