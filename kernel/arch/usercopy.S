/* SPDX-License-Identifier: Apache-2.0 */
/* The only instructions that touch user memory from ring 0. Each returns how many bytes it could
 * not do: a fault at a `fault` label continues at its fix-up (trap_fixup). Prototypes: arch/usercopy.h */

#define FPU_MXCSR        24
#define FPU_SOFTWARE     464 /* 48 bytes of an FXSAVE image that the CPU leaves alone [intel-sdm1 10.5.1] */
#define FPU_HEADER       512
#define FPU_HEADER_BYTES 64

    .macro smap_site instruction
661:
    \instruction
    .pushsection .smap_sites, "a"
    .quad   661b
    .popsection
    .endm

    .text
    .global arch_user_copy
arch_user_copy:                         /* (dst, src, bytes) */
    smap_site stac
    movq    %rdx, %rcx
    shrq    $3, %rcx
    andl    $7, %edx
copy_words:
    rep movsq
    movl    %edx, %ecx
copy_bytes:
    rep movsb
    smap_site clac
    xorl    %eax, %eax
    ret
copy_words_fixup:
    leaq    (%rdx, %rcx, 8), %rax
    smap_site clac
    ret
copy_bytes_fixup:
    movq    %rcx, %rax
    smap_site clac
    ret

    .global arch_user_zero
arch_user_zero:                         /* (dst, bytes) */
    smap_site stac
    xorl    %eax, %eax
    movq    %rsi, %rcx
    shrq    $3, %rcx
    andl    $7, %esi
zero_words:
    rep stosq
    movl    %esi, %ecx
zero_bytes:
    rep stosb
    smap_site clac
    ret
zero_words_fixup:
    leaq    (%rsi, %rcx, 8), %rax
    smap_site clac
    ret
zero_bytes_fixup:
    movq    %rcx, %rax
    smap_site clac
    ret

    .global arch_user_string
arch_user_string:                       /* (dst, src, capacity): bytes up to and with the NUL, */
    smap_site stac                      /* 0: none within capacity, -1: fault */
    movq    %rdx, %rcx
    xorl    %eax, %eax
    /* Eight at a time: (word - 0x01..) & ~word has a lane's top bit set at the first zero byte, and not below it. A
     * word may reach into a page that the string does not: what faults for good is read again byte by byte. */
    movabsq $0x0101010101010101, %r9
    movq    %r9, %r10
    shlq    $7, %r10
1:  leaq    8(%rax), %r11
    cmpq    %rcx, %r11
    ja      string_bytes
string_word:
    movq    (%rsi, %rax), %r8
    movq    %r8, %r11
    notq    %r11
    movq    %r8, %rdx
    subq    %r9, %rdx
    andq    %r11, %rdx
    andq    %r10, %rdx
    jnz     3f
    movq    %r8, (%rdi, %rax)
    addq    $8, %rax
    jmp     1b
3:  leaq    -1(%rdx), %r11              /* the bytes up to the NUL, and zeros */
    xorq    %rdx, %r11
    andq    %r11, %r8
    movq    %r8, (%rdi, %rax)
    bsfq    %rdx, %rdx
    shrl    $3, %edx
    leaq    1(%rax, %rdx), %rax
    smap_site clac
    ret
string_bytes:
1:  cmpq    %rcx, %rax
    je      2f
string_byte:
    movb    (%rsi, %rax), %r8b
    movb    %r8b, (%rdi, %rax)
    incq    %rax
    testb   %r8b, %r8b
    jne     1b
    smap_site clac
    ret
2:  xorl    %eax, %eax
    smap_site clac
    ret
string_fixup:
    movq    $-1, %rax
    smap_site clac
    ret

/* Words that threads of the program change at the same time. A fault is not resolved but ends the access at
 * once, whatever locks are held (trap_fixup_at_once); but for the touch, which exists to resolve it. */
    .global arch_user_load32
arch_user_load32:                       /* (word): its value, -1: fault */
    smap_site stac
load_word:
    movl    (%rdi), %eax
    smap_site clac
    ret

    .global arch_user_compare_exchange32
arch_user_compare_exchange32:           /* (word, expected, desired): what was there, -1: fault */
    movl    %esi, %eax
    smap_site stac
exchange_word:
    lock cmpxchgl %edx, (%rdi)
    smap_site clac
    ret
word_fixup:
    movq    $-1, %rax
    smap_site clac
    ret

    .global arch_user_touch32
arch_user_touch32:                      /* (word): 0, or not 0 where it cannot be written */
    smap_site stac
touch_word:
    lock orl $0, (%rdi)
    xorl    %eax, %eax
    smap_site clac
    ret

/* An image of the floating-point state as signal frames hold it. */
    .global arch_user_xsave
