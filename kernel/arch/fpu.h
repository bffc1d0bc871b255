/* SPDX-License-Identifier: Apache-2.0 */
/* Ring 3's floating-point and vector registers, switched with its threads. The kernel has none of its own:
 * it is compiled without, but for zero_pages(), which puts back what it takes.
 *
 * A thread's state is in the registers whenever the thread runs, and saved when another takes over. Nothing is
 * left in the registers for a later owner to fetch by a trap: what is there can be read by speculation
 * (CVE-2018-3665), and the state of a thread that moves to another CPU would have to be fetched from the first.
 * XSAVEOPT writes only what is in use and, where the CPU remembers, what changed since it was loaded.
 *
 * Three kinds of threads cost different things, and `in_use` tells them apart:
 *
 *   0            never enters ring 3. A switch to it leaves the registers as they are. If the thread whose
 *                state they hold is the next to need any on this CPU, it finds them untouched (`resident`).
 *   FPU_UNUSED   ring 3 has not used any of them since the program began. They are off (CR0.TS), and hold the
 *                initial state, so that nothing of another thread can be read. The first use traps, once;
 *                until then a switch saves and loads nothing.
 *   a mask       of the components that are saved and loaded.
 *
 * A switch between two threads of the same kind is 5 instructions for the first two, 11 for the third. It never
 * matters for correctness which kind a thread is: the same program gets the same results.
 *
 * Tile data of AMX, eight kilobytes a thread, is for processes that asked. XFD makes its first use trap, and the
 * thread then gets a larger area. [intel-sdm1 13.14]
 *
 * All calls are made by the thread whose state it is, except fpu_switch(), which has interrupts off. */
#pragma once
#include "arch/fpu_layout.h"
#include "arch/percpu.h"
#include "lib/base.h"

#define FPU_UNUSED (1u << 31) /* no component has this number */

struct fpu {
    uint32_t in_use;         /* see above */
    uint32_t area_bytes;     /* no less than fpu_bytes_of(in_use) */
    void *area;              /* aligned to FPU_AREA_ALIGN; NULL where in_use is 0 */
    struct percpu *resident; /* the CPU that last switched from here to a thread of kind 0 */
};

extern struct fpu_layout fpu_layout;

/* How often, on this and all other CPUs, which do not wait for each other's count. Debug builds alone. */
struct fpu_counts {
    uint64_t saves, loads;
};
extern struct fpu_counts fpu_counts;

/* Reads CPUID and rewrites the instructions below for this CPU. Once, before the image becomes read-only; on
 * the boot CPU, whose CR4 has OSFXSR, and OSXSAVE where there is XSAVE. */
void fpu_init(void);
/* Turns on what fpu_init() found on the CPU it runs on, and puts the registers into their initial state. On
 * every CPU, the boot CPU included, before it runs a thread. */
void fpu_init_cpu(void);

/* ---- switching ---- */

/* One instruction, whose operation fpu_init() replaces: by XSAVEOPT, XSAVE or FXSAVE; XRSTOR or FXRSTOR. They
 * are the same four bytes but for three bits. [intel-sdm2 XSAVEOPT] */
#define FPU_SITE(text)                  \
    "661:\n\t" text "\n\t"              \
    ".pushsection .fpu_sites,\"a\"\n\t" \
    ".quad 661b\n\t"                    \
    ".popsection"

static inline void fpu_save(void *area, uint32_t components)
{
    if (CONFIG_DEBUG) fpu_counts.saves++;
    __asm__ volatile(FPU_SITE("xsaveopt64 (%%rdi)") : : "D"(area), "a"(components), "d"(0) : "memory");
}

static inline void fpu_load(const void *area, uint32_t components)
{
    if (CONFIG_DEBUG) fpu_counts.loads++;
    __asm__ volatile(FPU_SITE("xrstor64 (%%rsi)") : : "S"(area), "a"(components), "d"(0) : "memory");
}

/* For fpu_switch(), between threads of different kinds. */
void fpu_switch_kind(struct fpu *from, struct fpu *to);

/* The running thread is `from` and is going to be `to`. */
static inline void fpu_switch(struct fpu *from, struct fpu *to)
{
    uint32_t in_use = from->in_use;
    if (unlikely(in_use != to->in_use)) {
        fpu_switch_kind(from, to);
    } else if ((int32_t)in_use > 0) {
        fpu_save(from->area, in_use);
        fpu_load(to->area, in_use);
        to->resident = NULL;
    }
}

/* ---- the running thread's state ---- */

/* Makes `fpu` that of a thread whose ring-3 side has not begun. The area is the caller's, who frees it when the
 * thread is gone. For a thread that never ran, or for the running one, which calls fpu_reset() next. */
void fpu_start(struct fpu *fpu, void *area, uint32_t area_bytes);
/* The initial state of a new program; the area stays. */
void fpu_reset(struct fpu *fpu);
/* The initial state for a signal handler, which is likely to use it. */
void fpu_clear(struct fpu *fpu);
/* Gives `child`, which was started and never ran, a copy of the running thread's state. Tile data is left out,
 * as on Linux. */
void fpu_copy(struct fpu *child, const struct fpu *running);

/* ---- traps of ring 3, vector TRAP_NO_FPU ---- */

enum fpu_trap {
    FPU_TRAP_RESOLVED,    /* go on */
    FPU_TRAP_WANTS_TILES, /* fpu_grow(), if the process may */
};
enum fpu_trap fpu_trap(struct fpu *fpu);
/* Lets the running thread use all components, in an area of fpu_layout.bytes_max or more: another one, so that
 * the old one may be freed, or the one it has. */
void fpu_grow(struct fpu *fpu, void *area, uint32_t area_bytes);

/* ---- signal frames ---- */

enum {
    FPU_SOFTWARE_BYTES = 48, /* of an area, which the CPU leaves alone; the header follows */
    FPU_HEAD_BYTES = FPU_SOFTWARE_BYTES + FPU_HEADER_BYTES,
};
#define FPU_LEGACY_IMAGE (1ull << 63) /* instead of components: the first 512 bytes, as FXSAVE writes them */

/* What a frame of the running thread holds. */
static inline uint32_t fpu_features_of(const struct fpu *fpu)
{
    return fpu->in_use == FPU_UNUSED ? fpu_default_features(&fpu_layout) : fpu->in_use;
}

/* Writes the running thread's state to `user`, in the standard format with what `head` says in its software's
 * bytes and, where there is XSAVE, its empty header, and `mark` behind it; or loads it, those of `components` that the thread has, and the initial state of the
 * others. The caller has checked that fpu_signal_bytes() from there on are user space. May fault in pages, and so sleep.
 *
 * False: memory that is not there, an address not aligned to FPU_AREA_ALIGN (to 16 for a legacy image) or, when
 * loading, an image that the CPU would refuse; the state is then the
 * initial one. Image and address may be hostile, and other threads may write to it meanwhile. */
bool fpu_save_to_user(struct fpu *fpu, void *user, const uint8_t head[FPU_HEAD_BYTES], uint32_t mark);
/* Loads what fpu_save_to_user() with the same arguments has left, if software's bytes and the mark still say so. */
bool fpu_load_saved_from_user(struct fpu *fpu, const void *user, const uint8_t head[FPU_HEAD_BYTES],
                              uint32_t mark);
bool fpu_load_from_user(struct fpu *fpu, const void *user, uint64_t components);
