/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's half of the address space: docs/memory-map.md.
 *
 * Its root entries (the direct map's and one for all the rest) are made at boot and never change, so
 * that user page tables can share what is below by copying them. */
#pragma once
#include "abi/boot_info.h"
#include "lib/base.h"

enum {
    KERNEL_STACK_SLOT_BYTES = 64 << 10, /* of address space: a guard page, then the stack at its end */
    KERNEL_STACK_BYTES_MAX = KERNEL_STACK_SLOT_BYTES - PAGE_BYTES,
    KERNEL_STACKS_MAX = 4096,
};

/* Both in the last root entry, below the image, and next to each other so that they share a table. */
#define KERNEL_STACK_BASE 0xffffff8000000000ull
#define KERNEL_MMIO_BASE  (KERNEL_STACK_BASE + (uint64_t)KERNEL_STACKS_MAX * KERNEL_STACK_SLOT_BYTES)
#define KERNEL_MMIO_BYTES (256ull << 30)

/* From the entry stub's tables to the final ones: the image mapped by segment (W^X), the direct map
 * over all RAM and not executable, nothing at low addresses. Needs features_init and frame_init. */
void kernel_map_init(const struct boot_info *info);

/* Maps device memory. `type` is PAGE_UNCACHED, PAGE_WRITE_COMBINE or 0 (write-back: tables that
 * firmware left outside RAM). For ever: there is no unmap. `base` and `bytes` need no alignment.
 * ERR_NO_MEMORY; ERR_INVALID: an empty or wrapping range. */
err_t kernel_map_mmio(paddr_t base, uint64_t bytes, uint32_t type, volatile void **out);

/* A stack of `bytes` (whole pages, at most KERNEL_STACK_BYTES_MAX) with an unmapped page below it.
 * `*top` is its upper end, aligned to a page. ERR_NO_MEMORY; ERR_TRY_AGAIN: KERNEL_STACKS_MAX stacks
 * exist. */
err_t kernel_stack_alloc(uint64_t bytes, void **top);
/* True for addresses below a stack that an overflow would touch. Any context. */
bool kernel_stack_is_guard(uint64_t address);
/* Not the one we are on. `bytes` as it was allocated. */
void kernel_stack_free(void *top, uint64_t bytes);
/* Gives back the stacks that are kept for later. */
void kernel_stack_trim(void);
