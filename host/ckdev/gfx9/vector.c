/* SPDX-License-Identifier: Apache-2.0 */
/* The vector unit: operands are brought into 64-lane arrays as the instruction's form asks (modifiers, SDWA,
 * DPP), a function of the table computes all lanes, and the active ones are written back. */
#include "host/ckdev/gfx9/elements.h"

#include <xmmintrin.h>

enum { SELECT_BYTE_3 = 3, SELECT_WORD_0 = 4, SELECT_WORD_1 = 5, SELECT_DWORD = 6 };
enum { UNUSED_PAD, UNUSED_SEXT, UNUSED_PRESERVE };
enum { GPR_IDX_SRC0 = 1 << 12, GPR_IDX_DST = 1 << 15 }; /* in M0 */

/* With s_set_gpr_idx_on M0 is added to register numbers; beyond the registers is v0. */
static unsigned indexed_vgpr(const struct wave *w, unsigned vgpr, uint32_t which, unsigned dwords)
{
    if (likely(!w->gpr_index_on) || !(WAVE_M0(w) & which)) return vgpr;
    unsigned moved = vgpr + (WAVE_M0(w) & 0xff);
    return moved + dwords <= GFX9_VGPRS ? moved : 0;
}

/* ---- DPP: which lane each lane reads; -1: none [vega-isa 13.3.9] ---- */

static int dpp_source_lane(unsigned control, int lane)
{
    int row = lane & ~15, in_row = lane & 15, n = control & 15;
    if (control < 0x100) return (lane & ~3) | (int)(control >> 2 * (lane & 3) & 3);
    if (control > 0x100 && control < 0x110) return in_row + n < 16 ? lane + n : -1;
    if (control > 0x110 && control < 0x120) return in_row >= n ? lane - n : -1;
    if (control > 0x120 && control < 0x130) return row | ((in_row - n) & 15);
    switch (control) {
    case 0x130: return lane < 63 ? lane + 1 : -1;
    case 0x134: return (lane + 1) & 63;
    case 0x138: return lane - 1;
    case 0x13c: return (lane - 1) & 63;
    case 0x140: return row | (15 - in_row);
    case 0x141: return (lane & ~7) | (7 - (lane & 7));
    case 0x142: return row - 1;
    default: return lane >= 32 ? 31 : -1; /* 0x143 */
    }
}

/* Lanes that DPP lets write. The source lane of each goes to `from`, -1 for a zero. */
static uint64_t dpp_lanes(const struct wave *w, const struct op *op, int8_t from[LANES])
{
    uint64_t exec = WAVE_EXEC(w), writes = 0;
    for (int lane = 0; lane < LANES; lane++) {
        bool enabled = op->dpp.row_mask >> (lane / 16) & 1 && op->dpp.bank_mask >> (lane % 16 / 4) & 1;
        int source = dpp_source_lane(op->dpp.control, lane);
        if (source >= 0 && !(exec >> source & 1)) source = -1;
        from[lane] = (int8_t)source;
        if (enabled && (source >= 0 || op->dpp.bound_zero)) writes |= 1ull << lane;
    }
    return writes & exec;
}

/* ---- sources ---- */

static void apply_modifiers(uint32_t *values, unsigned type, bool negate, bool absolute)
{
    unsigned dwords = type_dwords(type);
    uint32_t sign = type_is_half(type) ? 0x8000 : 0x80000000;
    uint32_t *top = values + (dwords - 1) * LANES;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (absolute) top[lane] &= ~sign;
        if (negate) top[lane] ^= sign;
    }
}

static uint32_t select_part(uint32_t value, unsigned select, bool sign)
{
    if (select <= SELECT_BYTE_3) {
        value = value >> 8 * select & 0xff;
        return sign ? (uint32_t)(int8_t)value : value;
    }
    if (select == SELECT_DWORD) return value;
    value = value >> 16 * (select - SELECT_WORD_0) & 0xffff;
    return sign ? (uint32_t)(int16_t)value : value;
}

