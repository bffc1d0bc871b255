/* SPDX-License-Identifier: Apache-2.0 */
/* DS, FLAT, MUBUF and MTBUF. [vega-isa 13.4 to 13.6] */
#include "host/ckdev/gfx9/decode.h"

bool decode_ds(struct decoder *d)
{
    struct op *op = d->op;
    uint32_t first = d->words[0];
    const struct instruction *i = op->instruction = gfx9_instruction_find(DS, bits_of(first, 24, 17));
    if (!i || d->count < 2) return false;
    uint32_t second = d->words[d->used++];
    op->imm = (int32_t)bits_of(first, 15, 0); /* in pairs: two of 8 bits */
    op->mem.gds = bits_of(first, 16, 16);
    op->mem.address = (uint8_t)bits_of(second, 7, 0);
    op->mem.data = (uint8_t)bits_of(second, 15, 8);
    op->mem.data2 = (uint8_t)bits_of(second, 23, 16);
    op->dest = (uint8_t)bits_of(second, 31, 24);
    if (!vgprs_exist(op->mem.data, type_dwords(i->a)) || !vgprs_exist(op->mem.data2, type_dwords(i->b)))
        return false;
    bool permutes = i->action == ACTION_PERMUTE || i->action == ACTION_BPERMUTE;
    if (permutes && op->mem.gds) return false;
    if ((i->a == T_NO && op->mem.data) || (i->b == T_NO && op->mem.data2)) return false;
    if (i->d == T_NO && op->dest) return false;
    return vgprs_exist(op->dest, type_dwords(i->d));
}

/* Loads that can go to LDS, past the registers. */
static bool can_load_lds(const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->encoding == FLAT && op->mem.segment == SEGMENT_FLAT) return false;
    return (i->action == ACTION_LOAD && type_dwords(i->d) == 1 && !(i->flags & F_D16)) ||
           (i->encoding == MUBUF && i->opcode == 0);
}

/* A pair of VGPRs; or, global, an SGPR pair and a VGPR; or, scratch, one of either. */
static bool decode_flat_address(struct op *op)
{
    enum { OFF = 0x7f };
    uint8_t sgpr = op->mem.offset_sgpr;
    bool has_sgpr = op->mem.segment != SEGMENT_FLAT && sgpr != OFF;
    if (!has_sgpr) op->mem.offset_sgpr = SGPR_NONE;
    if (op->mem.segment == SEGMENT_FLAT && sgpr != 0) return false;
    if (has_sgpr &&
        !decode_scalar_dest(&op->mem.offset_sgpr, sgpr, op->mem.segment == SEGMENT_GLOBAL ? 2 : 1))
        return false;
    return vgprs_exist(op->mem.address, op->mem.segment == SEGMENT_SCRATCH || has_sgpr ? 1 : 2);
}

bool decode_flat(struct decoder *d)
{
    struct op *op = d->op;
    uint32_t first = d->words[0];
    const struct instruction *i = op->instruction = gfx9_instruction_find(FLAT, bits_of(first, 24, 18));
    if (!i || d->count < 2) return false;
    uint32_t second = d->words[d->used++];
    op->mem.segment = (uint8_t)bits_of(first, 15, 14);
    op->mem.lds = bits_of(first, 13, 13);
    op->mem.glc = bits_of(first, 16, 16);
    op->mem.slc = bits_of(first, 17, 17);
    op->mem.address = (uint8_t)bits_of(second, 7, 0);
    op->mem.data = (uint8_t)bits_of(second, 15, 8);
    op->mem.offset_sgpr = (uint8_t)bits_of(second, 22, 16);
    op->mem.nv = bits_of(second, 23, 23);
    op->dest = (uint8_t)bits_of(second, 31, 24);
    if (op->mem.segment > SEGMENT_GLOBAL || (op->mem.lds && (op->mem.nv || !can_load_lds(op)))) return false;
    if (op->mem.segment == SEGMENT_SCRATCH && (i->flags & F_ATOMIC)) return false;
    if (op->mem.segment == SEGMENT_FLAT && bits_of(first, 12, 12)) return false;
    /* Flat offsets are unsigned, the others signed. */
    op->imm = op->mem.segment == SEGMENT_FLAT ? (int32_t)bits_of(first, 11, 0) : (int32_t)(first << 19) >> 19;
    bool returns = !(i->flags & F_ATOMIC) || op->mem.glc;
    return decode_flat_address(op) && vgprs_exist(op->mem.data, type_dwords(i->a)) &&
           (!returns || vgprs_exist(op->dest, type_dwords(i->d)));
}

bool decode_buffer(struct decoder *d)
{
    struct op *op = d->op;
    uint32_t first = d->words[0];
    bool typed = first >> 26 == 0x3a;
    const struct instruction *i = op->instruction =
        typed ? gfx9_instruction_find(MTBUF, bits_of(first, 18, 15))
              : gfx9_instruction_find(MUBUF, bits_of(first, 24, 18));
    if (!i || d->count < 2) return false;
    uint32_t second = d->words[d->used++];
    op->imm = (int32_t)bits_of(first, 11, 0);
    op->mem.offen = bits_of(first, 12, 12);
    op->mem.idxen = bits_of(first, 13, 13);
    op->mem.glc = bits_of(first, 14, 14);
    op->mem.lds = !typed && bits_of(first, 16, 16);
    op->mem.slc = typed ? bits_of(second, 22, 22) : bits_of(first, 17, 17);
    op->mem.format = (uint8_t)(typed ? bits_of(first, 25, 19) : 0);
    op->mem.address = (uint8_t)bits_of(second, 7, 0);
    op->mem.data = op->dest = (uint8_t)bits_of(second, 15, 8);
    op->mem.resource = (uint8_t)(bits_of(second, 20, 16) * 4);
    op->mem.tfe = bits_of(second, 23, 23);
    op->mem.offset_sgpr = SGPR_NONE;
    if (i->flags & F_NO_OPERANDS)
        return !(op->mem.offen || op->mem.idxen || op->mem.glc || op->mem.lds || op->mem.tfe ||
                 bits_of(first, 15, 15));
    if (!decode_scalar_dest(&op->mem.resource, op->mem.resource, 4)) return false;
    if (op->mem.tfe && (typed || op->mem.lds || (i->flags & F_ATOMIC))) return false;
    if (op->mem.lds && !(i->flags & F_NO_ADDRESS) && !can_load_lds(op)) return false;
    if (!decode_source(d, 0, bits_of(second, 31, 24), T_U32) || op->code[0] == SRC_CONSTANT) return false;
    if (i->flags & F_NO_ADDRESS) return op->mem.lds && !op->mem.offen && !op->mem.idxen;
    unsigned dwords = MAX(type_dwords(i->d), type_dwords(i->a));
    return vgprs_exist(op->mem.data, dwords + op->mem.tfe) &&
           vgprs_exist(op->mem.address, op->mem.offen && op->mem.idxen ? 2 : 1);
}
