/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel heap. Any context; never sleeps. Every allocation can fail (NULL); blocks are aligned to 16 bytes.
 * Whole pages belong to mm/frame.h: a heap block is never page aligned.
 *
 * A block of up to 2,016 bytes comes from a slab of equal blocks, by way of a small cache of the CPU. A
 * larger one has a run of frames of its own, unless that would waste much: such blocks share arenas of 16
 * frames. The rule: a size is the arenas' if one of them, filled with blocks of that size, holds at least
 * as many as 18 frames of runs would. So blocks of 2,017 to 3,600 bytes share arenas (18 in one), those of
 * 4,000 do not (16 in one, as in 16 frames), those of 4,096 do (15, which take 30 frames as runs), and the
 * largest that do have 32,720.
 *
 * Freeing what the heap never handed out panics in every build. Debug builds add red zones, poison and the
 * caller's address; an overflow, a write to a freed block, a double free or a wild free panics with the
 * block's owner. */
#pragma once
#include "lib/base.h"

void heap_init(void);
/* Before a CPU other than the first allocates. ERR_NO_MEMORY. */
err_t heap_cpu_start(uint32_t cpu);
void *heap_alloc(size_t bytes) __attribute__((malloc, alloc_size(1)));
void *heap_alloc_zeroed(size_t bytes) __attribute__((malloc, alloc_size(1)));
/* Keeps the contents; the old block stays valid when NULL is returned. */
void *heap_resize(void *block, size_t bytes);
void heap_free(void *block); /* NULL is fine */

/* Gives the frames back that the heap holds and nobody uses, after emptying the caches of all CPUs, and stacks that are
 * kept for threads to come. The heap
 * does so itself before an allocation fails; others may when frames are short. */
void heap_trim(void);

struct heap_stats {
    uint64_t used_bytes; /* of blocks handed out, rounded up to block sizes */
    uint64_t used_blocks;
    uint64_t held_pages; /* frames the heap holds, used or not */
};
/* Trims first, so that the numbers are exact while nobody else allocates. */
struct heap_stats heap_stats(void);

/* Finding leaks, in debug builds: others know no owners and return 0. heap_report logs the blocks in use that
 * were allocated since heap_mark returned `mark`, oldest first, with size and owner, and returns their number. */
uint64_t heap_mark(void);
uint64_t heap_report(uint64_t mark);
