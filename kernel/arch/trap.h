/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts: the frame, and who handles which vector. [intel-sdm3 6] */
#pragma once
#include "lib/base.h"

enum {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_BREAKPOINT = 3,
    TRAP_OVERFLOW = 4,
    TRAP_BOUND = 5,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_FPU = 7,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_INVALID_TSS = 10,
    TRAP_NO_SEGMENT = 11,
    TRAP_STACK = 12,
    TRAP_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_X87 = 16,
    TRAP_ALIGNMENT = 17,
    TRAP_MACHINE_CHECK = 18,
    TRAP_SIMD = 19,
    TRAP_COUNT = 32, /* vectors below belong to the CPU */
};

#define USER_RFLAGS (1u << 9 | 1u << 1) /* interrupts on, and the bit that is always set [intel-sdm1 3.4.3] */

/* Page-fault error code. [intel-sdm3 4.7] */
#define PF_PRESENT     (1u << 0) /* clear: the page was not present */
#define PF_WRITE       (1u << 1)
#define PF_USER        (1u << 2)
#define PF_RESERVED    (1u << 3)
#define PF_INSTRUCTION (1u << 4)

/* GDT selectors, in the order SYSCALL and SYSRET want. [intel-sdm3 5.8.8] */
enum {
    SEGMENT_KERNEL_CODE = 0x08,
    SEGMENT_KERNEL_DATA = 0x10,
    SEGMENT_SYSRET_BASE = 0x18, /* SYSRET: SS = base + 8, CS = base + 16 */
    SEGMENT_USER_DATA = 0x20 | 3,
    SEGMENT_USER_CODE = 0x28 | 3,
    SEGMENT_TSS = 0x30,
};

/* As arch/trap.S pushes it, above what the CPU pushed. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "arch/trap.S pushes 17 words above the CPU's 5");

static inline bool trap_is_from_user(const struct trap_frame *frame) { return (frame->cs & 3) == 3; }

typedef void (*trap_handler_t)(struct trap_frame *frame);

/* Fills the IDT for all exceptions with `unhandled` and loads it. Once, on the boot CPU. */
void trap_init(trap_handler_t unhandled);
/* Loads it, on a further CPU. */
void trap_init_other(void);
/* Runs `handler` with interrupts off for this vector from now on. */
void trap_set_handler(uint8_t vector, trap_handler_t handler);
trap_handler_t trap_get_handler(uint8_t vector);

/* Called on the way to ring 3 when the CPU has user_work set, after any trap and any system call, interrupts
 * off; the program goes on with what the frame holds afterwards. After a system call the frame's vector is
 * VECTOR_SYSCALL, its error code the number, and RAX the result. Set by process/. It may not return. */
extern void (*trap_user_work)(struct trap_frame *frame);

/* What ring 3 begins with: every register zero but these. */
static inline struct trap_frame trap_frame_of_program(uint64_t rip, uint64_t rsp)
{
    return (struct trap_frame){
        .rip = rip, .cs = SEGMENT_USER_CODE, .rflags = USER_RFLAGS, .rsp = rsp, .ss = SEGMENT_USER_DATA
    };
}
/* Enters ring 3 with these registers. The frame lies on the running thread's stack, which is empty then. */
NORETURN void trap_resume(struct trap_frame *frame);

/* Called for a page fault of ring 3 with the address and the error code, on the way in with interrupts off;
 * true when the program may go on. False, as it says at first: the handler of the vector is called. */
extern bool (*trap_user_page_fault)(uint64_t address, uint32_t error);

const char *trap_name(uint64_t vector);

/* Faults inside these ranges of arch/usercopy.S end at their fix-up instead of a panic.
 * Returns the address to continue at, or 0. */
uint64_t trap_fixup(uint64_t rip);
/* The same for those that must not be resolved, since they are made with spin locks held. */
uint64_t trap_fixup_at_once(uint64_t rip);
/* For faults that are not a page's: true when the kernel goes on at a fix-up. */
bool trap_continue_at_fixup(struct trap_frame *frame);
