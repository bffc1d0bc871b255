/* SPDX-License-Identifier: Apache-2.0 */
/* SYSCALL entry and the first way into ring 3. [intel-sdm2 SYSCALL, SYSRET; sysv-abi-amd64 A.2]
 *
 * On entry: RAX number, RDI RSI RDX R10 R8 R9 arguments, RCX return address, R11 flags, GS and RSP
 * still the program's, IF clear (IA32_FMASK). The program gets back every register but RAX, RCX, R11.
 * C handlers keep RBX, RBP and R12-R15 themselves. */
#include "offsets.h"

/* The kernel's GS and stack, and on it what the program gets back; struct traced_arguments is its top. */
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
    sti
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
syscall_leave:
    popq    %r9
    popq    %r8
    popq    %r10
    popq    %rdx
    popq    %rsi
    popq    %rdi
    popq    %rcx
    popq    %r11
    /* SYSRET with a non-canonical RCX faults in ring 0 on the program's stack. RCX is the address
     * after a SYSCALL, so the only such value is the first one above user space. */
    btq     $47, %rcx
    jc      syscall_leave_bad_rip
    popq    %rsp                        /* a trap from here on is NMI-like and has its own stack */
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
    pushq   %rax
    subq    $8, %rsp
    call    *trap_user_work(%rip)
    addq    $8, %rsp
    popq    %rax
    jmp     syscall_leave

/* IRETQ takes such an address without harm here: the program then faults in ring 3. */
syscall_leave_bad_rip:
    movq    (%rsp), %r11
    pushq   $SEGMENT_USER_DATA
    pushq   %r11
    pushq   $SYSCALL_RFLAGS
    pushq   $SEGMENT_USER_CODE
    shlq    $16, %rcx                   /* sign extension: canonical, and never mapped for ring 3 */
    sarq    $16, %rcx
    pushq   %rcx
    swapgs
    iretq

/* The traced twin, in LSTAR while system calls are traced: C sees number, arguments and result. */
    .global syscall_entry_traced
syscall_entry_traced:
    enter_kernel
    movq    %rax, %rdi
    movq    %rsp, %rsi
    call    syscall_traced
    jmp     syscall_return

/* int64_t syscall_call(uint64_t number, const struct traced_arguments *): the saved argument
 * registers are in the order of the pushes above. */
    .global syscall_call
syscall_call:
    movq    %rdi, %rax
    movq    %rsi, %r11
    movq    0(%r11), %r9
    movq    8(%r11), %r8
    movq    16(%r11), %rcx
    movq    24(%r11), %rdx
    movq    32(%r11), %rsi
    movq    40(%r11), %rdi
    jmp     *syscall_table(, %rax, 8)

/* void user_enter(uint64_t rip, uint64_t rsp): the first instruction of a program, with every
 * register zero but RSP. Leaves the kernel stack as the next entry will find it: empty. */
    .global user_enter
user_enter:
    cli
    pushq   $SEGMENT_USER_DATA
    pushq   %rsi
    pushq   $SYSCALL_RFLAGS
    pushq   $SEGMENT_USER_CODE
    pushq   %rdi
    xorl    %eax, %eax
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %esi, %esi
    xorl    %edi, %edi
    xorl    %ebp, %ebp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    swapgs
    iretq

    .section .note.GNU-stack, "", @progbits
