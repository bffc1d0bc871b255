/* SPDX-License-Identifier: Apache-2.0 */
/* SYSCALL entry and the first way into ring 3. [intel-sdm2 SYSCALL, SYSRET; sysv-abi-amd64 A.2]
 *
 * On entry: RAX number, RDI RSI RDX R10 R8 R9 arguments, RCX return address, R11 flags, GS and RSP
 * still the program's, IF clear (IA32_FMASK). The program gets back every register but RAX, RCX, R11.
 * C handlers keep RBX, RBP and R12-R15 themselves. */
#include "offsets.h"

/* Where enter_kernel leaves what the program gets back; the first seven are struct syscall_arguments. */
#define SAVED_NUMBER 0
#define SAVED_R9     8
#define SAVED_R8     16
#define SAVED_R10    24
#define SAVED_RDX    32
#define SAVED_RSI    40
#define SAVED_RDI    48
#define SAVED_RIP    56
#define SAVED_RFLAGS 64
#define SAVED_RSP    72

/* The kernel's GS and stack. The number is kept for calls that are begun again after a signal. */
    .macro enter_kernel
    swapgs
    movq    %rsp, %gs:PERCPU_USER_STACK
    movq    %gs:PERCPU_KERNEL_STACK, %rsp
    pushq   %gs:PERCPU_USER_STACK
    pushq   %r11
    pushq   %rcx
    pushq   %rdi
    pushq   %rsi
    pushq   %rdx
    pushq   %r10
    pushq   %r8
    pushq   %r9
    pushq   %rax
    sti
    .endm

/* The same as a struct trap_frame with %rax as the result, when RBX, RBP and R12-R15 are the program's.
 * PUSH takes its operand's address before it moves RSP. */
    .macro push_syscall_frame
    pushq   $SEGMENT_USER_DATA
    pushq   SAVED_RSP + 1 * 8(%rsp)
    pushq   SAVED_RFLAGS + 2 * 8(%rsp)
    pushq   $SEGMENT_USER_CODE
    pushq   SAVED_RIP + 4 * 8(%rsp)
    pushq   SAVED_NUMBER + 5 * 8(%rsp)  /* in the place of an error code */
    pushq   $VECTOR_SYSCALL
    pushq   SAVED_RDI + 7 * 8(%rsp)
    pushq   SAVED_RSI + 8 * 8(%rsp)
    pushq   SAVED_RDX + 9 * 8(%rsp)
    pushq   SAVED_RIP + 10 * 8(%rsp)
    pushq   %rax
    pushq   SAVED_R8 + 12 * 8(%rsp)
    pushq   SAVED_R9 + 13 * 8(%rsp)
    pushq   SAVED_R10 + 14 * 8(%rsp)
    pushq   SAVED_RFLAGS + 15 * 8(%rsp)
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    .endm

    .text
    .global syscall_entry
syscall_entry:
    enter_kernel
    movq    %r10, %rcx                  /* the fourth C argument */
    cmpq    $SYSCALL_COUNT, %rax
    jae     syscall_out_of_range
    call    *syscall_table(, %rax, 8)
syscall_return:
    cli
    cmpl    $0, %gs:PERCPU_USER_WORK
    jne     syscall_user_work
    movq    SAVED_R9(%rsp), %r9
    movq    SAVED_R8(%rsp), %r8
    movq    SAVED_R10(%rsp), %r10
    movq    SAVED_RDX(%rsp), %rdx
    movq    SAVED_RSI(%rsp), %rsi
    movq    SAVED_RDI(%rsp), %rdi
    movq    SAVED_RIP(%rsp), %rcx
    movq    SAVED_RFLAGS(%rsp), %r11
    /* SYSRET to a non-canonical RCX would fault in ring 0. RCX is the address after a SYSCALL, and the page
     * below the first such address is never mapped: USER_END. Registers that were changed go by IRETQ. */
    movq    SAVED_RSP(%rsp), %rsp       /* a trap from here on is NMI-like and has its own stack */
    swapgs
    sysretq

syscall_out_of_range:
    movq    %rax, %rdi
    call    syscall_unknown
    jmp     syscall_return

    .global syscall_missing
syscall_missing:                        /* called through the table, RAX still the number */
    movq    %rax, %rdi
    jmp     syscall_unknown

syscall_user_work:
    push_syscall_frame
    jmp     trap_do_user_work

/* Calls that look at all registers of the program, or set them: the C function gets the frame, and ring 3
 * begins with what it then holds. Called through the table. */
    .macro frame_call name
    .global sys_\name
sys_\name:
    leaq    \name\()_with_frame(%rip), %rax
    jmp     syscall_with_frame
    .endm
    frame_call clone
    frame_call clone3
    frame_call fork
    frame_call vfork
    frame_call execve
    frame_call execveat
    frame_call rt_sigreturn
    frame_call sigaltstack

syscall_with_frame:
    addq    $8, %rsp                    /* does not return by the table's call */
    push_syscall_frame
    movq    %rsp, %rdi
    call    *%rax
    movq    %rax, TRAP_FRAME_RAX(%rsp)
    cli
    jmp     trap_return_to_user

/* The traced twin, in LSTAR while system calls are traced: C sees number and arguments, then the result. */
    .global syscall_entry_traced
syscall_entry_traced:
    enter_kernel
    movq    %rsp, %rdi
    call    syscall_trace_enter
    movq    SAVED_NUMBER(%rsp), %rax
    movq    SAVED_R9(%rsp), %r9
    movq    SAVED_R8(%rsp), %r8
    movq    SAVED_R10(%rsp), %rcx
    movq    SAVED_RDX(%rsp), %rdx
    movq    SAVED_RSI(%rsp), %rsi
    movq    SAVED_RDI(%rsp), %rdi
    cmpq    $SYSCALL_COUNT, %rax
    jae     1f
    call    *syscall_table(, %rax, 8)
    jmp     2f
1:  movq    %rax, %rdi
    call    syscall_unknown
2:  movq    %rax, %rdi
    call    syscall_trace_leave         /* gives the result back */
    jmp     syscall_return

    .section .note.GNU-stack, "", @progbits
