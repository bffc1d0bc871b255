/* SPDX-License-Identifier: Apache-2.0 */
/* From the loader's jump to C.
 *
 * PVH and multiboot2 both enter in 32-bit protected mode without paging, so one stub serves both.
 * It builds the smallest page tables that work: a direct map of the first 4 GiB (also seen at
 * address 0, for the few instructions until we jump high) and the image at -2 GiB. mm/kernel_map.c
 * replaces them. Nothing here touches memory outside the image. */

#include "offsets.h"

#define KERNEL_BASE 0xffffffff80000000
#define PHYS(symbol) ((symbol) - KERNEL_BASE)

#define PTE_P    0x001
#define PTE_W    0x002
#define PTE_PS   0x080
#define LEAF     (PTE_P | PTE_W | PTE_PS)
#define TABLE    (PTE_P | PTE_W)

#define MSR_EFER      0xc0000080
#define EFER_SCE_LME_NXE 0x901 /* SYSCALL, long mode, NX [intel-sdm3 2.2.1] */
#define CR0_PE 0x1
#define CR0_PE_MP_NE_WP_PG 0x80010023
#define CR4_PAE       0x20

/* ---- what loaders look for ---- */
    .section .note.pvh, "a", @note      /* [pvh] XEN_ELFNOTE_PHYS32_ENTRY */
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PHYS(pvh_entry)

    .section .multiboot2, "a"           /* [multiboot2 3.1] */
    .balign 8
multiboot2_header:
    .long 0xe85250d6, 0, multiboot2_end - multiboot2_header
    .long -(0xe85250d6 + (multiboot2_end - multiboot2_header))
    .short 3, 0                         /* entry address */
    .long 12, PHYS(multiboot2_entry), 0
    .short 5, 1                         /* framebuffer wanted, any size, optional */
    .long 20, 0, 0, 0, 0
    .short 6, 0                         /* modules page aligned: initramfs pages are mapped in place */
    .long 8
    .short 0, 0
    .long 8
multiboot2_end:

    .section .text.boot, "ax"
    .code32
    .global boot_entry_virtual
boot_entry_virtual:                     /* e_entry: for a debugger; loaders use the two above */
pvh_entry:
    xorl    %eax, %eax                  /* PVH promises no magic in a register; 0 stands for it */
multiboot2_entry:
    cli
    cld
    movl    %eax, %ebp                  /* magic, until C gets it */
    movl    %ebx, %esi                  /* the loader's facts */
    movl    $PHYS(boot_stack_top), %esp

    movl    $0x80000000, %eax
    cpuid
    movl    $PHYS(no_long_mode_text), %edi
    cmpl    $0x80000001, %eax
    jb      boot_refuse
    movl    $0x80000001, %eax
    cpuid
    btl     $29, %edx                   /* long mode [intel-sdm2 CPUID] */
    jnc     boot_refuse
    movl    $PHYS(no_nx_text), %edi
    btl     $20, %edx                   /* no execute: W^X depends on it */
    jnc     boot_refuse

    movl    $PHYS(boot_pdpt_direct) + TABLE, %eax
    movl    %eax, PHYS(boot_pml4)
    movl    %eax, PHYS(boot_pml4) + 256 * 8
    movl    $PHYS(boot_pdpt_image) + TABLE, PHYS(boot_pml4) + 511 * 8
    movl    $PHYS(boot_pd_image) + TABLE, PHYS(boot_pdpt_image) + 510 * 8
    movl    $LEAF, PHYS(boot_pd_image)
    movl    $0x200000 + LEAF, PHYS(boot_pd_image) + 8
    movl    $0x400000 + LEAF, PHYS(boot_pd_image) + 16

    btl     $26, %edx                   /* 1 GiB leaves */
    jnc     1f
    movl    $0x00000000 + LEAF, PHYS(boot_pdpt_direct)
    movl    $0x40000000 + LEAF, PHYS(boot_pdpt_direct) + 8
    movl    $0x80000000 + LEAF, PHYS(boot_pdpt_direct) + 16
    movl    $0xc0000000 + LEAF, PHYS(boot_pdpt_direct) + 24
    jmp     3f
1:                                      /* four directories of 2 MiB leaves instead */
    movl    $PHYS(boot_pd_direct), %edi
    movl    $LEAF, %eax
    movl    $4 * 512, %ecx
2:  movl    %eax, (%edi)
    addl    $0x200000, %eax
    addl    $8, %edi
    loop    2b
    movl    $PHYS(boot_pd_direct) + 0x0000 + TABLE, PHYS(boot_pdpt_direct)
    movl    $PHYS(boot_pd_direct) + 0x1000 + TABLE, PHYS(boot_pdpt_direct) + 8
    movl    $PHYS(boot_pd_direct) + 0x2000 + TABLE, PHYS(boot_pdpt_direct) + 16
    movl    $PHYS(boot_pd_direct) + 0x3000 + TABLE, PHYS(boot_pdpt_direct) + 24
