/* SPDX-License-Identifier: Apache-2.0 */
/* Which floating-point state this CPU has, and how much memory one copy of it takes: pure arithmetic over
 * CPUID leaf 0xD. [intel-sdm1 13.2]
 *
 * The format is XSAVE's standard one throughout. It is what a signal frame holds, so that state goes from the
 * registers to the program's stack and back without a conversion, and the compacted format would save at most
 * 256 bytes a thread: the gap that MPX left on Intel's processors.
 *
 * Only components known here are turned on. MPX and protection keys are not among them: nobody uses the first
 * any more, and the kernel does not manage the second. */
#pragma once
#include "arch/cpu.h"
#include "lib/base.h"

/* Components, as bits of XCR0. [intel-sdm1 13.1] */
#define FPU_X87       (1u << 0)
#define FPU_SSE       (1u << 1)
#define FPU_AVX       (1u << 2)
#define FPU_AVX512    (7u << 5) /* opmask, upper halves of ZMM0 to 15, ZMM16 to 31: all or none */
#define FPU_TILE_DATA (1u << 18)
#define FPU_AMX       (1u << 17 | FPU_TILE_DATA)

enum {
    FPU_LEGACY_BYTES = 512, /* what FXSAVE writes */
    FPU_HEADER_BYTES = 64,  /* behind it, with XSAVE */
    FPU_AREA_ALIGN = 64,
    FPU_AREA_BYTES_MAX = 16384, /* half as much again as the largest known; more is taken for an error */
    FPU_REFUSALS_MAX = 3,       /* AVX, AVX-512, AMX */
};

enum fpu_way { FPU_BY_FXSAVE, FPU_BY_XSAVE, FPU_BY_XSAVEOPT };

struct fpu_layout {
    enum fpu_way way;
    uint32_t features;   /* components; XCR0, where there is one */
    uint32_t on_request; /* those of them that a process has to ask for */
    uint32_t bytes;      /* of an area without the latter */
    uint32_t bytes_max;  /* of an area for everything */
    bool reads_xinuse;   /* XGETBV tells which components are in use */
    uint32_t refusal_count;
    struct fpu_refusal {
        const char *what, *why;
    } refusals[FPU_REFUSALS_MAX]; /* what CPUID offers and is left off because it makes no sense */
};

void fpu_layout_read(struct fpu_layout *out, struct cpuid (*read)(uint32_t leaf, uint32_t subleaf));

/* What every process may use. */
static inline uint32_t fpu_default_features(const struct fpu_layout *layout)
{
    return layout->features & ~layout->on_request;
}

/* Of an area that holds these components. */
static inline uint32_t fpu_bytes_of(const struct fpu_layout *layout, uint32_t features)
{
    return features & layout->on_request ? layout->bytes_max : layout->bytes;
}

/* What a signal frame takes for them: a word behind the area marks its end. */
uint32_t fpu_signal_bytes(const struct fpu_layout *layout, uint32_t features);

/* AT_MINSIGSTKSZ: room for the largest frame anywhere on a stack, whose other part has `frame_bytes`. It
 * counts what a process has to ask for, whether it has asked or not. [linux arch/x86/kernel/signal.c] */
uint32_t fpu_signal_stack_bytes_min(const struct fpu_layout *layout, uint32_t frame_bytes);

/* A process asks for a component by its number, as arch_prctl's ARCH_REQ_XCOMP_PERM does; `permitted` is what
 * it was given before, 0 at first and after execve. ERR_INVALID, no such number; ERR_NOT_SUPPORTED, nothing
 * that one would ask for, or this CPU lacks it. [linux Documentation/x86/xstate.rst] */
err_t fpu_request(const struct fpu_layout *layout, uint64_t component, uint32_t *permitted);
