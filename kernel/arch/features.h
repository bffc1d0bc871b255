/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU can do, and turning the useful parts on. */
#pragma once
#include "lib/base.h"

struct cpu_features {
    bool nx, smep, smap, umip, fsgsbase, giant_pages, xsave, rdrand, rdseed, x2apic, tsc_deadline, pge, pat,
        invariant_tsc, hypervisor;
    bool reads_xinuse;      /* XGETBV tells which state is in use, and AVX is enabled */
    uint32_t xsave_bytes;   /* user FPU state, standard format; 512 without XSAVE */
    uint64_t xcr0;          /* enabled state components */
    uint32_t hwcap, hwcap2; /* AT_HWCAP (CPUID.1:EDX) and AT_HWCAP2 for programs */
};
extern struct cpu_features cpu_features;

/* Reads CPUID, sets CR0, CR4, EFER, XCR0 and the PAT for this CPU, and removes the SMAP
 * instructions where they do not exist. Before the image becomes read-only. */
void features_init(void);

/* Points SYSCALL at the entry; `traced` selects the twin that calls syscall_trace_enter(). */
void features_set_syscall_entry(bool traced);

/* Ring 3's FPU as a new program expects it. [sysv-abi-amd64 3.2.3] */
void fpu_reset(void);

/* FS.base of the running program. */
void fs_base_write(uint64_t base);
uint64_t fs_base_read(void);
void user_gs_base_write(uint64_t base); /* ring 3's GS, parked while the kernel runs */
uint64_t user_gs_base_read(void);
