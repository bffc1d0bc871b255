/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel heap: fixed-size blocks below a page, page runs above. Any context; never sleeps.
 * Every allocation can fail (NULL); blocks are aligned to 16 bytes. Whole pages belong to mm/frame.h:
 * a heap block is never page aligned. Debug builds add red zones, poison and the caller's address; an
 * overflow, a write to a freed block, a double free or a wild free panics with the block's owner. */
#pragma once
#include "lib/base.h"

void heap_init(void);
void *heap_alloc(size_t bytes) __attribute__((malloc, alloc_size(1)));
void *heap_alloc_zeroed(size_t bytes) __attribute__((malloc, alloc_size(1)));
/* Keeps the contents; the old block stays valid when NULL is returned. */
void *heap_resize(void *block, size_t bytes);
void heap_free(void *block); /* NULL is fine */

struct heap_stats {
    uint64_t used_bytes; /* of blocks handed out, rounded up to block sizes */
    uint64_t used_blocks;
    uint64_t held_pages; /* frames the heap holds, used or not */
};
struct heap_stats heap_stats(void);

/* Logs the blocks in use, oldest first, with size and owner; returns their number. Debug builds only,
 * others know no owners and return 0. */
uint64_t heap_report(void);
