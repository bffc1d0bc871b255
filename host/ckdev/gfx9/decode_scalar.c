/* SPDX-License-Identifier: Apache-2.0 */
/* SOP1, SOP2, SOPC, SOPK, SOPP and SMEM. */
#include "host/ckdev/gfx9/decode.h"

static bool decode_sop1(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction = gfx9_instruction_find(SOP1, bits_of(word, 15, 8));
    if (!i) return false;
    unsigned dest = bits_of(word, 22, 16);
    if (i->d != T_NO && !decode_scalar_dest(&op->dest, dest, type_dwords(i->d))) return false;
    if (i->a == T_NO) return true;
    return decode_source(d, 0, bits_of(word, 7, 0), i->a);
}

static bool decode_sopc(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction = gfx9_instruction_find(SOPC, bits_of(word, 22, 16));
    if (!i || !decode_source(d, 0, bits_of(word, 7, 0), i->a)) return false;
    if (i->b != T_NO) return decode_source(d, 1, bits_of(word, 15, 8), i->b);
    op->imm = (int32_t)bits_of(word, 15, 8); /* s_set_gpr_idx_on: which operands */
    return true;
}

static int32_t extended(uint32_t word, enum type type)
{
    return type == T_I32 ? (int16_t)word : (int32_t)(word & 0xffff);
}

static bool decode_sopp(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction = gfx9_instruction_find(SOPP, bits_of(word, 22, 16));
    if (!i) return false;
    op->imm = extended(word, i->a);
    op->source[0] = SRC_CONSTANT;
    op->value[0] = (uint64_t)(int64_t)op->imm;
    return i->a != T_NO || op->imm == 0;
}

static bool decode_sopk(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction = gfx9_instruction_find(SOPK, bits_of(word, 27, 23));
    if (!i) return false;
    op->imm = extended(word, i->a);
    op->source[0] = SRC_CONSTANT;
    op->value[0] = (uint64_t)(int64_t)op->imm;
    if ((i->flags & F_LITERAL) && !decode_literal(d)) return false;
    return i->d == T_NO || decode_scalar_dest(&op->dest, bits_of(word, 22, 16), type_dwords(i->d));
}

static bool decode_sop2(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction = gfx9_instruction_find(SOP2, bits_of(word, 29, 23));
    if (!i) return false;
    unsigned dest = bits_of(word, 22, 16);
    if (i->d != T_NO && !decode_scalar_dest(&op->dest, dest, type_dwords(i->d))) return false;
    return decode_source(d, 0, bits_of(word, 7, 0), i->a) && decode_source(d, 1, bits_of(word, 15, 8), i->b);
}

bool decode_scalar(struct decoder *d)
{
    uint32_t word = d->words[0];
    switch (word >> 23) {
    case 0x17d: return decode_sop1(d, word);
    case 0x17e: return decode_sopc(d, word);
    case 0x17f: return decode_sopp(d, word);
    default: return word >> 28 == 0xb ? decode_sopk(d, word) : decode_sop2(d, word);
    }
}

/* Where the address is: a constant, an SGPR, or both. */
static bool decode_smem_offset(struct decoder *d, uint32_t first, uint32_t second)
{
    struct op *op = d->op;
    bool both = bits_of(first, 14, 14);
    op->mem.has_imm = bits_of(first, 17, 17);
    op->mem.offset_sgpr = SGPR_NONE;
    if (op->mem.has_imm) {
        op->imm = (int32_t)(second << 11) >> 11;
        if (both) op->mem.offset_sgpr = (uint8_t)bits_of(second, 31, 25);
    } else {
        op->mem.offset_sgpr = (uint8_t)(both ? bits_of(second, 31, 25) : bits_of(second, 6, 0));
    }
    return op->mem.offset_sgpr == SGPR_NONE || decode_scalar_register(op->mem.offset_sgpr, 1);
}

bool decode_smem(struct decoder *d)
{
    struct op *op = d->op;
    uint32_t first = d->words[0];
    const struct instruction *i = op->instruction = gfx9_instruction_find(SMEM, bits_of(first, 25, 18));
    if (!i || d->count < 2) return false;
    uint32_t second = d->words[d->used++];
    op->dest = (uint8_t)bits_of(first, 12, 6);
    op->mem.resource = (uint8_t)(bits_of(first, 5, 0) * 2);
    op->mem.glc = bits_of(first, 16, 16);
    op->mem.nv = bits_of(first, 15, 15);
    if (i->d != T_NO && (op->dest >= SRC_M0 || !decode_scalar_dest(&op->dest, op->dest, type_dwords(i->d))))
        return false;
    if (i->a == T_NO) return !op->mem.has_imm && !bits_of(first, 17, 17);
    if (!decode_scalar_dest(&op->mem.resource, op->mem.resource, type_dwords(i->a))) return false;
    return decode_smem_offset(d, first, second);
}
