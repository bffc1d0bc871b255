/* SPDX-License-Identifier: Apache-2.0 */
/* Physical memory, in frames of 4 KiB inside blocks of 2 MiB.
 *
 * Any context; allocation never sleeps. PADDR_NONE means that there is none left: every caller
 * handles it. Contents are whatever was there; ask for zeroed frames where a program will see them.
 * Memory may be given back in other pieces than it was taken in: single frames of a huge block, a
 * huge block out of a run. Freeing what is free panics in every build. In debug builds freed frames
 * are poisoned, a write to a free frame is caught when the frame is next allocated, and the panic
 * for a second free names both callers. */
#pragma once
#include "abi/boot_info.h"
#include "lib/base.h"

enum {
    FRAME_RUN_MAX = GIANT_BYTES / PAGE_BYTES, /* frames in one run */
};

/* Takes over all RAM of `info` except the image at [kernel_start, kernel_end) (page aligned) and the
 * initrd; RAM below 4 KiB is never handed out. Cost does not grow with RAM: metadata of a region is
 * set up when the region is first used. The direct map must cover the first 4 GiB; frames above come
 * only after all below are in use, so kernel_map_init may extend it later. */
void frame_init(const struct boot_info *info, paddr_t kernel_start, paddr_t kernel_end);

/* Before a CPU other than the first allocates; in ascending order. */
void frame_cpu_start(uint32_t cpu);

paddr_t frame_alloc(void);
paddr_t frame_alloc_zeroed(void);
void frame_free(paddr_t frame);

/* ---- certain frames, so that what was given out singly becomes 2 MiB in one piece: frame_kept.c ---- */

enum { FRAME_SET_WORDS = HUGE_BYTES / PAGE_BYTES / 64 };

/* Opens a whole block for its frame `index`, and keeps the others for frame_take: until the block is whole
 * again they are the last that other allocations get, though they count as free. PADDR_NONE: no block is
 * whole, or too many are kept already (CONFIG_KEPT_PART). */
paddr_t frame_alloc_kept(uint64_t index);
/* This frame, if it is free and its block is not whole. */
bool frame_take(paddr_t frame);
/* All frames of the block whose bits are set in `set`, or none; `count` of them. */
bool frame_take_set(paddr_t block, const uint64_t set[FRAME_SET_WORDS], uint32_t count);
/* How many frames of the block are free one by one; of the moment. */
uint32_t frame_free_in_block(paddr_t block);

paddr_t frame_alloc_huge(void); /* 2 MiB, aligned */
/* From the pool of zeroed blocks if there is one, zeroed now if not. */
paddr_t frame_alloc_huge_zeroed(void);
void frame_free_huge(paddr_t block);

/* For a CPU that has nothing to do: zeroes CONFIG_POOL_STEP_BYTES for the pool. False when it is full (its
 * size is in config.h) or no block is to be had. Blocks of the pool count as free, and are taken for
 * other uses when no others are left. */
bool frame_pool_fill_step(void);
uint64_t frame_pool_count(void); /* zeroed blocks */

/* `count` frames in a row, at most FRAME_RUN_MAX, whose first is aligned to `align_bytes` (a power of
 * two). A run shorter than 2 MiB lies inside one block, a longer one begins with a whole block. */
paddr_t frame_alloc_run(uint64_t count, uint64_t align_bytes);
void frame_free_run(paddr_t first, uint64_t count);

/* Gives back part of what frame_init set aside (the initrd once it is of no more use): the whole
 * frames inside the range. */
void frame_release_range(paddr_t base, uint64_t bytes);

/* Sums over all groups in use: not for short paths, and only of the moment where others allocate. */
uint64_t frame_free_count(void);      /* 4 KiB frames */
uint64_t frame_free_huge_count(void); /* whole free 2 MiB blocks */
uint64_t frame_total_count(void);     /* frames ever under management */
