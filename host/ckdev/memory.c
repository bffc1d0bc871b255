/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/memory.h"

#include <string.h>
#include <sys/mman.h>

uint8_t *memory_ram(const struct memory *memory, uint64_t address, bool is_write, uint64_t *out_bytes)
{
    for (uint32_t i = 0; i < memory->ram_count; i++) {
        const struct memory_piece *piece = &memory->ram[i];
        uint64_t offset = address - piece->address;
        if (address < piece->address || offset >= piece->bytes) continue;
        if (is_write && piece->is_read_only) return NULL;
        *out_bytes = piece->bytes - offset;
        return piece->host + offset;
    }
    return NULL;
}

uint8_t *memory_vram(const struct memory *memory, uint64_t offset, uint64_t *out_bytes)
{
    if (offset >= memory->vram_bytes) return NULL;
    *out_bytes = memory->vram_bytes - offset;
    return memory->vram + offset;
}

void memory_clear_vram(const struct memory *memory, uint64_t offset, uint64_t bytes)
{
    /* Pages that are taken out of shared memory come back as zeros, for everybody who has them mapped. */
    if (madvise(memory->vram + offset, bytes, MADV_REMOVE) != 0) memset(memory->vram + offset, 0, bytes);
}
