/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded instructions, kept by address until the worker forgets its code. */
#include "host/ckdev/gfx9/wave.h"

#include <stdlib.h>

extern lanes_fn *const gfx9_lanes_vop1[],
    *const gfx9_lanes_vop2[], *const gfx9_lanes_vopc[], *const gfx9_lanes_vop3[], *const gfx9_lanes_vop3p[];

static lanes_fn *lanes_of(const struct instruction *i)
{
    switch (i->encoding) {
    case VOP1: return gfx9_lanes_vop1[i->opcode];
    case VOP2: return gfx9_lanes_vop2[i->opcode];
    case VOPC: return gfx9_lanes_vopc[i->opcode];
    case VOP3: return gfx9_lanes_vop3[i->opcode];
    default: return gfx9_lanes_vop3p[i->opcode];
    }
}

static void run_illegal(struct wave *wave, const struct op *op)
{
    wave_fail_instruction(wave, op, "illegal");
}
static void run_refused(struct wave *wave, const struct op *op)
{
    wave_fail_instruction(wave, op, "not implemented");
}
static void run_nothing(struct wave *wave UNUSED, const struct op *op UNUSED) {}

static run_fn *action_of(const struct instruction *i)
{
    if (i->action == ACTION_REFUSED) return run_refused;
    if (i->action == ACTION_NOTHING) return run_nothing;
    switch (i->encoding) {
    case SMEM: return run_scalar_memory;
    case DS: return (i->flags & F_CROSS) ? run_lds_cross : run_lds;
    case FLAT: return run_flat;
    case MUBUF: return run_buffer;
    default: break;
    }
    return i->action == ACTION_SWAP          ? run_swap
           : i->action == ACTION_MASKED_SADS ? run_masked_sads
                                             : run_cross_lane;
}

/* Comparisons of LDS see denormals whatever MODE says; sums follow it. */
static enum fp_class fp_class_of_lds(const struct instruction *i)
{
    bool compares = i->action == ACTION_ATOMIC_CMPST_F || i->action == ACTION_ATOMIC_FMIN ||
                    i->action == ACTION_ATOMIC_FMAX;
    if (compares) return FP_HOST;
    return i->action == ACTION_ATOMIC_FADD ? FP_SINGLE : FP_NONE;
}

static enum fp_class fp_class_of(const struct instruction *i)
{
    const uint8_t types[] = { i->d, i->a, i->b, i->c };
    bool single = false, other = false;
    if (i->encoding == DS) return fp_class_of_lds(i);
    if (i->encoding < VOP1 || i->encoding > VOP3P) return FP_NONE;
    for (unsigned k = 0; k < ARRAY_LENGTH(types); k++) {
        single |= types[k] == T_F32;
        other |= types[k] == T_F64 || types[k] == T_F16;
    }
    if (i->flags & F_HOST_FP) return FP_HOST;
    if (i->flags & F_FLUSH) return FP_SINGLE_FLUSHED;
    if ((i->flags & F_FP32) || (single && !other)) return FP_SINGLE;
    return other ? FP_DOUBLE : FP_NONE;
}

void gfx9_prepare(struct op *op)
{
    const struct instruction *i = op->instruction;
    op->fp = (uint8_t)fp_class_of(i);
    if (i->action != ACTION_COMPUTE) {
        op->run = action_of(i);
    } else if (i->encoding < VOP1) {
        op->run = gfx9_scalar_functions[instruction_index(i)];
    } else {
        op->lanes = lanes_of(i);
        op->run = i->encoding == VOP3P ? run_packed : run_vector;
    }
    for (unsigned k = 0; k < 3; k++)
        if (op->source[k] == SRC_LDS_DIRECT || op->source[k] == SRC_POPS_WAVE_ID) op->run = run_refused;
}

/* The most registers an instruction can reach; by index it can reach all. */
static unsigned vgprs_reached(const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->flags & F_GPR_IDX && (i->encoding == SOPC || i->encoding == SOPP)) return GFX9_VGPRS;
    if (i->encoding == SOPK && (i->flags & F_HWREG)) return GFX9_VGPRS; /* MODE can turn indexing on */
    if (i->encoding < VOP1) return 0;
    unsigned last = op->dest + 4u;
    const uint8_t memory[] = { op->mem.address, op->mem.data, op->mem.data2 };
    for (unsigned k = 0; k < ARRAY_LENGTH(memory); k++) last = MAX(last, memory[k] + 4u);
    for (unsigned k = 0; k < 3; k++)
        if (op->source[k] >= SRC_VGPR && op->source[k] != SRC_NONE)
            last = MAX(last, op->source[k] - SRC_VGPR + 4u);
    return MIN(last, (unsigned)GFX9_VGPRS);
}

static struct code_block *find_block(struct gfx9_worker *worker, uint64_t number)
{
    struct code_block **slot = &worker->code[number % CODE_BLOCKS], *block = *slot;
    if (likely(block && block->number == number && block->generation == worker->code_generation))
        return block;
    if (!block) block = *slot = aligned_alloc(64, align_up(sizeof *block, 64));
    if (!block) return NULL;
    memset(block, 0, sizeof *block);
    block->number = number;
    block->generation = worker->code_generation;
    return block;
}

static bool decode_at(struct wave *wave, struct op *op)
{
    struct gfx9_worker *worker = wave->group->worker;
    uint32_t words[2];
    uint64_t fault;
    unsigned count = 0;
    while (count < 2 && worker_read(worker, wave->pc + 4 * count, &words[count], 4, GFX9_EXECUTE, &fault))
        count++;
    if (count == 0) {
        const struct op nothing = { 0 };
        wave_fail_memory(wave, &nothing, wave->pc, GFX9_EXECUTE);
        return false;
    }
    if (gfx9_decode(words, count, op)) {
        gfx9_prepare(op);
        worker->vgprs_touched = MAX(worker->vgprs_touched, vgprs_reached(op));
    } else {
        op->run = run_illegal;
    }
    return true;
}

const struct op *code_fetch(struct wave *wave)
{
    wave->pc &= ~3ull;
    struct code_block *block = find_block(wave->group->worker, wave->pc / BLOCK_BYTES);
    if (unlikely(!block)) {
        wave->state = WAVE_FAILED;
        wave->group->error =
            (struct gfx9_error){ .kind = GFX9_ERROR_NO_MEMORY, .text = "no memory for decoded code" };
        return NULL;
    }
    struct op *op = &block->ops[wave->pc / 4 % BLOCK_OPS];
    if (unlikely(!op->run) && !decode_at(wave, op)) return NULL;
    return op;
}

void gfx9_worker_forget_code(struct gfx9_worker *worker) { worker->code_generation++; }

void worker_free_code(struct gfx9_worker *worker)
{
    for (unsigned k = 0; k < CODE_BLOCKS; k++) free(worker->code[k]);
}
