/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that GPUs and programs both see. It is counted: maps in GPU address spaces, mappings of programs and handles
 * of front ends hold references, and the last one frees it.
 *
 * Nothing is ever moved or swapped, so a piece that was given to the GPU stays where it is. Memory of the kind USER is
 * the program's own, and may change under a map: then the GPU's translation goes first, and its next access finds what
 * is there by then (gpu/fault.c). */
#pragma once
#include "gpu/context.h"
#include "vm/backing.h"

enum gpu_memory_kind {
    GPU_MEMORY_VRAM,
    GPU_MEMORY_SYSTEM, /* frames of the kernel's, charged to the container */
    GPU_MEMORY_USER,   /* a range of a program's addresses */
    GPU_MEMORY_BELL,   /* a context's page of doorbells; made with the context, never mapped for the GPU */
};

struct gpu_memory {
    enum gpu_memory_kind kind;
    uint32_t references; /* atomic */
    struct gpu_device *device;
    uint64_t bytes;
    uint64_t user_address;  /* of the kind USER, whose space is the context's that maps it */
    uint64_t vram_offset;   /* of the kind VRAM: one piece */
    paddr_t *blocks;        /* of the kind SYSTEM: blocks of 2 MiB, then frames for the rest */
    struct backing backing; /* for a program's mapping */
    struct mapping mapping;
};

/* Zeroed. Multiples of 4 KiB. ERR_NO_MEMORY (also of VRAM, or a limit). Threads only. */
err_t gpu_memory_create(struct gpu_device *device, enum gpu_memory_kind kind, uint64_t bytes,
                        struct gpu_memory **out);
/* A program's own memory, of any alignment to 4 KiB. */
err_t gpu_memory_create_user(struct gpu_device *device, uint64_t address, uint64_t bytes,
                             struct gpu_memory **out);
struct gpu_memory *gpu_memory_get(struct gpu_memory *memory);
void gpu_memory_put(struct gpu_memory *memory);

/* So much of the device's VRAM is free. */
uint64_t gpu_vram_free(struct gpu_device *device);

/* ---- in a GPU's address space ---- */

struct gpu_map {
    struct tree_node node;     /* in context.maps */
    uint64_t start, end;       /* GPU addresses */
    struct gpu_memory *memory; /* counted */
    uint32_t flags;            /* enum gpu_map_flags */
};

/* Shows all of the memory at `at`. With memory of the kind USER its pages are made present, for writing if the flags say
 * so. ERR_EXISTS: something is there. ERR_NO_MEMORY, ERR_FAULT (the program has no such memory), ERR_NO_DEVICE. */
err_t gpu_map(struct gpu_context *context, struct gpu_memory *memory, gpu_va_t at, uint32_t flags)
    EXCLUDES(context->lock);
/* What was mapped there, whole; the GPU does not use it afterwards. ERR_NOT_FOUND. Waits. */
err_t gpu_unmap(struct gpu_context *context, gpu_va_t at) EXCLUDES(context->lock);
