/* SPDX-License-Identifier: Apache-2.0 */
/* One system call with every register watched. The contract with compilers: whatever comes of a call, it changes
 * rax, rcx and r11, and no other general register, no vector register and no flag. */
#pragma once
#include "tests/conformance/call_kinds.h"

enum { VECTOR_BYTES = 32 };

/* In the order in which the assembly stores them. */
enum { RAX, RBX, RBP, RDI, RSI, RDX, R8, R9, R10, R12, R13, R14, R15, REGISTERS };
static uint64_t before[REGISTERS] __attribute__((used)), after[REGISTERS] __attribute__((used));
static uint8_t vectors_before[16][VECTOR_BYTES] __attribute__((aligned(32), used));
static uint8_t vectors_after[16][VECTOR_BYTES] __attribute__((aligned(32), used));
static uint64_t flags_after __attribute__((used));

/* Carry, parity, adjust, zero, sign, direction and overflow, all set; interrupts are on, and bit 1 is always set.
 * [intel-sdm1 3.4.3] */
#define WATCHED_FLAGS 0xed7
#define TEXT_OF(x)    #x
#define TEXT(x)       TEXT_OF(x)

#define EACH_VECTOR(text) ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" text "\n.endr\n"
#define EACH_REGISTER(op)                                                                                   \
    op(0, rax) op(8, rbx) op(16, rbp) op(24, rdi) op(32, rsi) op(40, rdx) op(48, r8) op(56, r9) op(64, r10) \
        op(72, r12) op(80, r13) op(88, r14) op(96, r15)
#define LOAD(at, name)  "movq before+" #at "(%rip), %" #name "\n"
#define STORE(at, name) "movq %" #name ", after+" #at "(%rip)\n"

#define WATCHED_CALL(name, move, kind)                                                                      \
    __asm__(".text\n" #name ":\n"                                                                           \
            "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n" EACH_VECTOR(         \
                #move " vectors_before+\\n*32(%rip), %" #kind "\\n")                                        \
                EACH_REGISTER(LOAD) "pushq $" TEXT(WATCHED_FLAGS) "\npopfq\nsyscall\n" EACH_REGISTER(STORE) \
                    EACH_VECTOR(#move                                                                       \
                                " %" #kind                                                                  \
                                "\\n, vectors_after+\\n*32(%rip)") "pushfq\npopq flags_after(%rip)\ncld\n"  \
                                                                   "popq %r15\npopq %r14\npopq %r13\npopq " \
                                                                   "%r12\npopq %rbp\npopq %rbx\nret\n")
void watched_call_sse(void);
void watched_call_avx(void);
WATCHED_CALL(watched_call_sse, movdqa, xmm);
WATCHED_CALL(watched_call_avx, vmovdqa, ymm);

static bool is_contract_kept(void)
{
    after[RAX] = before[RAX];
    return memcmp(before, after, sizeof before) == 0 && flags_after == WATCHED_FLAGS &&
           memcmp(vectors_before, vectors_after, sizeof vectors_before) == 0;
}

/* A parent that sees false here after its child died has seen the child's end, and no call. */
static inline long watched_call(long number, const uint64_t a[CALL_ARGUMENTS], bool *is_kept)
{
    static const int places[CALL_ARGUMENTS] = { RDI, RSI, RDX, R10, R8, R9 };
    for (int i = 0; i < REGISTERS; i++) before[i] = 0x0123456789abcdef * (uint64_t)(i + 3);
    for (size_t i = 0; i < sizeof vectors_before; i++) ((uint8_t *)vectors_before)[i] = (uint8_t)(i * 37 + 1);
    memcpy(vectors_after, vectors_before, sizeof vectors_after); /* without AVX the upper halves stay */
    before[RAX] = (uint64_t)number;
    for (int i = 0; i < CALL_ARGUMENTS; i++) before[places[i]] = a[i];
    if (__builtin_cpu_supports("avx"))
        watched_call_avx();
    else
        watched_call_sse();
    long result = (long)after[RAX];
    *is_kept = is_contract_kept();
    return result;
}
