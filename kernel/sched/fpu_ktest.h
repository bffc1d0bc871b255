/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of ring 3, for tests that run in ring 0, where nothing else touches them. */
#pragma once
#include "arch/trap.h"
#include "lib/string.h"
#include "sched/thread_fpu.h"
#include "tests/harness/test.h"

/* A part of every component that TCG has: the rest is saved and loaded by the same instruction. */
struct registers {
    uint8_t vector[16][32]; /* YMM0 to YMM15; XMM, and the upper halves not used, without AVX */
    int64_t x87;
    uint32_t mxcsr;
    uint16_t control;
};

static inline bool has_avx(void) { return fpu_layout.features & FPU_AVX; }

#define EACH_VECTOR(text) ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t" text "\n\t.endr"

static inline void registers_load(const struct registers *r)
{
    __asm__ volatile("fninit; fldcw %0; fildll %1; ldmxcsr %2"
                     :
                     : "m"(r->control), "m"(r->x87), "m"(r->mxcsr));
    if (has_avx())
        __asm__ volatile(EACH_VECTOR("vmovdqu \\n*32(%0), %%ymm\\n") : : "r"(r->vector) : "memory");
    else
        __asm__ volatile(EACH_VECTOR("movdqu \\n*32(%0), %%xmm\\n") : : "r"(r->vector) : "memory");
}

static inline void registers_store(struct registers *r)
{
    memset(r, 0, sizeof(*r));
    __asm__ volatile("fnstcw %0; fistpll %1; stmxcsr %2" : "=m"(r->control), "=m"(r->x87), "=m"(r->mxcsr));
    if (has_avx())
        __asm__ volatile(EACH_VECTOR("vmovdqu %%ymm\\n, \\n*32(%0)") : : "r"(r->vector) : "memory");
    else
        __asm__ volatile(EACH_VECTOR("movdqu %%xmm\\n, \\n*32(%0)") : : "r"(r->vector) : "memory");
}

static inline void registers_fill(struct registers *r, uint32_t seed)
{
    memset(r, 0, sizeof(*r));
    for (uint32_t i = 0; i < 16; i++)
        for (uint32_t k = 0; k < (has_avx() ? 32u : 16u); k++)
            r->vector[i][k] = (uint8_t)(seed * 29 + i * 7 + k);
    r->x87 = -1000000007ll * seed;
    r->mxcsr = 0x1f80 | (seed & 3) << 13; /* rounding */
    r->control = (uint16_t)(0x37f | (seed & 3) << 10);
}

/* The trap of the first use comes from ring 0 here. */
static inline void fpu_first_use(struct trap_frame *frame)
{
    (void)frame;
    EXPECT_OK(thread_fpu_trap(0));
}

/* From here on the running thread has a ring-3 side. */
static inline void fpu_begin(void)
{
    trap_set_handler(TRAP_NO_FPU, fpu_first_use);
    EXPECT_OK(thread_fpu_create(thread_current()));
    fpu_reset(&thread_current()->fpu);
}

static inline bool registers_are_initial(const struct registers *r)
{
    static const uint8_t zeros[sizeof(r->vector)];
    return memcmp(r->vector, zeros, sizeof(zeros)) == 0 && r->mxcsr == 0x1f80 && r->control == 0x37f;
}
