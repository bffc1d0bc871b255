/* SPDX-License-Identifier: Apache-2.0 */
/* The direct map: all RAM at a fixed offset, so that a frame has an address without a lookup.
 *
 * Host tests have no such mapping: there the "machine" is one block of the test's own memory and
 * direct_map_host_base says where it begins (tests/fakes/fake_ram.c). */
#pragma once
#include "lib/base.h"

#if __STDC_HOSTED__
extern uint64_t direct_map_host_base;
#define DIRECT_MAP_BASE direct_map_host_base
#else
#define DIRECT_MAP_BASE 0xffff800000000000ull
#endif
#define DIRECT_MAP_BYTES (64ull << 40) /* of address space: docs/memory-map.md */
/* What the entry stub maps; the rest follows in kernel_map_init. */
#define DIRECT_MAP_BOOT_BYTES (4ull << GIANT_SHIFT)

#define KERNEL_BASE     0xffffffff80000000ull /* the image is linked here: -2 GiB */
#define KERNEL_PHYSICAL 0x100000ull           /* and loaded here */

static inline void *direct_map(paddr_t address) { return (void *)(DIRECT_MAP_BASE + address.raw); }
/* Only for pointers into the direct map. */
static inline paddr_t direct_map_to_paddr(const void *pointer)
{
    return PADDR((uint64_t)pointer - DIRECT_MAP_BASE);
}
/* Only for pointers into the kernel image. The image of a host test is the test's memory like any other. */
static inline paddr_t image_to_paddr(const void *pointer)
{
    return PADDR((uint64_t)pointer - (__STDC_HOSTED__ ? DIRECT_MAP_BASE : KERNEL_BASE));
}
