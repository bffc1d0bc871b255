/* SPDX-License-Identifier: Apache-2.0 */
/* Trap entry: one stub a vector, one common path, and a careful path for traps that may come
 * between SYSCALL and SWAPGS. C side: arch/trap.c. */
#include "offsets.h"

#define MSR_GS_BASE 0xc0000101

    .text

/* Each stub is 8 bytes so that trap_stubs[vector] is arithmetic. Vectors for which the CPU pushes
 * an error code: 8, 10-14, 17, 21, 29, 30. [intel-sdm3 6.13] */
    .balign 8
    .global trap_stubs
trap_stubs:
    .set vector, 0
    .rept VECTOR_COUNT
    .balign 8
    pushq   $vector
    .if vector == 8
    jmp     trap_careful
    .elseif vector == 1 || vector == 2 || vector == 18
    jmp     trap_careful_without_error
    .elseif vector == 14
    jmp     trap_page_fault
    .elseif (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    jmp     trap_common
    .else
    jmp     trap_without_error
    .endif
    .set vector, vector + 1
    .endr

/* Makes room for an error code of 0 in front of the vector. */
    .macro push_error
    pushq   (%rsp)
    movq    $0, 8(%rsp)
    .endm

/* Those that C functions use freely, then those that they keep. */
    .macro push_scratch
    pushq   %rdi
    pushq   %rsi
    pushq   %rdx
    pushq   %rcx
    pushq   %rax
    pushq   %r8
    pushq   %r9
    pushq   %r10
    pushq   %r11
    cld
    clac_site
    .endm

    .macro push_kept
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    .endm

    .macro push_registers
    push_scratch
    push_kept
    .endm

    .macro pop_kept
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    .endm

    .macro pop_scratch
    popq    %r11
    popq    %r10
    popq    %r9
    popq    %r8
    popq    %rax
    popq    %rcx
    popq    %rdx
    popq    %rsi
    popq    %rdi
    addq    $16, %rsp
    .endm

    .macro pop_registers
    pop_kept
    pop_scratch
    .endm

/* CLAC where the CPU has SMAP; arch/features.c turns it into a NOP elsewhere. */
    .macro clac_site
661:
    clac
    .pushsection .smap_sites, "a"
    .quad   661b
    .popsection
    .endm

trap_without_error:
    push_error
trap_common:
    testb   $3, 24(%rsp)                /* the interrupted CS */
    jz      1f
    swapgs
1:
trap_common_from_kernel:
    push_registers
trap_registers_saved:
    movq    %rsp, %rdi
    xorl    %ebp, %ebp                  /* a backtrace goes on from the frame itself */
    call    trap_dispatch
    testb   $3, TRAP_FRAME_CS(%rsp)
    jz      trap_leave_kernel
    .global trap_return_to_user
trap_return_to_user:                    /* interrupts off, the frame on top of the stack */
    cmpl    $0, %gs:PERCPU_USER_WORK
    jne     trap_do_user_work
trap_leave_user:
    pop_registers
    swapgs
    iretq
trap_leave_kernel:
    pop_registers
    iretq
    .global trap_do_user_work
trap_do_user_work:
    movq    %rsp, %rdi
    xorl    %ebp, %ebp
    call    *trap_user_work(%rip)       /* comes back when there is no more */
    jmp     trap_leave_user

/* void trap_resume(struct trap_frame *): into ring 3 with these registers, which lie on the stack of the
 * running thread. Leaves that stack as the next entry will find it: empty. */
    .global trap_resume
trap_resume:
    cli
    movq    %rdi, %rsp
    jmp     trap_return_to_user

/* Most page faults of ring 3 are resolved by one C function, which needs no trap frame. What it does not
 * resolve goes the common way. */
trap_page_fault:
    testb   $3, 24(%rsp)
    jz      trap_common_from_kernel
    swapgs
    push_scratch
    movq    %cr2, %rdi
    movl    TRAP_FRAME_ERROR - TRAP_FRAME_R11(%rsp), %esi
    call    *trap_user_page_fault(%rip)
    testb   %al, %al
    jz      2f
    cmpl    $0, %gs:PERCPU_USER_WORK
    jne     3f
    pop_scratch
    swapgs
    iretq
2:  push_kept
    jmp     trap_registers_saved
3:  push_kept
    jmp     trap_do_user_work

/* Debug, NMI, double fault and machine check may come where CS says ring 0 while GS and RSP are still
 * the program's. They run on stacks of their own, whose top word holds this CPU's percpu pointer: GS
 * is saved, set and put back whatever it was. */
trap_careful_without_error:
    push_error
trap_careful:
    push_registers
    testb   $3, TRAP_FRAME_CS(%rsp)
    jnz     trap_careful_from_user
    movl    $MSR_GS_BASE, %ecx
    rdmsr
    shlq    $32, %rdx
    orq     %rax, %rdx
    movq    %rdx, %r12
    movq    %rsp, %rax
    orq     $IST_STACK_BYTES - 1, %rax
    movq    -7(%rax), %rax              /* last eight bytes of the stack */
    movq    %rax, %rdx
    shrq    $32, %rdx
    wrmsr
    movq    %rsp, %rdi
    xorl    %ebp, %ebp
    call    trap_dispatch
    movq    %r12, %rax
    movq    %r12, %rdx
    shrq    $32, %rdx
    movl    $MSR_GS_BASE, %ecx
    wrmsr
    jmp     trap_leave_kernel

/* From ring 3 nothing is in doubt, and the handler may want to sleep: on as an ordinary trap, on the
 * thread's own stack, with the frame where the CPU would have put it. */
trap_careful_from_user:
    swapgs
    movq    %rsp, %rsi
    movq    %gs:PERCPU_KERNEL_STACK, %rdi
    subq    $TRAP_FRAME_BYTES, %rdi
    movl    $TRAP_FRAME_BYTES / 8, %ecx
    movq    %rdi, %rsp
    rep movsq
    jmp     trap_registers_saved

    .section .note.GNU-stack, "", @progbits
