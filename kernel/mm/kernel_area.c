/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory among the kernel's addresses, handed out upwards and never taken back. */
#include "mm/kernel_map.h"

#include "core/lock.h"
#include "mm/kernel_map_internal.h"
#include "mm/page_table.h"

struct spinlock kernel_area_lock = SPINLOCK_INIT;
static uint64_t mmio_used GUARDED_BY(kernel_area_lock); /* bytes from KERNEL_MMIO_BASE */

err_t kernel_map_mmio(paddr_t base, uint64_t bytes, uint32_t type, volatile void **out)
{
    uint64_t end;
    if (bytes == 0 || add_overflows(base.raw, bytes, &end) || end > 1ull << 52) return ERR_INVALID;
    uint64_t start = align_down(base.raw, PAGE_BYTES), length = align_up(end, PAGE_BYTES) - start;
    /* Same offset in a 2 MiB unit on both sides, so that large windows get large leaves. */
    uint64_t phase = start % HUGE_BYTES;

    spin_lock(&kernel_area_lock);
    uint64_t offset = align_up(mmio_used, PAGE_BYTES);
    if (length >= HUGE_BYTES) offset = align_up(mmio_used, HUGE_BYTES) + phase;
    err_t e = ERR_NO_MEMORY;
    if (length <= KERNEL_MMIO_BYTES && offset <= KERNEL_MMIO_BYTES - length)
        e = page_table_map(&kernel_page_table, KERNEL_MMIO_BASE + offset, PADDR(start), length,
                           PAGE_WRITE | PAGE_GLOBAL | type);
    if (!failed(e)) mmio_used = offset + length;
    spin_unlock(&kernel_area_lock);
    if (failed(e)) return e;
    *out = (volatile void *)(KERNEL_MMIO_BASE + offset + (base.raw - start));
    return OK;
}
