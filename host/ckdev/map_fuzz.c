/* SPDX-License-Identifier: Apache-2.0 */
/* Map tables of arbitrary contents: whatever they say, what is found lies in RAM or VRAM, with all its bytes. */
#include "host/ckdev/map.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM_AT = 0x4000, RAM_BYTES = 16 * PAGE_BYTES, VRAM_BYTES = 4 * PAGE_BYTES, ADDRESSES = 64 };

static uint8_t ram[RAM_BYTES] ALIGNED(PAGE_BYTES), fixed[PAGE_BYTES] ALIGNED(PAGE_BYTES);
static uint8_t vram[VRAM_BYTES] ALIGNED(PAGE_BYTES);

static bool is_in(const struct map_place *place, const uint8_t *memory, uint64_t bytes)
{
    return place->host >= memory && place->host < memory + bytes &&
           place->bytes <= (uint64_t)(memory + bytes - place->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct memory memory = {
        .ram = { { RAM_AT, RAM_BYTES, ram, false }, { RAM_AT + RAM_BYTES, PAGE_BYTES, fixed, true } },
        .ram_count = 2,
        .vram = vram,
        .vram_bytes = VRAM_BYTES,
    };
    /* Each 8 bytes: which entry of RAM, and what it says. Two of three addresses are of tables that exist. */
    memset(ram, 0, sizeof ram);
    for (size_t i = 0; i + 8 <= size; i += 8) {
        uint64_t value;
        memcpy(&value, data + i, 8);
        uint64_t at = (value >> 48) % (RAM_BYTES / 8);
        if (value % 3) value = (value & 0x3f) | (RAM_AT + (value >> 8) % 20 * PAGE_BYTES);
        memcpy(ram + at * 8, &value, 8);
    }
    for (size_t i = 0; i < ADDRESSES; i++) {
        uint64_t address = 0;
        memcpy(&address, data + (size ? i * 5 % size : 0), size >= 8 && i * 5 % size + 8 <= size ? 8 : 0);
        for (enum gpu_access access = GPU_ACCESS_READ; access <= GPU_ACCESS_EXECUTE; access++) {
            struct map_place place;
            if (map_walk(&memory, RAM_AT, i % 2 ? address : address >> 16, access, &place) != 0) continue;
            ASSERT(place.bytes > 0);
            bool is_fixed = is_in(&place, fixed, sizeof fixed);
            ASSERT(is_in(&place, ram, sizeof ram) || is_in(&place, vram, sizeof vram) || is_fixed);
            ASSERT(!is_fixed || access != GPU_ACCESS_WRITE);
        }
    }
    return 0;
}
