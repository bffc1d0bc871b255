/* SPDX-License-Identifier: Apache-2.0 */
/* Map tables: what a GPU virtual address means. This is the device's IOMMU, so nothing in a table is believed: each
 * pointer is checked against RAM and VRAM, each entry is read once. */
#pragma once
#include "abi/gpu_ring.h"
#include "host/ckdev/memory.h"

enum { MAP_ADDRESS_BITS = 48 };

struct map_place {
    uint8_t *host;
    uint64_t bytes;  /* from the address to the end of what the entry names, at least 1 */
    uint32_t rights; /* GPU_MAP_READ, WRITE and EXECUTE of the entry */
};

/* Look `address` up in the table whose first level lies at `root`. 0: *out is set. Otherwise why not, and *out is not
 * touched. Never waits. */
enum gpu_fault map_walk(const struct memory *memory, uint64_t root, uint64_t address, enum gpu_access access,
                        struct map_place *out);
