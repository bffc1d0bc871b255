/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of 32 bytes where that does not disturb the program's registers, which are in the CPU while the
 * kernel runs.
 *
 * YMM0 is saved and put back. If the upper halves of the YMM registers are in their initial state before,
 * they are so again afterwards: otherwise the program's SSE instructions would be slow from then on
 * [intel-opt 11.3]. Where the third part of a ZMM register is in use, a write to YMM0 would clear it
 * [intel-sdm1 15.5], and the string instruction does the work, as it does without AVX. Where the registers are
 * off because the running program has not used them (arch/fpu.h), they are on for as long as this takes.
 *
 * Nothing here waits, so no other thread and no other CPU comes in between; an interrupt may, and what its
 * handler does with YMM0 it undoes. */
#include "arch/zero.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/percpu.h"

#define STATE_AVX      (1u << 2) /* components of XCR0 and XINUSE [intel-sdm1 13.1] */
#define STATE_ZMM_HIGH (1u << 6)

static void zero_by_string(void *at, uint64_t bytes)
{
    uint64_t words = bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0ull) : "memory");
}

static uint32_t states_in_use(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1)); /* XINUSE [intel-sdm1 13.3] */
    return low;
}

/* 1 KiB a turn. */
static void zero_by_ymm(void *at, uint64_t bytes)
{
    uint8_t saved[32];
    __asm__ volatile("vmovdqu %%ymm0, %[saved]\n\t"
                     "vpxor %%xmm0, %%xmm0, %%xmm0\n"
                     "1:\n\t"
                     ".set offset, 0\n\t"
                     ".rept 32\n\t"
                     "vmovdqa %%ymm0, offset(%[at])\n\t"
                     ".set offset, offset + 32\n\t"
                     ".endr\n\t"
                     "addq $1024, %[at]\n\t"
                     "subq $1024, %[bytes]\n\t"
                     "jnz 1b\n\t"
                     "vmovdqu %[saved], %%ymm0"
                     : [at] "+r"(at), [bytes] "+r"(bytes), [saved] "=m"(saved)
                     :
                     : "memory", "cc");
}

void zero_pages(void *at, uint64_t bytes)
{
    if (!cpu_features.reads_xinuse) {
        zero_by_string(at, bytes);
        return;
    }
    uint32_t in_use = states_in_use();
    if (in_use & STATE_ZMM_HIGH) {
        zero_by_string(at, bytes);
        return;
    }
    bool was_off = percpu_fpu_is_off() && cr0_read() & CR0_TS; /* not if this interrupted itself */
    if (was_off) ts_clear();
    zero_by_ymm(at, bytes);
    if (!(in_use & STATE_AVX)) __asm__ volatile("vzeroupper");
    if (was_off) ts_set();
}
