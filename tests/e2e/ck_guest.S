/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest guest that speaks the channel, for tests of ck against a real QEMU: greets, sends its command
 * line, a megabyte, and the time stamp counter, and exits with 7. Enters through PVH: 32-bit,
 * flat, EBX at the start info. [xen hvm/start_info.h] */
.code32

.set COM1, 0x3f8
.set COM2, 0x2f8
.set LINE_STATUS, 5
.set TRANSMITTER_EMPTY, 0x20
.set DEBUG_EXIT, 0xf4

.section .note.pvh, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long _start

.text
/* AL to the port in EBX, when it has room, as a driver would. */
put:
    push %eax
    lea LINE_STATUS(%ebx), %edx
1:  in (%dx), %al
    test $TRANSMITTER_EMPTY, %al
    jz 1b
    pop %eax
    mov %ebx, %edx
    out %al, (%dx)
    ret

/* ECX bytes at ESI to the port in EBX. */
put_bytes:
    jecxz 2f
1:  lodsb
    call put
    loop 1b
2:  ret

/* The header of a STDOUT frame of ECX bytes. */
put_header:
    mov $2, %al
    call put
    mov $0, %al
    call put
    mov %cl, %al
    call put
    mov %ch, %al
    jmp put

.global _start
_start:
    cld
    mov $stack, %esp
    mov 24(%ebx), %ebp /* the command line's address */

    mov $COM1, %ebx
    mov $log, %esi
    mov $log_bytes, %ecx
    call put_bytes

    mov $COM2, %ebx
    mov $hello, %esi
    mov $hello_bytes, %ecx
    call put_bytes

    mov %ebp, %edi
    xor %eax, %eax
    mov $-1, %ecx
    repne scasb
    not %ecx
    dec %ecx
    call put_header
    mov %ebp, %esi
    call put_bytes

    mov $256, %edi
3:  mov $4096, %ecx
    call put_header
4:  mov $'x', %al
    call put
    loop 4b
    dec %edi
    jnz 3b

    mov $8, %ecx
    call put_header
    rdtsc
    mov %eax, counter
    mov %edx, counter + 4
    mov $counter, %esi
    call put_bytes

    mov $bye, %esi
    mov $bye_bytes, %ecx
    call put_bytes
    mov $DEBUG_EXIT, %edx
    xor %eax, %eax
    out %eax, (%dx)
5:  hlt
    jmp 5b

.data
counter:
    .quad 0
log:
    .ascii "guest: up\n"
    .set log_bytes, . - log
hello:
    .byte 1, 0, 8, 0
    .ascii "CKCH"
    .long 4
    .set hello_bytes, . - hello
bye:
    .byte 4, 0, 8, 0
    .long 0, 7
    .set bye_bytes, . - bye

.bss
    .skip 4096
stack:
