/* SPDX-License-Identifier: Apache-2.0 */
/* Where a program's addresses may lie. docs/memory-map.md has the picture. */
#pragma once
#include "lib/base.h"

/* As Linux's vm.mmap_min_addr: a NULL pointer with a large offset still faults. */
#define USER_START 0x10000ull
/* The last page of the lower half is never mapped, so that the address after a SYSCALL in it
 * cannot be non-canonical. */
#define USER_END 0x7ffffffff000ull

/* What stays free below an area that grows downward: a frame of a function may skip pages. Linux's
 * stack_guard_gap. */
#define STACK_GUARD_BYTES (256 * PAGE_BYTES)

static inline bool is_user_range(uint64_t start, uint64_t bytes)
{
    return bytes <= USER_END && start <= USER_END - bytes;
}