static void broadcast(uint32_t *values, uint64_t value, unsigned dwords)
{
    for (unsigned lane = 0; lane < LANES; lane++) values[lane] = (uint32_t)value;
    if (dwords > 1)
        for (unsigned lane = 0; lane < LANES; lane++) values[lane + LANES] = (uint32_t)(value >> 32);
}

static bool is_changed(const struct op *op, unsigned k)
{
    if (op->form == FORM_DPP && k == 0) return true;
    return op->form == FORM_SDWA || (op->neg | op->abs | op->op_sel) >> k & 1;
}

/* The lanes of operand k: the register itself, or `room` filled. */
static const uint32_t *source_lanes(struct wave *w, const struct op *op, unsigned k, unsigned type,
                                    uint32_t *room, const int8_t *dpp_from)
{
    unsigned dwords = type_dwords(type);
    if (op->source[k] < SRC_VGPR) {
        broadcast(room, scalar_source(w, op, k, dwords > 1), dwords);
    } else {
        const uint32_t *vgpr = w->vgpr[indexed_vgpr(w, op->source[k] - SRC_VGPR, GPR_IDX_SRC0 << k, dwords)];
        if (likely(!is_changed(op, k))) return vgpr;
        memcpy(room, vgpr, dwords * sizeof w->vgpr[0]);
        for (unsigned lane = 0; op->form == FORM_DPP && k == 0 && lane < LANES; lane++)
            room[lane] = dpp_from[lane] < 0 ? 0 : vgpr[dpp_from[lane]];
    }
    if (!is_changed(op, k)) return room;
    if (op->form == FORM_SDWA && k < 2)
        for (unsigned lane = 0; lane < LANES; lane++)
            room[lane] = select_part(room[lane], op->sdwa.select[k], op->sdwa.sext >> k & 1);
    if ((op->instruction->flags & F_OP_SEL) && op->op_sel >> k & 1 && type_is_half(type))
        for (unsigned lane = 0; lane < LANES; lane++) room[lane] >>= 16;
    if (type_has_float_modifiers(type)) apply_modifiers(room, type, op->neg >> k & 1, op->abs >> k & 1);
    return room;
}

/* ---- results ---- */

static double modified(double x, unsigned omod, bool clamp, const struct lane_env *env)
{
    static const double factor[] = { 1, 2, 4, 0.5 };
    x *= factor[omod];
    if (!clamp) return x;
    if (x != x) return env->dx10_clamp ? 0 : x;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static void set_host_control(struct gfx9_worker *worker, uint32_t mxcsr)
{
    if (worker->mxcsr == mxcsr) return;
    worker->mxcsr = mxcsr;
    _mm_setcsr(mxcsr);
}

void wave_set_host_modes(struct wave *w, const struct op *op)
{
    if (op->fp != FP_NONE) set_host_control(w->group->worker, w->mxcsr[op->fp]);
}

/* The output modifiers of floats. OMOD does nothing where denormal results are allowed. [vega-isa 6.2.3] */
static void modify_result(const struct wave *w, const struct op *op, uint32_t *d)
{
    const struct lane_env *env = &w->env;
    unsigned type = op->instruction->d;
    bool denormals = type == T_F32 ? w->mode & 0x20 : w->mode & 0x80;
    unsigned omod = denormals ? 0 : op->omod;
    set_host_control(w->group->worker, w->mxcsr[FP_HOST]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (type == T_F32) d[lane] = bits_f32((float)modified(f32_bits(d[lane]), omod, op->clamp, env));
        if (type == T_F16) d[lane] = store_f16(env, modified(f64_of_f16(d[lane]), omod, op->clamp, env));
        if (type != T_F64) continue;
        uint64_t x =
            bits_f64(modified(f64_bits(d[lane] | (uint64_t)d[lane + LANES] << 32), omod, op->clamp, env));
        d[lane] = (uint32_t)x;
        d[lane + LANES] = (uint32_t)(x >> 32);
    }
}

static uint32_t place_part(uint32_t old, uint32_t value, unsigned select, unsigned unused)
{
    if (select == SELECT_DWORD) return value;
    unsigned bits = select <= SELECT_BYTE_3 ? 8 : 16;
    unsigned shift = select <= SELECT_BYTE_3 ? 8 * select : 16 * (select - SELECT_WORD_0);
    uint32_t mask = ((1u << bits) - 1) << shift, part = value << shift & mask;
    if (unused == UNUSED_PRESERVE) return (old & ~mask) | part;
    if (unused == UNUSED_SEXT && value >> (bits - 1) & 1) part |= ~((mask - 1) | mask);
    return part;
}

/* What is written where a register has two halves and only one is meant. */
static void place_result(const struct wave *w, const struct op *op, uint32_t *d)
{
    const struct instruction *i = op->instruction;
    const uint32_t *old = w->vgpr[op->dest];
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (op->form == FORM_SDWA)
            d[lane] = place_part(old[lane], d[lane], op->sdwa.dest_select, op->sdwa.dest_unused);
        else if ((i->flags & F_MIX_HIGH) || op->op_sel & 8)
            d[lane] = (old[lane] & 0xffff) | d[lane] << 16;
        else
            d[lane] = (old[lane] & 0xffff0000) | (d[lane] & 0xffff);
    }
}

