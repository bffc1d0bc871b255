/* SPDX-License-Identifier: Apache-2.0 */
/* Forgetting translations after page tables changed, on all CPUs that may have them. What they pointed to may be
 * reused only after these return.
 *
 * Any context: other CPUs answer by interrupt, and while they wait for a spin lock or for another CPU. */
#pragma once
#include "arch/percpu.h"
#include "mm/page_table.h"

/* One address inside each leaf of `pt` that changed; all in the kernel's half or all in the user's. */
void tlb_forget(struct page_table *pt, const uint64_t *addresses, uint32_t count);
/* The whole user half. */
void tlb_forget_user(struct page_table *pt);
/* Changes nothing, but all other CPUs that have the table loaded, or all with the kernel's, have been interrupted when it
 * returns, or have answered while they waited: a barrier there, too. */
void tlb_interrupt(struct page_table *pt);
/* Everything on this CPU, global entries too: for boot, when there is one. */
void tlb_forget_all(void);

/* ---- which page tables a CPU has loaded ---- */

/* Makes `pt` what this CPU runs on; NULL: anything will do, so what is loaded stays until it is needed or changes.
 * Interrupts off. */
void tlb_load(struct page_table *pt);
static inline void tlb_want(struct percpu *p, struct page_table *pt)
{
    p->wanted = pt;
    if (pt && pt != p->loaded) tlb_load(pt);
}
/* The kernel's own, at once. */
void tlb_load_kernel(void);
/* No thread will run on it any more: no CPU has it loaded afterwards. */
void tlb_forget_table(struct page_table *pt);

void tlb_init(void);
