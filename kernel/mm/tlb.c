/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/tlb.h"

#include "arch/cpu.h"
#include "arch/paging.h"

/* From here on emptying the whole TLB is cheaper: an INVLPG costs some 100 cycles. */
enum { TLB_SINGLE_MAX = 24 };

#define CR4_PGE (1ull << 7)

void tlb_forget_all(void)
{
    /* A change of CR4.PGE drops global entries as well. [intel-sdm3 4.10.4.1] */
    uint64_t cr4 = cr4_read();
    if (!(cr4 & CR4_PGE)) {
        tlb_flush_all();
        return;
    }
    cr4_write(cr4 & ~CR4_PGE);
    cr4_write(cr4);
}

void tlb_forget(const uint64_t *addresses, uint32_t count)
{
    if (count <= TLB_SINGLE_MAX)
        for (uint32_t i = 0; i < count; i++) tlb_flush_page(addresses[i]);
    else if (is_kernel_vaddr(addresses[0]))
        tlb_forget_all();
    else
        tlb_flush_all();
}

void tlb_forget_user(void) { tlb_flush_all(); }
