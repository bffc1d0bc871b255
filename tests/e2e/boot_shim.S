/* SPDX-License-Identifier: Apache-2.0 */
/* A loader that lies: QEMU starts it through PVH, it makes up boot facts (FACTS, a number below) and
 * jumps to the kernel's real entry, which the test has put in memory beside it. KERNEL_PVH and
 * KERNEL_MULTIBOOT2 are the physical addresses of the two entries. [pvh; multiboot2 3.6] */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long _start

    .text
    .code32
    .globl _start
_start:
#if FACTS == 9                          /* a magic of no protocol */
    movl $0x12345678, %eax
    movl $facts, %ebx
    jmp *multiboot2_entry
#elif FACTS >= 10                       /* multiboot2 */
    movl $0x36d76289, %eax
    movl $facts, %ebx
    jmp *multiboot2_entry
#else
    movl $facts, %ebx
    jmp *pvh_entry
#endif

    .data
    .balign 8
pvh_entry:        .long KERNEL_PVH
multiboot2_entry: .long KERNEL_MULTIBOOT2

    .balign 8
/* start_info: magic, version, flags, modules, module list, command line, RSDP, map, entries, 0 */
#if FACTS == 0                          /* good facts but an empty root: the control */
facts:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
#elif FACTS == 1                        /* wrong magic behind the PVH entry */
facts:  .long 0x11111111, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
#elif FACTS == 2                        /* no memory map */
facts:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, 0, 0; .long 0, 0
#elif FACTS == 3                        /* version 0 has no place for a map */
facts:  .long 0x336ec578, 0, 0, 0; .long 0, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
#elif FACTS == 4                        /* initrd outside RAM */
facts:  .long 0x336ec578, 1, 0, 1; .long modules, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
modules: .long 0x70000000, 0x0, 0x1000, 0x0, 0, 0, 0, 0
#elif FACTS == 5                        /* initrd over the kernel */
facts:  .long 0x336ec578, 1, 0, 1; .long modules, 0, cmdline, 0, 0, 0, map, 0; .long 2, 0
modules: .long 0x100000, 0x0, 0x1000, 0x0, 0, 0, 0, 0
#elif FACTS == 6                        /* map without RAM */
facts:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, holes, 0; .long 1, 0
holes:  .long 0, 0, 0x0, 0x1; .long 2, 0
#elif FACTS == 7                        /* map at the end of the address space */
facts:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, 0xfffff000, 0xffffffff; .long 2, 0
#elif FACTS == 8                        /* a range that wraps */
facts:  .long 0x336ec578, 1, 0, 0; .long 0, 0, cmdline, 0, 0, 0, wraps, 0; .long 1, 0
wraps:  .long 0xfffff000, 0xffffffff, 0x2000, 0x0; .long 1, 0
#elif FACTS == 9
facts:  .long 0, 0
#elif FACTS == 10                       /* multiboot2 without a map */
facts:  .long 24, 0; .long 1, 8; .long 0, 8
#elif FACTS == 11                       /* a tag longer than the whole */
facts:  .long 24, 0; .long 6, 0x1000, 24, 0
#elif FACTS == 12                       /* absurd total size */
facts:  .long 0xffffffff, 0; .long 0, 8
#endif
    .balign 8
map:    .long 0, 0, 0x9f000, 0x0; .long 1, 0
        .long 0x100000, 0x0, 0x7f00000, 0x0; .long 1, 0
cmdline: .asciz "debug_exit=0xf4 log=info -- /hello"
