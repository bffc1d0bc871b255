/* SPDX-License-Identifier: Apache-2.0 */
/* What lies on a program's stack while a handler runs, and what rt_sigreturn takes back.
 * [linux uapi asm/sigcontext.h, asm/ucontext.h; arch/x86 struct rt_sigframe] */
#pragma once
#include "abi/linux/signal.h"

struct linux_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, cr2;
    uint64_t fpu; /* address of the floating-point state; 0: none */
    uint64_t reserved[8];
};
_Static_assert(sizeof(struct linux_sigcontext) == 256, "ABI");

struct linux_ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    struct linux_sigcontext registers;
    uint64_t mask;
};
_Static_assert(sizeof(struct linux_ucontext) == 304, "ABI");
#define LINUX_UC_FP_XSTATE         1u /* the floating-point state is XSAVE's */
#define LINUX_UC_SIGCONTEXT_SS     2u /* `ss` is there, */
#define LINUX_UC_STRICT_RESTORE_SS 4u /* and is meant */

struct linux_rt_sigframe {
    uint64_t restorer; /* where the handler returns to */
    struct linux_ucontext context;
    struct linux_siginfo info;
};
_Static_assert(sizeof(struct linux_rt_sigframe) == 440, "ABI");
