/* SPDX-License-Identifier: Apache-2.0 */
/* From words to an operation: which encoding it is, and operands. [vega-isa 13] */
#include "host/ckdev/gfx9/decode.h"

#include <string.h>

/* Inline constants 0.5, -0.5, 1, ... 4, -4, 1/(2 pi) by the operand's size. */
static const uint16_t inline_f16[] = {
    0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118
};
static const uint32_t inline_f32[] = { 0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                       0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983 };
static const uint64_t inline_f64[] = { 0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000,
                                       0xbff0000000000000, 0x4000000000000000, 0xc000000000000000,
                                       0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882 };

enum { FIRST_TTMP = 108 };
enum { INLINE_ZERO = 128, INLINE_64 = 192, INLINE_MINUS_16 = 208, INLINE_HALF = 240, INLINE_INV_2PI = 248 };

static uint64_t inline_float(unsigned code, enum type type)
{
    if (type_is_half(type)) return inline_f16[code - INLINE_HALF];
    return type_dwords(type) >= 2 ? inline_f64[code - INLINE_HALF] : inline_f32[code - INLINE_HALF];
}

static uint64_t literal_value(uint32_t literal, enum type type)
{
    if (type == T_F64 || type == T_X64) return (uint64_t)literal << 32;
    if (type == T_I64) return (uint64_t)(int32_t)literal;
    return literal;
}

bool decode_literal(struct decoder *d)
{
    if (d->op->has_literal) return true;
    if (d->used >= d->count) return false;
    d->op->literal = d->words[d->used++];
    return d->op->has_literal = true;
}

static bool is_register(unsigned code) { return code <= SRC_M0 || code == SRC_EXEC || code == SRC_EXEC + 1; }

/* The hardware takes registers of a pair or more from an aligned one on, whatever the low bits say. */
unsigned decode_aligned(unsigned code, unsigned dwords)
{
    bool numbered = code < GFX9_SGPRS || (code >= FIRST_TTMP && code < SRC_M0);
    return dwords < 2 || !numbered ? code : code & ~(dwords >= 4 ? 3u : 1u);
}

bool decode_scalar_register(unsigned code, unsigned dwords)
{
    /* Ends of the register files that sit side by side. */
    static const uint8_t ends[] = { GFX9_SGPRS, SRC_XNACK_MASK, SRC_VCC, FIRST_TTMP, SRC_M0 };
    if (code >= 128 || !is_register(code)) return false;
    if (dwords == 1) return true;
    if (code % 2 || decode_aligned(code, dwords) != code) return false;
    for (unsigned k = 0; k < ARRAY_LENGTH(ends); k++)
        if (code < ends[k]) return code + dwords <= ends[k];
    return code == SRC_EXEC && dwords == 2;
}

bool decode_scalar_dest(uint8_t *dest, unsigned code, unsigned dwords)
{
    *dest = (uint8_t)decode_aligned(code, dwords);
    return code < 128 && decode_scalar_register(*dest, dwords);
}

bool decode_source(struct decoder *d, unsigned k, unsigned code, enum type type)
{
    struct op *op = d->op;
    unsigned dwords = type_dwords(type);
    code = decode_aligned(code, dwords);
    op->code[k] = op->source[k] = (uint16_t)code;
    if (code >= SRC_VGPR) return vgprs_exist(code - SRC_VGPR, dwords);
    if (code < 128) return decode_scalar_register(code, dwords);
    if (code <= INLINE_MINUS_16) {
        int64_t value = code <= INLINE_64 ? (int64_t)code - INLINE_ZERO : (int64_t)INLINE_64 - code;
        op->value[k] = (uint64_t)value;
    } else if (code >= INLINE_HALF && code <= INLINE_INV_2PI) {
        op->value[k] = inline_float(code, type);
    } else if (code == SRC_CONSTANT) {
        if (!decode_literal(d)) return false;
        op->value[k] = literal_value(op->literal, type);
    } else {
        if (code == SRC_LDS_DIRECT) /* of vector instructions */
            return dwords == 1 && op->instruction->encoding >= VOP1 && op->instruction->encoding <= VOP3P;
        return (code >= SRC_SHARED_BASE && code <= SRC_POPS_WAVE_ID) || (code >= SRC_VCCZ && code <= SRC_SCC);
    }
    op->source[k] = SRC_CONSTANT;
    return true;
}

static bool decode_words(struct decoder *d)
{
    uint32_t word = d->words[0];
    if (word >> 31 == 0) return decode_vop(d);
    if (word >> 30 == 2) return decode_scalar(d);
    switch (word >> 26) {
    case 0x30: return decode_smem(d);
    case 0x34: return decode_vop3(d);
    case 0x36: return decode_ds(d);
    case 0x37: return decode_flat(d);
    case 0x38:
    case 0x3a: return decode_buffer(d);
    default: return false; /* EXP, VINTRP, MIMG: graphics */
    }
}

bool gfx9_decode(const uint32_t *words, unsigned count, struct op *op)
{
    memset(op, 0, sizeof *op);
    op->bytes = 4;
    for (unsigned k = 0; k < 3; k++) op->source[k] = SRC_NONE;
    if (count == 0) return false;
    struct decoder d = { words, count, 1, op };
    bool legal = decode_words(&d);
    op->bytes = (uint8_t)(d.used * 4);
    return legal;
}
