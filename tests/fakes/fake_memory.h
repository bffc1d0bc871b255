/* SPDX-License-Identifier: Apache-2.0 */
/* Physical memory for parsers that read through a phys_view: a few blocks at addresses of the test's
 * choice. What no block covers cannot be read. */
#pragma once
#include "lib/phys_view.h"

enum { FAKE_MEMORY_BLOCKS_MAX = 32 };

struct fake_memory {
    struct phys_view view;
    uint32_t count;
    struct {
        uint64_t base, bytes;
        const void *data; /* the caller's, not copied */
    } blocks[FAKE_MEMORY_BLOCKS_MAX];
};

void fake_memory_init(struct fake_memory *memory);
/* Blocks added later are found first, so a test can replace one. */
void fake_memory_add(struct fake_memory *memory, uint64_t base, const void *data, uint64_t bytes);
