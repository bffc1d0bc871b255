/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which part of a GPU's memory: free pieces in a tree by offset, each allocation one piece. Under the device's
 * lock. */
#pragma once
#include "lib/base.h"
#include "lib/tree.h"

struct vram {
    struct tree free; /* of struct vram_hole */
    uint64_t bytes, free_bytes;
};

/* ERR_NO_MEMORY. */
err_t vram_init(struct vram *vram, uint64_t bytes);
/* The lowest place that fits; multiples of 4 KiB, aligned to 2 MiB from that size on. ERR_NO_MEMORY: no piece is so
 * large, or no heap. */
err_t vram_alloc(struct vram *vram, uint64_t bytes, uint64_t *offset);
/* Cannot fail: what a new hole needs was kept by vram_alloc. */
void vram_free(struct vram *vram, uint64_t offset, uint64_t bytes);
