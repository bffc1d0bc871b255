/* SPDX-License-Identifier: Apache-2.0 */
/* void context_switch(struct context *save, uint64_t load_rsp): what C keeps across a call is all a
 * cooperative switch has to keep. arch/context.h */
#include "offsets.h"

    .text
    .global context_switch
context_switch:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, CONTEXT_RSP(%rdi)
    movq    %rsi, %rsp
    movl    $0, CONTEXT_IS_ON_CPU(%rdi) /* after the last use of its stack: another CPU may take it */
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret

/* The first return of a new thread: entry in R12, argument in R13. */
    .global context_start
context_start:
    movq    %r13, %rdi
    call    *%r12
    ud2

    .section .note.GNU-stack, "", @progbits
