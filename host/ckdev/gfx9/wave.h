/* SPDX-License-Identifier: Apache-2.0 */
/* One wave, its group and the worker that runs them. A worker's thread alone touches all of this, except
 * the epochs it publishes. */
#pragma once
#include "host/ckdev/gfx9/isa.h"
#include "host/ckdev/gfx9/lane_math.h"

enum { LANES = GFX9_WAVE_LANES };

enum wave_state { WAVE_READY, WAVE_AT_BARRIER, WAVE_SLEEPING, WAVE_ENDED, WAVE_FAILED };

/* Floating-point modes an instruction runs under; an index of wave.mxcsr. */
enum fp_class { FP_NONE, FP_SINGLE, FP_SINGLE_FLUSHED, FP_DOUBLE, FP_HOST, FP_CLASSES };

/* MODE. [vega-isa 3.4] */
#define MODE_ROUND_F32  FIELD(1, 0)
#define MODE_ROUND_F64  FIELD(3, 2)
#define MODE_DENORM_F32 FIELD(5, 4)
#define MODE_DENORM_F64 FIELD(7, 6)
#define MODE_DX10_CLAMP FIELD(8, 8)
#define MODE_IEEE       FIELD(9, 9)
#define MODE_F16_OVFL   FIELD(23, 23)
#define MODE_GPR_IDX_EN FIELD(27, 27)

struct wave {
    uint32_t vgpr[GFX9_VGPRS][LANES] ALIGNED(64);
    uint32_t lane_mask[LANES] ALIGNED(64); /* all ones where EXEC was set when lane_mask_exec was noted */
    uint64_t lane_mask_exec;
    union {
        uint32_t sgpr[128]; /* with FLAT_SCRATCH, VCC, M0 and EXEC at their places */
        uint64_t sgpr64[64];
    };
    uint64_t pc; /* of the next instruction */
    uint64_t retired, retired_lanes;
    struct gfx9_group *group;
    struct lane_env env; /* its mode fields follow MODE */
    uint32_t mode, trap_status;
    uint32_t mxcsr[FP_CLASSES];
    uint32_t scratch_offset; /* of this wave in the dispatch's scratch memory */
    unsigned number;
    uint8_t state; /* enum wave_state */
    bool scc, gpr_index_on;
};

#define WAVE_EXEC(w) ((w)->sgpr64[SRC_EXEC / 2])
#define WAVE_VCC(w)  ((w)->sgpr64[SRC_VCC / 2])
#define WAVE_M0(w)   ((w)->sgpr[SRC_M0])

struct translation {
    uint64_t page;         /* address >> 12, and a validity that differs from every page */
    uint8_t *host;         /* of the page's first byte */
    uint32_t first, bytes; /* part of the page it covers */
    unsigned access;
};

enum { TLB_ENTRIES = 256, CODE_BLOCKS = 256, BLOCK_OPS = 256, BLOCK_BYTES = 4 * BLOCK_OPS };

/* Decoded instructions of one aligned kilobyte of code. */
struct code_block {
    uint64_t number;     /* address / BLOCK_BYTES */
    uint64_t generation; /* of the worker, when ops was last emptied */
    struct op ops[BLOCK_OPS];
};

struct gfx9_worker {
    struct translation read[TLB_ENTRIES], write[TLB_ENTRIES];
    struct gfx9_memory *memory; /* that a group is being run in, else NULL; atomic */
    uint64_t last_memory_id;    /* whose translations and code are kept */
    uint64_t seen_epoch;        /* atomic */
    struct code_block *code[CODE_BLOCKS];
    uint64_t code_generation;
    unsigned
        vgprs_touched; /* highest VGPR of any decoded instruction, plus one: others are zero in every wave */
    struct gfx9_group *spare;                 /* ended groups, to be used again */
    uint32_t mxcsr;                           /* what the thread has now */
    uint32_t lanes[4][4 * LANES] ALIGNED(64); /* operands and result of a vector instruction */
};

/* One work-group in flight. */
struct gfx9_group {
    struct gfx9_worker *worker;
    struct gfx9_dispatch *dispatch;
    struct gfx9_group *next_spare;
    uint32_t id[3];
    uint32_t wave_count;
    uint32_t lds_bytes;
    bool waiting;
    struct gfx9_error error;
    struct wave *waves;
    unsigned waves_room; /* in waves */
    uint8_t lds[GFX9_LDS_BYTES_MAX] ALIGNED(64);
};

/* ---- wave.c ---- */
void wave_set_mode(struct wave *wave, uint32_t mode);
uint32_t hwreg_get(struct wave *wave, unsigned descriptor);
void hwreg_set(struct wave *wave, unsigned descriptor, uint32_t value);
/* Value of an operand that is the same for all lanes; the upper half counts for 64-bit types. */
uint64_t scalar_source(struct wave *wave, const struct op *op, unsigned k, bool wide);
/* lane_mask made to follow EXEC. */
void wave_refresh_lane_mask(struct wave *wave);

/* ---- errors.c: the wave fails, unless it already has ---- */
void wave_fail_memory(struct wave *wave, const struct op *op, uint64_t address, unsigned access);
void wave_fail_instruction(struct wave *wave, const struct op *op, const char *why);
void wave_fail_trap(struct wave *wave, const struct op *op, uint32_t number);

/* ---- memory.c ---- */
void *worker_translate(struct gfx9_worker *worker, uint64_t address, unsigned bytes, unsigned access);
void worker_forget_translations(struct gfx9_worker *worker);
/* Notice a changed epoch. A quiescent point. */
void worker_quiesce(struct gfx9_worker *worker);
/* Copy, across pages. False: *fault is the first address that may not be accessed; nothing of a naturally
 * aligned piece of up to 8 bytes is torn. */
bool worker_read(struct gfx9_worker *worker, uint64_t address, void *to, unsigned bytes, unsigned access,
                 uint64_t *fault);
bool worker_write(struct gfx9_worker *worker, uint64_t address, const void *from, unsigned bytes,
                  uint64_t *fault);

/* ---- what runs a decoded instruction ---- */
run_fn run_vector, run_packed, run_cross_lane, run_swap, run_masked_sads, run_lds, run_lds_cross, run_flat,
    run_buffer, run_scalar_memory;

/* ---- code.c ---- */
/* Set what runs a decoded instruction. */
void gfx9_prepare(struct op *op);
/* The decoded instruction at the wave's pc; NULL: the wave has failed. */
const struct op *code_fetch(struct wave *wave);
void worker_free_code(struct gfx9_worker *worker);

/* ---- start.c: registers of a wave as its first instruction finds them ---- */
void wave_start(struct wave *wave, struct gfx9_group *group, unsigned number, const uint32_t sizes[3],
                uint32_t slot);
