/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that GPUs and programs both see. It is counted: maps in GPU address spaces, mappings of programs and handles of
 * front ends hold references, and the last one frees it.
 *
 * Nothing is ever moved or swapped, so what the GPU was given stays where it is. Memory of the kind USER is the program's
 * own, and may change while it is mapped: then the GPU's translation goes first, and its next access finds what is there
 * by then (gpu/mirror.c). */
#pragma once
#include "gpu/context.h"
#include "vm/backing.h"

enum gpu_memory_kind {
    GPU_MEMORY_VRAM,
    GPU_MEMORY_SYSTEM, /* frames of the kernel's, charged to the container */
    GPU_MEMORY_USER,   /* a range of the program's addresses; has no backing */
    GPU_MEMORY_BELL,   /* a context's piece of doorbells: gpu_context.bell. Not for the GPU */
};

struct gpu_memory {
    enum gpu_memory_kind kind;
    uint32_t references; /* atomic */
    struct gpu_device *device;
    uint64_t bytes;
    union {
        struct vram_piece *vram; /* of the kind VRAM */
        uint64_t user_address;   /* of the kind USER */
        struct {                 /* of the kind SYSTEM */
            uint32_t count;      /* of blocks of 2 MiB; frames for the rest lie behind them in */
            paddr_t *at;
        } blocks;
        struct { /* of the kind BELL; under the device's table_lock */
            paddr_t base;
            bool is_shown; /* some program may ring without the kernel's noticing */
            bool is_over;  /* the context has ended, and another one may have its number */
        } bell;
    };
    struct backing backing; /* for a program's mapping */
    struct mapping mapping;
};

/* Zeroed, a multiple of 4 KiB. ERR_NO_MEMORY: also of VRAM, or a limit. ERR_NO_DEVICE. May wait. */
err_t gpu_memory_create(struct gpu_device *device, enum gpu_memory_kind kind, uint64_t bytes,
                        struct gpu_memory **out);
/* Of the program's own; both are multiples of 4 KiB. */
err_t gpu_memory_create_user(struct gpu_device *device, uint64_t address, uint64_t bytes,
                             struct gpu_memory **out);
struct gpu_memory *gpu_memory_get(struct gpu_memory *memory);
void gpu_memory_put(struct gpu_memory *memory); /* NULL is fine. Threads only */

/* ---- in a GPU's address space ---- */

struct gpu_map {
    struct tree_node node;     /* in context.maps */
    uint64_t start, end;       /* GPU addresses */
    struct gpu_memory *memory; /* counted */
    uint32_t flags;            /* enum gpu_map_flags */
    struct gpu_context *context;
    struct list mirror; /* of the kind USER: in context.mirrors */
};

/* Shows all of the memory. Of the kind USER, pages that are not present come when the GPU touches them. ERR_EXISTS: something is there. ERR_INVALID: no such address. ERR_NO_MEMORY, ERR_FAULT (the program has no
 * such memory), ERR_NO_DEVICE. */
err_t gpu_map(struct gpu_context *context, struct gpu_memory *memory, gpu_va_t at, uint32_t flags)
    EXCLUDES(context->lock);
/* What was mapped at this address, whole; the GPU does not use it afterwards. ERR_NOT_FOUND. Waits. */
err_t gpu_unmap(struct gpu_context *context, gpu_va_t at) EXCLUDES(context->lock);
