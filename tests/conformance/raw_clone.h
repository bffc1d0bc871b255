/* SPDX-License-Identifier: Apache-2.0 */
/* clone and clone3 without the C library. What runs in the new thread may call nothing but raw_call(): the
 * library does not know of it, and without CLONE_SETTLS it shares the thread pointer of its maker. */
#pragma once
#include "tests/conformance/tasks.h"

#include <linux/sched.h>

/* The child runs body(argument), whose result is its exit status; with `stack` NULL on a copy of this stack. */
static __attribute__((noinline, unused)) long raw_clone(unsigned long flags, void *stack, void *parent_tid,
                                                        void *child_tid, void *tls, long (*body)(void *),
                                                        void *argument)
{
    long result = SYS_clone;
    char *top = stack ? (char *)stack + STACK_BYTES : NULL;
    register void *r10 __asm__("r10") = child_tid, *r8 __asm__("r8") = tls;
    register long (*r12)(void *) __asm__("r12") = body;
    register void *r13 __asm__("r13") = argument;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "and $-16, %%rsp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $60, %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "+a"(result)
                     : "D"(flags), "S"(top), "d"(parent_tid), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
                     : "rcx", "r11", "memory");
    return result;
}
static __attribute__((noinline, unused)) long raw_clone3(struct clone_args *arguments, size_t bytes,
                                                         long (*body)(void *), void *argument)
{
    long result = SYS_clone3;
    register long (*r12)(void *) __asm__("r12") = body;
    register void *r13 __asm__("r13") = argument;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "and $-16, %%rsp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $60, %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "+a"(result)
                     : "D"(arguments), "S"(bytes), "r"(r12), "r"(r13)
                     : "rcx", "r11", "memory");
    return result;
}

/* What a thread of the C libraries shares. */
#define THREAD_FLAGS \
    ((unsigned long)CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/* As SHOW, of a call that returns a negative error. */
static inline long raw_result(long result)
{
    if (result >= 0) return result;
    errno = (int)-result;
    return -1;
}
#define RAW_CASE(what, call) CASE(what, raw_result(call))

static inline char *map_stack(void)
{
    char *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) give_up("a stack");
    return stack;
}
