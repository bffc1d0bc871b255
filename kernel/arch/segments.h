/* SPDX-License-Identifier: Apache-2.0 */
/* GDT and TSS of one CPU. Long mode needs them only for the rings, SYSCALL and the stacks that
 * traps switch to. [intel-sdm3 3.5, 8.7] */
#pragma once
#include "arch/percpu.h"

/* The stacks of the careful traps, aligned to CONFIG_IST_STACK_BYTES: percpu.ist_stacks. The boot CPU has its own. */
enum { SEGMENTS_STACK_BYTES = 4 * CONFIG_IST_STACK_BYTES };

/* Loads GDT, TSS and GS for this CPU and points the careful traps at their own stacks. */
void segments_init(struct percpu *percpu);

/* Where the CPU pushes when a trap or system call leaves ring 3; 16-byte aligned. */
static inline void segments_set_kernel_stack(struct percpu *p, uint64_t stack_top)
{
    p->tss.rsp[0] = stack_top;
}

/* The trap stacks, for the panic code to name: NULL when `address` is in none of them. */
const char *segments_stack_name(uint64_t address, uint64_t *low, uint64_t *high);
