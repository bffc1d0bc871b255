/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/features.h"

#include "arch/cpu.h"
#include "arch/fpu.h"
#include "arch/trap.h"
#include "lib/string.h"

#define MSR_EFER  0xc0000080
#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_PAT   0x277

/* [intel-sdm3 2.5] */
#define CR0_MP         (1ull << 1)
#define CR0_EM         (1ull << 2)
#define CR0_NE         (1ull << 5)
#define CR0_WP         (1ull << 16)
#define CR0_AM         (1ull << 18) /* ring 3 may ask for alignment checks by RFLAGS.AC */
#define CR4_PGE        (1ull << 7)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)

/* Everything a program could have set that would hurt or confuse the kernel. */
#define SYSCALL_FLAGS_CLEARED \
    (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID | 0x8d5)

/* Entry 1 becomes write-combining (framebuffers), the rest keeps its reset value. [intel-sdm3 12.12] */
#define PAT_VALUE 0x0007040600070106ull

struct cpu_features cpu_features;

void syscall_entry(void);
void syscall_entry_traced(void);
static void (*entry)(void) = syscall_entry;
extern uint8_t *const smap_sites_start[], *const smap_sites_end[];

static void read_cpuid(struct cpu_features *f)
{
    struct cpuid max = cpuid_read(0, 0), one = cpuid_read(1, 0);
    struct cpuid seven = max.eax >= 7 ? cpuid_read(7, 0) : (struct cpuid){ 0 };
    struct cpuid extended = cpuid_read(0x80000001, 0);
    f->hwcap = one.edx;
    f->pge = one.edx >> 13 & 1;
    f->pat = one.edx >> 16 & 1;
    f->x2apic = one.ecx >> 21 & 1;
    f->tsc_deadline = one.ecx >> 24 & 1;
    f->xsave = one.ecx >> 26 & 1;
    f->rdrand = one.ecx >> 30 & 1;
    f->hypervisor = one.ecx >> 31 & 1;
    f->fsgsbase = seven.ebx & 1;
    f->smep = seven.ebx >> 7 & 1;
    f->rdseed = seven.ebx >> 18 & 1;
    f->smap = seven.ebx >> 20 & 1;
    f->umip = seven.ecx >> 2 & 1;
    f->nx = extended.edx >> 20 & 1;
    f->giant_pages = extended.edx >> 26 & 1;
    f->hwcap2 = f->fsgsbase ? 2 : 0; /* HWCAP2_FSGSBASE [linux uapi asm/hwcap2.h] */
}

/* CLAC and STAC are undefined without SMAP: each site becomes a three-byte NOP. */
static void remove_smap_sites(void)
{
    static const uint8_t nop3[] = { 0x0f, 0x1f, 0x00 };
    for (uint8_t *const *site = smap_sites_start; site < smap_sites_end; site++)
        memcpy(*site, nop3, sizeof(nop3));
}

/* All CPUs are taken to be alike, as every hypervisor and server has them. */
static void set_registers(const struct cpu_features *f)
{
    cr0_write((cr0_read() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP | CR0_AM);
    cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT | (f->pge ? CR4_PGE : 0) | (f->umip ? CR4_UMIP : 0) |
              (f->fsgsbase ? CR4_FSGSBASE : 0) | (f->xsave ? CR4_OSXSAVE : 0) | (f->smep ? CR4_SMEP : 0) |
              (f->smap ? CR4_SMAP : 0));
    if (f->pat) msr_write(MSR_PAT, PAT_VALUE);

    msr_write(MSR_STAR, (uint64_t)(SEGMENT_SYSRET_BASE | 3) << 48 | (uint64_t)SEGMENT_KERNEL_CODE << 32);
    msr_write(MSR_FMASK, SYSCALL_FLAGS_CLEARED);
    msr_write(MSR_LSTAR, (uint64_t)entry);
}

void features_init(void)
{
    struct cpu_features *f = &cpu_features;
    read_cpuid(f);
    set_registers(f);
    fpu_init();
    f->reads_xinuse = (fpu_layout.features & FPU_AVX) && fpu_layout.reads_xinuse;
    if (!f->smap) remove_smap_sites();
}

void features_init_other(void)
{
    set_registers(&cpu_features);
    fpu_init_cpu();
}

void features_set_syscall_entry(bool traced)
{
    entry = traced ? syscall_entry_traced : syscall_entry;
    msr_write(MSR_LSTAR, (uint64_t)entry);
}
