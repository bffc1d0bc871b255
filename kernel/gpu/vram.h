/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which part of a GPU's memory. Every piece, free or not, is a node of one tree by offset; each allocation is one
 * piece, so giving it back needs no memory. Under the device's lock. */
#pragma once
#include "lib/base.h"
#include "lib/tree.h"

struct vram {
    struct tree pieces; /* of struct vram_piece; neighbours that are free are one */
    uint64_t free_bytes;
};

struct vram_piece {
    struct tree_node node;
    uint64_t offset, bytes;
    uint64_t largest_free; /* of it and those below it in the tree */
    bool is_used;
};

/* ERR_NO_MEMORY. */
err_t vram_init(struct vram *vram, uint64_t bytes);
/* Everything is free again, whoever had it; their pieces are gone. */
void vram_fini(struct vram *vram);
/* The lowest place for a multiple of 4 KiB; from 2 MiB on it is aligned to that. NULL: there is none, or no heap. */
struct vram_piece *vram_alloc(struct vram *vram, uint64_t bytes);
void vram_free(struct vram *vram, struct vram_piece *piece);
