/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled to assembly only: each OFFSET becomes a #define for the .S files. */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/startup.h"
#include "arch/syscall.h"
#include "arch/trap.h"
#include "config.h"

#define OFFSET(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" : : "i"((uint64_t)(value)))

void offsets(void);
void offsets(void)
{
    OFFSET(PERCPU_KERNEL_STACK, offsetof(struct percpu, tss) + offsetof(struct tss, rsp));
    OFFSET(PERCPU_USER_STACK, offsetof(struct percpu, user_stack));
    OFFSET(PERCPU_USER_WORK, offsetof(struct percpu, user_work));
    OFFSET(CONTEXT_RSP, offsetof(struct context, rsp));
    OFFSET(CONTEXT_IS_ON_CPU, offsetof(struct context, is_on_cpu));
    OFFSET(TRAP_FRAME_VECTOR, offsetof(struct trap_frame, vector));
    OFFSET(TRAP_FRAME_ERROR, offsetof(struct trap_frame, error));
    OFFSET(TRAP_FRAME_R11, offsetof(struct trap_frame, r11));
    OFFSET(TRAP_FRAME_RAX, offsetof(struct trap_frame, rax));
    OFFSET(TRAP_FRAME_CS, offsetof(struct trap_frame, cs));
    OFFSET(TRAP_FRAME_BYTES, sizeof(struct trap_frame));
    OFFSET(SEGMENT_KERNEL_CODE, SEGMENT_KERNEL_CODE);
    OFFSET(SEGMENT_KERNEL_DATA, SEGMENT_KERNEL_DATA);
    OFFSET(SEGMENT_USER_CODE, SEGMENT_USER_CODE);
    OFFSET(SEGMENT_USER_DATA, SEGMENT_USER_DATA);
    OFFSET(STARTUP_PAGE, STARTUP_PAGE);
    OFFSET(CPU_STARTUP_BYTES, sizeof(struct cpu_startup));
    OFFSET(CPU_STARTUP_APIC_ID, offsetof(struct cpu_startup, apic_id));
    OFFSET(CPU_STARTUP_STATE, offsetof(struct cpu_startup, state));
    OFFSET(CPU_STARTUP_STACK_TOP, offsetof(struct cpu_startup, stack_top));
    OFFSET(CPU_STARTUP_PERCPU, offsetof(struct cpu_startup, percpu));
    OFFSET(CPU_STARTUP_CALLED, CPU_STARTUP_CALLED);
    OFFSET(CPU_STARTUP_CAME, CPU_STARTUP_CAME);
    OFFSET(CONFIG_IDLE_STACK_BYTES, CONFIG_IDLE_STACK_BYTES);
    OFFSET(IST_STACK_BYTES, CONFIG_IST_STACK_BYTES);
    OFFSET(VECTOR_COUNT, VECTOR_COUNT);
    OFFSET(VECTOR_SYSCALL, VECTOR_SYSCALL);
    OFFSET(SYSCALL_COUNT, SYSCALL_COUNT);
}
