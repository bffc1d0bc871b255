/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's memory for host tests: address space reserved on the host, of which only what is touched
 * costs anything, seen through the direct map; and a TLB that remembers what it was told to forget. */
#pragma once
#include "abi/boot_info.h"

/* Physical addresses from 0 to `bytes`. Replaces an earlier machine. */
void fake_ram_create(uint64_t bytes);
void fake_ram_destroy(void);
/* The same with all of it RAM, the kernel image at 1 MiB (256 KiB) and frame_init done. */
void fake_machine_start(uint64_t bytes);

/* A memory map under construction. */
void fake_map_add(struct boot_info *info, uint64_t base, uint64_t bytes, enum boot_range_kind kind);

extern uint64_t fake_tlb_forgotten_count; /* leaves and tables, since the test reset it */
/* Which CPU the calling thread is. */
extern _Thread_local uint32_t fake_cpu;