3:
    movl    $CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $PHYS(boot_pml4), %eax
    movl    %eax, %cr3
    movl    $MSR_EFER, %ecx
    movl    $EFER_SCE_LME_NXE, %eax
    xorl    %edx, %edx
    wrmsr
    movl    $CR0_PE_MP_NE_WP_PG, %eax
    movl    %eax, %cr0
    lgdt    PHYS(boot_gdt_pointer)
    ljmp    $0x08, $PHYS(boot_long_mode)

/* The machine cannot run us: say why, the text at %edi, on the first serial port, and stop. */
boot_refuse:
4:  movl    $0x10000, %ecx
5:  movw    $0x3fd, %dx                 /* LSR: transmitter empty, or give up and write anyway */
    inb     %dx, %al
    testb   $0x20, %al
    loopz   5b
    movb    (%edi), %al
    testb   %al, %al
    jz      6f
    movw    $0x3f8, %dx
    outb    %al, %dx
    incl    %edi
    jmp     4b
6:  hlt
    jmp     6b

    .code64
boot_long_mode:
    movl    $0x10, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    xorl    %eax, %eax
    movl    %eax, %fs
    movl    %eax, %gs
    movq    $boot_stack_top, %rsp
    movl    %ebp, %edi
    movl    %esi, %esi
    xorl    %ebp, %ebp                  /* backtraces end here */
    movq    $kernel_main, %rax
    call    *%rax
    ud2

/* ---- the other CPUs ----
 * A startup interrupt begins in real mode at the first byte of a page below 1 MiB, where sched/cpu_start.c has put
 * a copy of what follows. The kernel's tables show that page at its own address meanwhile. [intel-sdm3 8.4.4] */
#define COPY(label) (STARTUP_PAGE + (label) - startup_code)

    .section .rodata
    .balign 16
    .code16
    .global startup_code, startup_code_end
startup_code:
    cli
    cld
    movw    %cs, %ax
    movw    %ax, %ds
    lgdtl   startup_gdt_pointer - startup_code
    movl    $CR0_PE, %eax
    movl    %eax, %cr0
    ljmpl   $0x18, $COPY(startup_protected)
    .code32
startup_protected:
    movl    $0x10, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    $CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $PHYS(boot_pml4), %eax
    movl    %eax, %cr3
    movl    $MSR_EFER, %ecx
    movl    $EFER_SCE_LME_NXE, %eax
    xorl    %edx, %edx
    wrmsr
    movl    $CR0_PE_MP_NE_WP_PG, %eax
    movl    %eax, %cr0
    ljmp    $0x08, $COPY(startup_long)
    .code64
startup_long:
    movq    $startup_high, %rax
    jmp     *%rax
    .balign 8
startup_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
startup_gdt_pointer:
    .short . - startup_gdt - 1
    .long COPY(startup_gdt)
startup_code_end:

/* Which of the CPUs that were called is this? Its APIC id says: by the leaf for more than 255 of them where there is
 * one, as ACPI does. One that nobody waits for any more stops here. [intel-sdm2 CPUID 0BH] */
    .text
startup_high:
    xorl    %eax, %eax
    movl    %eax, %fs
    movl    %eax, %gs
    cpuid
    cmpl    $0x0b, %eax
    jb      7f
    movl    $0x0b, %eax
    xorl    %ecx, %ecx
    cpuid
    testl   %ebx, %ebx
    jnz     8f
7:  movl    $1, %eax
    cpuid
    shrl    $24, %ebx
    movl    %ebx, %edx
8:  movq    $cpu_startups, %rdi
    movl    cpu_startup_count(%rip), %ecx
9:  subl    $1, %ecx
    jb      11f
    cmpl    %edx, CPU_STARTUP_APIC_ID(%rdi)
    je      10f
    addq    $CPU_STARTUP_BYTES, %rdi
    jmp     9b
10: movl    $CPU_STARTUP_CALLED, %eax
    movl    $CPU_STARTUP_CAME, %edx
    lock cmpxchgl %edx, CPU_STARTUP_STATE(%rdi)
    jne     11f
    movq    CPU_STARTUP_STACK_TOP(%rdi), %rsp
    movq    CPU_STARTUP_PERCPU(%rdi), %rdi
    xorl    %ebp, %ebp
    call    cpu_start_other
    ud2
11: hlt
    jmp     11b

    .section .rodata
no_long_mode_text: .asciz "cloudkernel: this CPU has no 64-bit mode\r\n"
no_nx_text:        .asciz "cloudkernel: this CPU has no NX bit\r\n"
    .balign 8
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_pointer:
    .short . - boot_gdt - 1
    .long PHYS(boot_gdt)

    .section .bss.page_aligned, "aw", @nobits
    .balign 4096
    .global boot_pml4
boot_pml4:        .skip 4096
boot_pdpt_direct: .skip 4096
boot_pdpt_image:  .skip 4096
boot_pd_image:    .skip 4096
boot_pd_direct:   .skip 4 * 4096
    .global boot_stack_guard, boot_stack_top
boot_stack_guard: .skip 4096              /* mm/kernel_map.c leaves it out of the final mapping */
                  .skip 16384
boot_stack_top:
    .global idle_stack_guard, idle_stack_top
idle_stack_guard: .skip 4096              /* likewise */
                  .skip CONFIG_IDLE_STACK_BYTES
idle_stack_top:

    .section .note.GNU-stack, "", @progbits
