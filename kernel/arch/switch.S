/* SPDX-License-Identifier: Apache-2.0 */
/* void context_switch(uint64_t *save_rsp, uint64_t load_rsp): what C keeps across a call is all a
 * cooperative switch has to keep. arch/context.h */
    .text
    .global context_switch
context_switch:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret

/* The first return of a new thread: entry in R12, argument in R13, end in R14. */
    .global context_start
context_start:
    movq    %r13, %rdi
    sti
    call    *%r12
    call    *%r14
    ud2

    .section .note.GNU-stack, "", @progbits
