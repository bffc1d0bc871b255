/* SPDX-License-Identifier: Apache-2.0 */
/* What arch/boot.S and sched/cpu_start.c agree on about the start of further CPUs. */
#pragma once
#include "arch/percpu.h"

/* Physical address of the page in which they begin: kept free by mm/frame_init.c. */
#define STARTUP_PAGE 0x1000

/* CALLED becomes CAME by the CPU itself, or GIVEN_UP by who waited for it. */
enum cpu_startup_state { CPU_STARTUP_CALLED = 1, CPU_STARTUP_CAME, CPU_STARTUP_GIVEN_UP };

struct cpu_startup {
    uint32_t apic_id;
    uint32_t state; /* enum cpu_startup_state; atomic */
    uint64_t stack_top;
    struct percpu *percpu;
};
extern struct cpu_startup cpu_startups[CONFIG_CPUS_MAX];
extern uint32_t cpu_startup_count;

/* Position-independent, to be copied to STARTUP_PAGE. */
extern const uint8_t startup_code[], startup_code_end[];
/* Called by it on `stack_top`, in long mode with the kernel's page tables. */
NORETURN void cpu_start_other(struct percpu *p);
