/* SPDX-License-Identifier: Apache-2.0 */
/* Single instructions with a C name. [intel-sdm2] for each. */
#pragma once
#include "arch/io.h"
#include "lib/base.h"

#define RFLAGS_CF    (1ull << 0)
#define RFLAGS_FIXED (1ull << 1) /* always 1 */
#define RFLAGS_TF    (1ull << 8)
#define RFLAGS_IF    (1ull << 9)
#define RFLAGS_DF    (1ull << 10)
#define RFLAGS_IOPL  (3ull << 12)
#define RFLAGS_NT    (1ull << 14)
#define RFLAGS_RF    (1ull << 16)
#define RFLAGS_AC    (1ull << 18)
#define RFLAGS_ID    (1ull << 21)

#define CR0_TS (1ull << 3) /* the next floating-point instruction traps, in ring 0 too [intel-sdm3 2.5] */

static inline uint64_t cr0_read(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr0, %0" : "=r"(v));
    return v;
}
static inline void cr2_write(uint64_t value) { __asm__ volatile("mov %0, %%cr2" : : "r"(value)); }
static inline uint64_t cr2_read(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr2, %0" : "=r"(v));
    return v;
}
static inline uint64_t cr3_read(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}
static inline uint64_t cr4_read(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}
static inline void cr0_write(uint64_t v) { __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory"); }
static inline void ts_set(void) { cr0_write(cr0_read() | CR0_TS); }
static inline void ts_clear(void) { __asm__ volatile("clts" : : : "memory"); }
static inline void xcr0_write(uint64_t v)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}
static inline void cr3_write(uint64_t v) { __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory"); }
static inline void cr4_write(uint64_t v) { __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory"); }
static inline void tlb_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
static inline void tlb_flush_all(void) { cr3_write(cr3_read()); }

/* To memory, and out of all caches. */
static inline void cache_line_flush(const void *address)
{
    __asm__ volatile("clflush (%0)" : : "r"(address) : "memory");
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};
static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t tsc_read(void)
{
    uint64_t low, high; /* the upper halves of both registers are cleared */
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

/* After everything before it: RDTSC alone may be taken early, and of two readings in a row, one of them by
 * another CPU's or the kernel's code, the second could be the smaller. [intel-sdm2 RDTSC, LFENCE] */
static inline uint64_t tsc_read_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory");
    return tsc_read();
}

static inline uint64_t flags_read(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags) : : "memory");
    return flags;
}
static inline bool interrupts_are_on(void) { return flags_read() & RFLAGS_IF; }
static inline void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
/* The first instruction after STI is not interrupted: the second is where those that wait come in. */
static inline void interrupts_let_in(void) { __asm__ volatile("sti; nop; nop" : : : "memory"); }
/* The first instruction after STI is not interrupted, so no wake-up falls between the two. */
static inline void cpu_halt_with_interrupts(void) { __asm__ volatile("sti; hlt" : : : "memory"); }
static inline void cpu_halt(void) { __asm__ volatile("hlt" : : : "memory"); }
static inline void cpu_relax(void) { __asm__ volatile("pause" : : : "memory"); }
