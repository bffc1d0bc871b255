/* SPDX-License-Identifier: Apache-2.0 */
/* A loader that lies: QEMU starts it through PVH, it makes up boot facts and jumps to the kernel's real
 * entry, which the test has put in memory beside it. The first letter of QEMU's own command line (-append)
 * chooses the lie. The linker is told where the kernel's two entries are. [pvh; multiboot2 3.6] */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long _start

    .text
    .code32
    .globl _start
_start:
    movl    24(%ebx), %esi              /* the real start info's command line */
    movzbl  (%esi), %ecx
    subl    $'a', %ecx
    shll    $4, %ecx
    movl    lies(%ecx), %eax            /* what a multiboot2 loader leaves there */
    movl    lies+4(%ecx), %ebx
    jmp     *lies+8(%ecx)

    .data
    .balign 16
lies:                                   /* EAX, EBX, entry */
    .long 0, facts_0, kernel_pvh, 0    /* 'a' */
    .long 0, facts_1, kernel_pvh, 0    /* 'b' */
    .long 0, facts_2, kernel_pvh, 0    /* 'c' */
    .long 0, facts_3, kernel_pvh, 0    /* 'd' */
    .long 0, facts_4, kernel_pvh, 0    /* 'e' */
    .long 0, facts_5, kernel_pvh, 0    /* 'f' */
    .long 0, facts_6, kernel_pvh, 0    /* 'g' */
    .long 0, facts_7, kernel_pvh, 0    /* 'h' */
    .long 0, facts_8, kernel_pvh, 0    /* 'i' */
    .long 0x12345678, facts_9, kernel_multiboot2, 0    /* 'j' */
    .long 0x36d76289, facts_10, kernel_multiboot2, 0    /* 'k' */
    .long 0x36d76289, facts_11, kernel_multiboot2, 0    /* 'l' */
    .long 0x36d76289, facts_12, kernel_multiboot2, 0    /* 'm' */

    .balign 8
/* start_info: magic, version, flags, modules, module list, command line, RSDP, map, entries, 0 */
/* the control: good facts, but no initrd */
facts_0:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
    .balign 8
/* wrong magic behind the PVH entry */
facts_1:  .long 0x11111111, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
    .balign 8
/* no memory map */
facts_2:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, 0, 0; .long 0, 0
    .balign 8
/* version 0 has no place for a map */
facts_3:  .long 0x336ec578, 0, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
    .balign 8
/* initrd outside RAM */
facts_4:  .long 0x336ec578, 1, 0, 1; .long modules, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
modules: .long 0x70000000, 0x0, 0x1000, 0x0, 0, 0, 0, 0
    .balign 8
/* initrd over the kernel */
facts_5:  .long 0x336ec578, 1, 0, 1; .long modules_5, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
modules_5: .long 0x100000, 0x0, 0x1000, 0x0, 0, 0, 0, 0
    .balign 8
/* map without RAM */
facts_6:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, holes, 0; .long 1, 0
holes:  .long 0, 0, 0x0, 0x1; .long 2, 0
    .balign 8
/* map at the end of the address space */
facts_7:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, 0xfffff000, 0xffffffff; .long 2, 0
    .balign 8
/* a range that wraps */
facts_8:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, wraps, 0; .long 1, 0
wraps:  .long 0xfffff000, 0xffffffff, 0x2000, 0x0; .long 1, 0
    .balign 8
/* a magic of no protocol */
facts_9:  .long 0, 0
    .balign 8
/* multiboot2 without a map */
facts_10:  .long 24, 0; .long 1, 8; .long 0, 8
    .balign 8
/* a tag longer than the whole */
facts_11:  .long 24, 0; .long 6, 0x1000, 24, 0
    .balign 8
/* absurd total size */
facts_12:  .long 0xffffffff, 0; .long 0, 8
    .balign 8
map:    .long 0, 0, 0x9f000, 0x0; .long 1, 0
        .long 0x100000, 0x0, 0x7f00000, 0x0; .long 1, 0
cmdline: .asciz "debug_exit=0xf4 log=info -- /hello"
