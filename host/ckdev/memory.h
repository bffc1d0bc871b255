/* SPDX-License-Identifier: Apache-2.0 */
/* What a device process can reach: pieces of the machine's RAM, and its own VRAM. All checks of ranges are here. */
#pragma once
#include "lib/base.h"

enum { MEMORY_PIECES_MAX = 16 };

struct memory_piece {
    uint64_t address, bytes; /* physical, in the machine; multiples of 4096 */
    uint8_t *host;
    bool is_read_only;
};

struct memory {
    struct memory_piece ram[MEMORY_PIECES_MAX];
    uint32_t ram_count;
    uint8_t *vram;
    uint64_t vram_bytes;
};

/* Where `address` lies in this process, and how many bytes follow it there; NULL when it is no RAM, or RAM that must
 * not be written. */
uint8_t *memory_ram(const struct memory *memory, uint64_t address, bool is_write, uint64_t *out_bytes);
uint8_t *memory_vram(const struct memory *memory, uint64_t offset, uint64_t *out_bytes);

/* Make a piece of VRAM zero, and give its memory back. Both multiples of 4096, inside VRAM. */
void memory_clear_vram(const struct memory *memory, uint64_t offset, uint64_t bytes);
