/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/map.h"

static const enum gpu_fault FOUND = 0;

/* A leaf of `leaf_bytes` covers `address`. */
static enum gpu_fault resolve(const struct memory *memory, uint64_t entry, uint64_t leaf_bytes,
                              uint64_t address, enum gpu_access access, struct map_place *out)
{
    static const uint32_t needed[] = {
        [GPU_ACCESS_READ] = GPU_MAP_READ,
        [GPU_ACCESS_WRITE] = GPU_MAP_WRITE,
        [GPU_ACCESS_EXECUTE] = GPU_MAP_EXECUTE,
    };
    if (!(entry & needed[access])) return GPU_FAULT_FORBIDDEN;

    uint64_t inside = address & (leaf_bytes - 1);
    uint64_t start = entry & GPU_MAP_ADDRESS;
    if (!is_aligned(start, leaf_bytes)) return GPU_FAULT_BEYOND;
    uint64_t room = 0;
    uint8_t *host = entry & GPU_MAP_VRAM
                        ? memory_vram(memory, start + inside, &room)
                        : memory_ram(memory, start + inside, access == GPU_ACCESS_WRITE, &room);
    if (!host) return GPU_FAULT_BEYOND;
    *out = (struct map_place){
        .host = host,
        .bytes = MIN(room, leaf_bytes - inside),
        .rights = (uint32_t)entry & (GPU_MAP_READ | GPU_MAP_WRITE | GPU_MAP_EXECUTE),
    };
    return FOUND;
}

enum gpu_fault map_walk(const struct memory *memory, uint64_t root, uint64_t address, enum gpu_access access,
                        struct map_place *out)
{
    if (address >> MAP_ADDRESS_BITS) return GPU_FAULT_BEYOND;
    uint64_t table = root;
    for (int level = GPU_MAP_LEVELS - 1; level >= 0; level--) {
        uint64_t room = 0;
        if (!is_aligned(table, PAGE_BYTES)) return GPU_FAULT_BEYOND;
        const uint64_t *entries = (const uint64_t *)memory_ram(memory, table, false, &room);
        if (!entries || room < PAGE_BYTES) return GPU_FAULT_BEYOND;

        int shift = PAGE_SHIFT + 9 * level;
        uint64_t entry = __atomic_load_n(&entries[address >> shift & 511], __ATOMIC_ACQUIRE);
        if (!(entry & GPU_MAP_VALID)) return GPU_FAULT_ABSENT;
        bool is_leaf = level == 0 || (entry & GPU_MAP_LEAF);
        if (is_leaf && level == GPU_MAP_LEVELS - 1) return GPU_FAULT_BEYOND;
        if (is_leaf) return resolve(memory, entry, 1ull << shift, address, access, out);
        table = entry & GPU_MAP_ADDRESS;
    }
    return GPU_FAULT_ABSENT;
}
