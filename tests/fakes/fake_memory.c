/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_memory.h"

static const void *at(const struct phys_view *view, paddr_t address, uint64_t bytes)
{
    const struct fake_memory *memory = CONTAINER_OF(view, struct fake_memory, view);
    for (uint32_t i = memory->count; i-- > 0;) {
        uint64_t base = memory->blocks[i].base, size = memory->blocks[i].bytes;
        if (address.raw < base || address.raw - base > size) continue;
        if (bytes <= size - (address.raw - base))
            return (const char *)memory->blocks[i].data + (address.raw - base);
    }
    return NULL;
}

void fake_memory_init(struct fake_memory *memory) { *memory = (struct fake_memory){ .view = { at } }; }

void fake_memory_add(struct fake_memory *memory, uint64_t base, const void *data, uint64_t bytes)
{
    ASSERT(memory->count < FAKE_MEMORY_BLOCKS_MAX);
    memory->blocks[memory->count].base = base;
    memory->blocks[memory->count].bytes = bytes;
    memory->blocks[memory->count].data = data;
    memory->count++;
}