static bool keeps_half(const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (op->form == FORM_SDWA) return i->encoding != VOPC && op->sdwa.dest_select != SELECT_DWORD;
    return type_is_half(i->d) && (i->flags & (F_OP_SEL | F_MIX));
}

static void write_back(struct wave *w, unsigned dest, unsigned dwords, const uint32_t *d, uint64_t lanes)
{
    if (lanes == UINT64_MAX) {
        memcpy(w->vgpr[dest], d, dwords * sizeof w->vgpr[0]);
        return;
    }
    if (lanes == WAVE_EXEC(w)) {
        wave_refresh_lane_mask(w);
        for (unsigned k = 0; k < dwords; k++)
            for (unsigned lane = 0; lane < LANES; lane++) {
                uint32_t *to = &w->vgpr[dest + k][lane], mask = w->lane_mask[lane];
                *to = (*to & ~mask) | (d[k * LANES + lane] & mask);
            }
        return;
    }
    for (uint64_t left = lanes; left; left &= left - 1)
        for (unsigned k = 0, lane = (unsigned)__builtin_ctzll(left); k < dwords; k++)
            w->vgpr[dest + k][lane] = d[k * LANES + lane];
}

static void finish(struct wave *w, const struct op *op, uint32_t *d, uint64_t lanes)
{
    const struct instruction *i = op->instruction;
    if ((op->omod || op->clamp) && type_is_float(i->d)) modify_result(w, op, d);
    if (keeps_half(op)) place_result(w, op, d);
    unsigned dwords = type_dwords(i->d);
    write_back(w, indexed_vgpr(w, op->dest, GPR_IDX_DST, dwords), dwords, d, lanes);
}

void run_vector(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    struct gfx9_worker *worker = w->group->worker;
    uint32_t(*room)[4 * LANES] = worker->lanes;
    uint32_t *d = room[3];
    int8_t dpp_from[LANES];
    uint64_t lanes = WAVE_EXEC(w);
    if (op->form == FORM_DPP) lanes = dpp_lanes(w, op, dpp_from);
    const uint32_t *a = i->a ? source_lanes(w, op, 0, i->a, room[0], dpp_from) : NULL;
    const uint32_t *b = i->b ? source_lanes(w, op, 1, i->b, room[1], NULL) : NULL;
    const uint32_t *c = NULL;
    if (i->flags & (F_ACCUMULATES | F_READS_OLD))
        c = w->vgpr[op->dest];
    else if (i->c)
        c = source_lanes(w, op, 2, i->c, room[2], NULL);
    if (i->flags & (F_READS_MASK | F_READS_VCC)) w->env.mask_in = w->sgpr64[op->mask_source / 2];
    w->env.clamp = op->clamp;
    wave_set_host_modes(w, op);
    op->lanes(d, a, b, c, &w->env);
    if (i->d != T_NO) finish(w, op, d, lanes);
    if (!(i->flags & F_WRITES_MASK)) return;
    uint64_t mask = w->env.mask_out & lanes;
    w->sgpr64[op->mask_dest / 2] = mask;
    if (i->flags & F_WRITES_EXEC) WAVE_EXEC(w) = mask;
}

