/* SPDX-License-Identifier: Apache-2.0 */
/* The direct map: all RAM at a fixed offset, so that a frame has an address without a lookup. */
#pragma once
#include "lib/base.h"

#define DIRECT_MAP_BASE  0xffff800000000000ull
#define KERNEL_BASE      0xffffffff80000000ull /* the image is linked here: -2 GiB */
#define KERNEL_PHYSICAL  0x100000ull           /* and loaded here */

static inline void *direct_map(paddr_t address) { return (void *)(DIRECT_MAP_BASE + address.raw); }
/* Only for pointers into the direct map. */
static inline paddr_t direct_map_to_paddr(const void *pointer)
{
    return PADDR((uint64_t)pointer - DIRECT_MAP_BASE);
}
/* Only for pointers into the kernel image. */
static inline paddr_t image_to_paddr(const void *pointer) { return PADDR((uint64_t)pointer - KERNEL_BASE); }
