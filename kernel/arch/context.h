/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel thread's saved state is where it goes on, and its stack; the rest is on the stack.
 *
 * A switch is part of the function that makes it: the compiler keeps what that function still needs, which a
 * function of its own would keep a second time. RBP, which the compiler does not give away, lies at the saved RSP.
 * The other side is reached by a jump: for a return the CPU would look where the last call of this side came from. */
#pragma once
#include "lib/base.h"

struct context {
    uint64_t rsp, rip;  /* while it does not run */
    uint32_t is_on_cpu; /* atomic: its stack is in use. Set by who continues it; cleared once it is left */
};

#define CONTEXT_LEAVE                  \
    "pushq %%rbp\n\t"                  \
    "movq $1f, %c[rip](%[from])\n\t"   \
    "movq %%rsp, %c[rsp](%[from])\n\t" \
    "movq %c[rsp](%[to]), %%rsp\n\t"   \
    "movl $0, %c[on](%[from])\n\t" /* another CPU may take it now */
#define CONTEXT_CONTINUE    \
    "jmp *%c[rip](%[to])\n" \
    "1: popq %%rbp"
#define CONTEXT_FIELDS                                                                  \
    [rsp] "i"(offsetof(struct context, rsp)), [rip] "i"(offsetof(struct context, rip)), \
        [on] "i"(offsetof(struct context, is_on_cpu))
#define CONTEXT_LOST "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"

/* Saves the caller's context and continues another. Interrupts off. Returns when somebody switches back. */
static inline __attribute__((always_inline)) void context_switch(struct context *from, struct context *to)
{
    __asm__ volatile(CONTEXT_LEAVE CONTEXT_CONTINUE
                     : [from] "+D"(from), [to] "+b"(to)
                     : CONTEXT_FIELDS
                     : "rax", "rcx", "rsi", CONTEXT_LOST);
}

/* The same, and on the other stack, as the first that happens there, last(argument): for what the caller cannot do
 * while it stands on its own. It may free that, and then does not go on. */
static inline void context_switch_last(struct context *from, struct context *to, void (*last)(void *),
                                       void *argument)
{
    __asm__ volatile(CONTEXT_LEAVE "movq %[argument], %%rdi\n\t"
                                   "call *%[last]\n\t" CONTEXT_CONTINUE
                     : [from] "+D"(from), [to] "+b"(to), [last] "+a"(last), [argument] "+S"(argument)
                     : CONTEXT_FIELDS
                     : "rcx", CONTEXT_LOST);
}

/* Lays out a new stack so that the first switch to it runs entry(argument), which does not return, with
 * interrupts off. */
struct context context_prepare(void *stack_top, void (*entry)(void *), void *argument);
