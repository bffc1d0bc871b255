/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_mm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/features.h"
#include "core/entropy.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"
#include "mm/tlb.h"

uint64_t direct_map_host_base;
uint64_t fake_tlb_forgotten_count;
struct cpu_features cpu_features = { .nx = true, .giant_pages = true };
_Thread_local uint32_t fake_cpu;
static uint64_t ram_bytes;

uint64_t percpu_index(void) { return fake_cpu; }
uint64_t entropy_u64(void) { return 0x9e3779b97f4a7c15; }

void fake_ram_destroy(void)
{
    if (ram_bytes) munmap((void *)direct_map_host_base, ram_bytes);
    ram_bytes = 0;
}

void fake_ram_create(uint64_t bytes)
{
    fake_ram_destroy();
    void *base =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        perror("fake_ram_create");
        abort();
    }
    direct_map_host_base = (uint64_t)base;
    ram_bytes = bytes;
}

void fake_map_add(struct boot_info *info, uint64_t base, uint64_t bytes, enum boot_range_kind kind)
{
    info->ranges[info->range_count++] =
        (struct boot_range){ .base = PADDR(base), .bytes = bytes, .kind = kind };
}

void fake_machine_start(uint64_t bytes)
{
    static struct boot_info info;
    info = (struct boot_info){ .protocol = "test" };
    fake_ram_create(bytes);
    fake_map_add(&info, 0, bytes, BOOT_RANGE_RAM);
    frame_init(&info, PADDR(0x100000), PADDR(0x140000));
}

void tlb_forget(struct page_table *pt UNUSED, const uint64_t *addresses UNUSED, uint32_t count)
{
    fake_tlb_forgotten_count += count;
}
void tlb_forget_all(void) { fake_tlb_forgotten_count++; }
void tlb_forget_user(struct page_table *pt UNUSED) { fake_tlb_forgotten_count++; }
void tlb_forget_table(struct page_table *pt UNUSED) {}
