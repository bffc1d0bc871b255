/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU can do, and turning the useful parts on. */
#pragma once
#include "arch/io.h"
#include "lib/base.h"

struct cpu_features {
    bool nx, smep, smap, umip, fsgsbase, giant_pages, xsave, rdrand, rdseed, x2apic, tsc_deadline, pge, pat,
        invariant_tsc, hypervisor;
    bool reads_xinuse;      /* XGETBV tells which state is in use, and AVX is enabled */
    uint32_t hwcap, hwcap2; /* AT_HWCAP (CPUID.1:EDX) and AT_HWCAP2 for programs */
};
extern struct cpu_features cpu_features;

/* Reads CPUID, sets CR0, CR4, EFER, XCR0 and the PAT for this CPU, and removes the SMAP
 * instructions where they do not exist. Before the image becomes read-only. */
void features_init(void);
/* The same for a further CPU, as the first one found. */
void features_init_other(void);

/* Points SYSCALL at the entry; `traced` selects the twin that calls syscall_trace_enter().
 * On this CPU, and those that are started later. */
void features_set_syscall_entry(bool traced);

#define MSR_FS_BASE        0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102

/* FS.base of the running program. */
static inline void fs_base_write(uint64_t base)
{
    if (likely(cpu_features.fsgsbase))
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    else
        msr_write(MSR_FS_BASE, base);
}
static inline uint64_t fs_base_read(void)
{
    uint64_t base;
    if (unlikely(!cpu_features.fsgsbase)) return msr_read(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

/* Ring 3's GS.base, parked while the kernel runs. */
static inline void user_gs_base_write(uint64_t base) { msr_write(MSR_KERNEL_GS_BASE, base); }
static inline uint64_t user_gs_base_read(void) { return msr_read(MSR_KERNEL_GS_BASE); }
/* The same with interrupts off, since for a moment it is in its place; quicker. */
static inline void user_gs_base_write_off(uint64_t base)
{
    if (likely(cpu_features.fsgsbase))
        __asm__ volatile("swapgs; wrgsbase %0; swapgs" : : "r"(base) : "memory");
    else
        user_gs_base_write(base);
}
static inline uint64_t user_gs_base_read_off(void)
{
    uint64_t base;
    if (unlikely(!cpu_features.fsgsbase)) return user_gs_base_read();
    __asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base) : : "memory");
    return base;
}

/* Both at a switch from one program's thread to another: what ring 3 has, and what it is to have. Interrupts off. */
struct user_bases {
    uint64_t fs, gs;
};
static inline void user_bases_read_off(struct user_bases *out)
{
    out->fs = fs_base_read();
    out->gs = user_gs_base_read_off();
}
static inline void user_bases_write_off(const struct user_bases *bases)
{
    fs_base_write(bases->fs);
    user_gs_base_write_off(bases->gs);
}
static inline void user_bases_exchange_off(struct user_bases *from, const struct user_bases *to)
{
    if (unlikely(!cpu_features.fsgsbase)) {
        user_bases_read_off(from);
        user_bases_write_off(to);
        return;
    }
    uint64_t fs, gs;
    __asm__ volatile("rdfsbase %0" : "=r"(fs));
    __asm__ volatile("wrfsbase %0" : : "r"(to->fs));
    __asm__ volatile("swapgs; rdgsbase %0; wrgsbase %1; swapgs" : "=&r"(gs) : "r"(to->gs) : "memory");
    *from = (struct user_bases){ fs, gs };
}
