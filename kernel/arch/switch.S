/* SPDX-License-Identifier: Apache-2.0 */
/* Where a new thread begins, with what context_prepare() left on its stack. */
    .text
    .global context_start
context_start:
    popq    %rax                        /* the entry */
    popq    %rdi                        /* its argument */
    xorl    %ebp, %ebp                  /* backtraces end here */
    call    *%rax
    ud2

    .section .note.GNU-stack, "", @progbits
