/* SPDX-License-Identifier: Apache-2.0 */
/* On the CPU itself: what a program has in its vector registers is still there afterwards. */
#include "arch/zero.h"

#include <stdio.h>
#include <string.h>

#include "arch/features.h"
#include "tests/harness/test.h"

struct cpu_features cpu_features;

enum { BYTES = 3 * PAGE_BYTES };
static uint8_t memory[BYTES + 2 * PAGE_BYTES] ALIGNED(PAGE_BYTES);

/* Around the call nothing else may touch the registers, so it is made here. The stack's red zone is
 * stepped over. */
#define CALL                                  \
    "mov %%rsp, %%rbx\n\tsub $256, %%rsp\n\t" \
    "and $-64, %%rsp\n\tcall *%[zero]\n\t"    \
    "mov %%rbx, %%rsp\n\t"
#define CLOBBERS "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm15"

static void call_with_ymm(const uint8_t before[64], uint8_t after[64])
{
    void *at = memory + PAGE_BYTES;
    uint64_t bytes = BYTES;
    void (*zero)(void *, uint64_t) = zero_pages;
    __asm__ volatile(
        "vmovdqu %[before], %%ymm0\n\tvmovdqu %[second], %%ymm15\n\t" CALL
        "vmovdqu %%ymm0, %[after]\n\tvmovdqu %%ymm15, %[last]"
        : "+D"(at),
          "+S"(bytes), [after] "=m"(*(uint8_t(*)[32])after), [last] "=m"(*(uint8_t(*)[32])(after + 32))
        : [zero] "r"(zero), [before] "m"(*(const uint8_t(*)[32])before),
          [second] "m"(*(const uint8_t(*)[32])(before + 32))
        : CLOBBERS);
}

static void call_with_zmm(const uint8_t before[64], uint8_t after[64])
{
    void *at = memory + PAGE_BYTES;
    uint64_t bytes = BYTES;
    void (*zero)(void *, uint64_t) = zero_pages;
    __asm__ volatile("vmovdqu64 %[before], %%zmm0\n\t" CALL "vmovdqu64 %%zmm0, %[after]\n\tvzeroupper"
                     : "+D"(at), "+S"(bytes), [after] "=m"(*(uint8_t(*)[64])after)
                     : [zero] "r"(zero), [before] "m"(*(const uint8_t(*)[64])before)
                     : CLOBBERS);
}

static void check(void (*call)(const uint8_t[64], uint8_t[64]))
{
    uint8_t before[64], after[64];
    for (size_t i = 0; i < sizeof(before); i++) before[i] = (uint8_t)(i * 37 + 11);
    memset(memory, 0xa5, sizeof(memory));
    memset(after, 0, sizeof(after));
    call(before, after);
    EXPECT(memcmp(before, after, sizeof(before)) == 0);
    uint64_t wrong = 0;
    for (size_t i = 0; i < sizeof(memory); i++) {
        bool is_inside = i >= PAGE_BYTES && i < PAGE_BYTES + BYTES;
        wrong += memory[i] != (is_inside ? 0 : 0xa5);
    }
    EXPECT_EQ(wrong, 0);
}

static void feature(const char *name, bool has)
{
    if (!has) printf("# this CPU has no %s\n", name);
}

TEST(zeroing_leaves_the_program_s_ymm_registers_alone)
{
    bool has = __builtin_cpu_supports("avx2");
    feature("AVX2", has);
    for (int wide = 0; has && wide < 2; wide++) {
        cpu_features.reads_xinuse = wide;
        check(call_with_ymm);
    }
}

TEST(zeroing_leaves_the_program_s_zmm_registers_alone)
{
    bool has = __builtin_cpu_supports("avx512f");
    feature("AVX-512", has);
    for (int wide = 0; has && wide < 2; wide++) {
        cpu_features.reads_xinuse = wide;
        check(call_with_zmm);
    }
}

static uint32_t upper_halves_in_use(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
    return low >> 2 & 1;
}

TEST(upper_halves_that_were_unused_are_unused_afterwards)
{
    bool has = __builtin_cpu_supports("avx2");
    feature("AVX2", has);
    cpu_features.reads_xinuse = has;
    if (!has) return;
    __asm__ volatile("vzeroupper");
    uint32_t before = upper_halves_in_use();
    zero_pages(memory, PAGE_BYTES);
    EXPECT(upper_halves_in_use() <= before);
}