arch_user_xsave:                        /* (area, head, components, bytes, mark): 0, or 1 after a fault */
    smap_site stac
    movl    %edx, %eax
    movq    %rcx, %r9
    movq    %rdi, %r10
    addq    $FPU_SOFTWARE, %rdi
    movl    $(FPU_HEADER + FPU_HEADER_BYTES - FPU_SOFTWARE) / 8, %ecx
xsave_head:
    rep movsq
    xorl    %edx, %edx
xsave_registers:
    xsave64 (%r10)
xsave_legacy:
    orb     $3, FPU_HEADER(%r10)        /* x87 and SSE */
xsave_mark:
    movl    %r8d, (%r10, %r9)
    smap_site clac
    xorl    %eax, %eax
    ret

/* The way back for an image that is whole, as nearly all are: software's first 20 bytes, the mark and MXCSR are what
 * they should be. 1: they are not, or a fault. */
    .global arch_user_xrstor_whole
arch_user_xrstor_whole:                 /* (area, head, components, bytes, mark, reserved bits of MXCSR) */
    smap_site stac
whole_magic:
    movq    FPU_SOFTWARE(%rdi), %rax
    cmpq    (%rsi), %rax
    jne     one_fixup
whole_features:
    movq    FPU_SOFTWARE + 8(%rdi), %rax
    cmpq    8(%rsi), %rax
    jne     one_fixup
whole_bytes:
    movl    FPU_SOFTWARE + 16(%rdi), %eax
    cmpl    16(%rsi), %eax
    jne     one_fixup
whole_mark:
    cmpl    %r8d, (%rdi, %rcx)
    jne     one_fixup
whole_mxcsr:
    testl   %r9d, FPU_MXCSR(%rdi)
    jne     one_fixup
    movl    %edx, %eax
    xorl    %edx, %edx
whole_registers:
    xrstor64 (%rdi)
    smap_site clac
    xorl    %eax, %eax
    ret

/* One instruction that does it all. */
    .macro user_fpu name, instruction
    .global \name
\name:                                  /* (area, components): 0, or 1 after a fault */
    smap_site stac
    movl    %esi, %eax
    xorl    %edx, %edx
\name\()_at:
    \instruction (%rdi)
    smap_site clac
    xorl    %eax, %eax
    ret
    .endm

    user_fpu arch_user_xrstor, xrstor64
    user_fpu arch_user_fxsave, fxsave64
    user_fpu arch_user_fxrstor, fxrstor64

    .global arch_user_read_u64
arch_user_read_u64:                     /* (src): RAX, and RDX is 0, or 1 after a fault */
    smap_site stac
    xorl    %edx, %edx
read_u64:
    movq    (%rdi), %rax
    smap_site clac
    ret
read_u64_fixup:
    incl    %edx
    smap_site clac
    ret

    .global arch_user_write_u64
arch_user_write_u64:                    /* (dst, value): 0, or 1 after a fault */
    smap_site stac
write_u64:
    movq    %rsi, (%rdi)
    smap_site clac
    xorl    %eax, %eax
    ret

    .global arch_user_read_u32
arch_user_read_u32:                     /* (dst, src): 0, or 1 after a fault */
    smap_site stac
read_u32:
    movl    (%rsi), %eax
    smap_site clac
    movl    %eax, (%rdi)
    xorl    %eax, %eax
    ret
one_fixup:
    smap_site clac
    movl    $1, %eax
    ret

    .section .rodata
    .balign 8
    .global trap_fixups, trap_fixups_end, trap_fixups_at_once
trap_fixups:
    .quad copy_words, copy_words_fixup
    .quad copy_bytes, copy_bytes_fixup
    .quad zero_words, zero_words_fixup
    .quad zero_bytes, zero_bytes_fixup
    .quad string_word, string_bytes
    .quad string_byte, string_fixup
    .quad xsave_head, one_fixup
    .quad xsave_registers, one_fixup
    .quad xsave_legacy, one_fixup
    .quad xsave_mark, one_fixup
    .quad whole_magic, one_fixup
    .quad whole_features, one_fixup
    .quad whole_bytes, one_fixup
    .quad whole_mark, one_fixup
    .quad whole_mxcsr, one_fixup
    .quad whole_registers, one_fixup
    .quad arch_user_xrstor_at, one_fixup
    .quad arch_user_fxsave_at, one_fixup
    .quad arch_user_fxrstor_at, one_fixup
    .quad read_u32, one_fixup
    .quad read_u64, read_u64_fixup
    .quad write_u64, one_fixup
    .quad touch_word, one_fixup
trap_fixups_at_once:
    .quad load_word, word_fixup
    .quad exchange_word, word_fixup
trap_fixups_end:

    .section .note.GNU-stack, "", @progbits