/* ---- VOP3P ---- */

/* Each half of the operand as its instruction picks it: low results from op_sel, high ones from op_sel_hi. */
static const uint32_t *packed_half(struct wave *w, const struct op *op, unsigned k, unsigned type,
                                   uint32_t *room, bool high)
{
    const uint32_t *from = room;
    if (op->source[k] < SRC_VGPR)
        broadcast(room, scalar_source(w, op, k, false), 1);
    else
        from = w->vgpr[indexed_vgpr(w, op->source[k] - SRC_VGPR, GPR_IDX_SRC0 << k, 1)];
    bool upper = (high ? op->op_sel_high : op->op_sel) >> k & 1;
    bool negate = (high ? op->neg_high : op->neg) >> k & 1 && type == T_F16;
    for (unsigned lane = 0; lane < LANES; lane++)
        room[lane] = (upper ? from[lane] >> 16 : from[lane] & 0xffff) ^ (negate ? 0x8000 : 0);
    return room;
}

/* v_mad_mix: a float, or a half widened; neg_hi is the absolute value. */
static const uint32_t *mixed_source(struct wave *w, const struct op *op, unsigned k, uint32_t *room)
{
    const uint32_t *from = room;
    if (op->source[k] < SRC_VGPR)
        broadcast(room, scalar_source(w, op, k, false), 1);
    else
        from = w->vgpr[indexed_vgpr(w, op->source[k] - SRC_VGPR, GPR_IDX_SRC0 << k, 1)];
    bool half = op->op_sel_high >> k & 1, upper = op->op_sel >> k & 1;
    for (unsigned lane = 0; lane < LANES; lane++)
        room[lane] = half ? bits_f32((float)load_f16(&w->env, from[lane] >> (upper ? 16 : 0))) : from[lane];
    apply_modifiers(room, T_F32, op->neg >> k & 1, op->neg_high >> k & 1);
    return room;
}

static void run_mixed(struct wave *w, const struct op *op)
{
    uint32_t(*room)[4 * LANES] = w->group->worker->lanes;
    for (unsigned k = 0; k < 3; k++) mixed_source(w, op, k, room[k]);
    w->env.clamp = op->clamp;
    wave_set_host_modes(w, op);
    op->lanes(room[3], room[0], room[1], room[2], &w->env);
    finish(w, op, room[3], WAVE_EXEC(w));
}

void run_packed(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->flags & F_MIX) {
        run_mixed(w, op);
        return;
    }
    uint32_t(*room)[4 * LANES] = w->group->worker->lanes;
    uint32_t result[LANES] ALIGNED(64);
    w->env.clamp = op->clamp;
    wave_set_host_modes(w, op);
    for (unsigned high = 0; high < 2; high++) {
        const uint32_t *a = packed_half(w, op, 0, i->a, room[0], high),
                       *b = packed_half(w, op, 1, i->b, room[1], high);
        const uint32_t *c = i->c ? packed_half(w, op, 2, i->c, room[2], high) : NULL;
        op->lanes(room[3], a, b, c, &w->env);
        if (op->clamp && type_is_float(i->d)) modify_result(w, op, room[3]);
        for (unsigned lane = 0; lane < LANES; lane++)
            result[lane] = high ? result[lane] | room[3][lane] << 16 : room[3][lane] & 0xffff;
    }
    write_back(w, indexed_vgpr(w, op->dest, GPR_IDX_DST, 1), 1, result, WAVE_EXEC(w));
}
