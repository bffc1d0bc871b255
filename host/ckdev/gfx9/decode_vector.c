/* SPDX-License-Identifier: Apache-2.0 */
/* VOP1, VOP2 and VOPC with their SDWA and DPP forms; VOP3 and VOP3P. [vega-isa 13.3] */
#include "host/ckdev/gfx9/decode.h"

static bool decode_vector_dest(struct op *op, unsigned code)
{
    const struct instruction *i = op->instruction;
    op->dest = (uint8_t)code;
    if (i->flags & F_SCALAR_DEST) return decode_scalar_register(code, 1);
    return vgprs_exist(code, type_dwords(i->d));
}

/* Signs are changed of floats. VOP3 instructions that pick halves ignore these bits on integers. */
static bool are_modifiers_of_floats(const struct op *op)
{
    const struct instruction *i = op->instruction;
    const uint8_t types[3] = { i->a, i->b, (i->flags & F_ACCUMULATES) ? T_NO : i->c };
    if (i->encoding == VOP3P || (i->flags & F_OP_SEL)) return true;
    for (unsigned k = 0; k < 3; k++)
        if ((op->neg | op->abs) >> k & 1 && !type_has_float_modifiers(types[k])) return false;
    return true;
}

static bool is_dpp_control(unsigned control)
{
    if (control < 0x100) return true;
    if (control < 0x130) return control % 16 != 0;
    return control <= 0x13c ? control % 4 == 0 : control >= 0x140 && control <= 0x143;
}

/* Two dwords after one another, the second holds the first source and how it is picked. */
static bool decode_dpp(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction;
    op->form = FORM_DPP;
    op->dpp.control = (uint16_t)bits_of(word, 16, 8);
    op->dpp.bound_zero = bits_of(word, 19, 19);
    op->dpp.bank_mask = (uint8_t)bits_of(word, 27, 24);
    op->dpp.row_mask = (uint8_t)bits_of(word, 31, 28);
    op->neg = (uint8_t)(bits_of(word, 20, 20) | bits_of(word, 22, 22) << 1);
    op->abs = (uint8_t)(bits_of(word, 21, 21) | bits_of(word, 23, 23) << 1);
    if (type_dwords(i->a) > 1 || type_dwords(i->b) > 1 || type_dwords(i->d) > 1) return false;
    if (!are_modifiers_of_floats(op)) return false;
    if (i->encoding == VOPC || !is_dpp_control(op->dpp.control)) return false;
    return decode_source(d, 0, SRC_VGPR + bits_of(word, 7, 0), i->a);
}

static bool decode_sdwa(struct decoder *d, uint32_t word, unsigned second_source)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction;
    op->form = FORM_SDWA;
    op->sdwa.select[0] = (uint8_t)bits_of(word, 18, 16);
    op->sdwa.select[1] = (uint8_t)bits_of(word, 26, 24);
    op->sdwa.sext = (uint8_t)(bits_of(word, 19, 19) | bits_of(word, 27, 27) << 1);
    op->neg = (uint8_t)(bits_of(word, 20, 20) | bits_of(word, 28, 28) << 1);
    op->abs = (uint8_t)(bits_of(word, 21, 21) | bits_of(word, 29, 29) << 1);
    if (i->encoding == VOPC) {
        op->has_sdst = bits_of(word, 15, 15);
        if (op->has_sdst && !decode_scalar_dest(&op->mask_dest, bits_of(word, 14, 8), 2)) return false;
    } else {
        op->sdwa.dest_select = (uint8_t)bits_of(word, 10, 8);
        op->sdwa.dest_unused = (uint8_t)bits_of(word, 12, 11);
        op->clamp = bits_of(word, 13, 13);
        op->omod = (uint8_t)bits_of(word, 15, 14);
        if (op->sdwa.dest_select > 6) return false;
    }
    if (i->b == T_NO && word >> 24) return false;
    if (!are_modifiers_of_floats(op) || (op->omod && !type_is_float(i->d))) return false;
    if ((op->sdwa.sext & 1 && type_has_float_modifiers(i->a)) ||
        (op->sdwa.sext & 2 && type_has_float_modifiers(i->b)))
        return false;
    if (op->sdwa.select[0] > 6 || (i->b != T_NO && op->sdwa.select[1] > 6)) return false;
    if (type_dwords(i->a) > 1 || type_dwords(i->b) > 1 || type_dwords(i->d) > 1) return false;
    unsigned first = bits_of(word, 7, 0) + (bits_of(word, 23, 23) ? 0 : SRC_VGPR);
    if (first == SRC_CONSTANT || !decode_source(d, 0, first, i->a)) return false;
    if (i->b == T_NO) return true;
    unsigned second = second_source + (bits_of(word, 31, 31) ? 0 : SRC_VGPR);
    return second != SRC_CONSTANT && decode_source(d, 1, second, i->b);
}

static bool decode_vop_sources(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction;
    unsigned first = bits_of(word, 8, 0), second = bits_of(word, 16, 9);
    if (first == SRC_SDWA || first == SRC_DPP) {
        if ((i->flags & F_NO_SDWA) || d->count < 2) return false;
        uint32_t extra = d->words[d->used++];
        if (first == SRC_SDWA) return decode_sdwa(d, extra, second);
        return decode_dpp(d, extra) && (i->b == T_NO || decode_source(d, 1, SRC_VGPR + second, i->b));
    }
    if (i->a == T_NO) return op->dest == 0;
    if ((i->flags & F_VGPR_SOURCE) && first < SRC_VGPR) return false;
    if (!decode_source(d, 0, first, i->a)) return false;
    if (i->flags & F_LITERAL_B)
        return decode_source(d, 1, SRC_CONSTANT, i->b) && decode_source(d, 2, SRC_VGPR + second, i->c);
    if (i->b != T_NO && !decode_source(d, 1, SRC_VGPR + second, i->b)) return false;
    return !(i->flags & F_LITERAL_C) || decode_source(d, 2, SRC_CONSTANT, i->c);
}

bool decode_vop(struct decoder *d)
{
    struct op *op = d->op;
    uint32_t word = d->words[0];
    op->mask_dest = op->mask_source = SRC_VCC;
    unsigned group = word >> 25;
    if (group == 0x3f)
        op->instruction = gfx9_instruction_find(VOP1, bits_of(word, 16, 9));
    else if (group == 0x3e)
        op->instruction = gfx9_instruction_find(VOPC, bits_of(word, 24, 17));
    else
        op->instruction = gfx9_instruction_find(VOP2, group);
    const struct instruction *i = op->instruction;
    if (!i) return false;
    if (i->encoding == VOP1) { word &= ~0x1fe00u; /* the opcode is where the second source of others is */ }
    if (i->encoding != VOPC && !decode_vector_dest(op, bits_of(word, 24, 17))) return false;
    return decode_vop_sources(d, word);
}

/* VOP3 has the opcodes of the shorter encodings at fixed places. */
static const struct instruction *find_vop3(unsigned opcode)
{
    const struct instruction *i;
    if (opcode < 256)
        i = gfx9_instruction_find(VOPC, opcode);
    else if (opcode < 320)
        i = gfx9_instruction_find(VOP2, opcode - 256);
    else if (opcode < 448)
        i = gfx9_instruction_find(VOP1, opcode - 320);
    else
        return gfx9_instruction_find(VOP3, opcode);
    return i && (i->flags & F_NO_VOP3) ? NULL : i;
}

static bool decode_vop3_sources(struct decoder *d, uint32_t word)
{
    struct op *op = d->op;
    const struct instruction *i = op->instruction;
    unsigned codes[3] = { bits_of(word, 8, 0), bits_of(word, 17, 9), bits_of(word, 26, 18) };
    const uint8_t types[3] = { i->a, i->b, (i->flags & F_ACCUMULATES) ? T_NO : i->c };
    for (unsigned k = 0; k < 3; k++) {
        if (types[k] == T_NO) {
            bool is_mask = k == 2 && (i->flags & F_READS_MASK);
            if (is_mask ? !decode_scalar_dest(&op->mask_source, codes[k], 2) : codes[k] != 0) return false;
            continue;
        }
        if (codes[k] == SRC_CONSTANT) return false; /* gfx9 has none here */
        if (!decode_source(d, k, codes[k], types[k])) return false;
    }
    return !(i->flags & F_VGPR_SOURCE) || codes[0] >= SRC_VGPR;
}

/* Modifiers where they mean something: on floats, and the clamp bit on integers that saturate. */
static bool has_legal_modifiers(const struct op *op)
{
    const struct instruction *i = op->instruction;
    bool any_float = type_is_float(i->a);
    if (!are_modifiers_of_floats(op)) return false;
    if (op->omod && !(type_is_float(i->d))) return false;
    if (i->encoding == VOP3P) return true;
    return !op->clamp || type_is_float(i->d) || (i->flags & F_INT_CLAMP) ||
           ((i->flags & F_OP_SEL) && type_is_half(i->d)) || (i->encoding == VOPC && any_float);
}

static bool decode_vop3p(struct decoder *d, uint32_t first, uint32_t second)
{
    struct op *op = d->op;
    op->instruction = gfx9_instruction_find(VOP3P, bits_of(first, 22, 16));
    if (!op->instruction) return false;
    op->neg_high = (uint8_t)bits_of(first, 10, 8);
    op->op_sel = (uint8_t)bits_of(first, 13, 11);
    op->op_sel_high = (uint8_t)(bits_of(second, 28, 27) | bits_of(first, 14, 14) << 2);
    op->neg = (uint8_t)bits_of(second, 31, 29);
    if (op->instruction->c == T_NO && (op->neg | op->neg_high | op->op_sel) >> 2) return false;
    return has_legal_modifiers(op) && decode_vector_dest(op, bits_of(first, 7, 0)) &&
           decode_vop3_sources(d, second);
}

bool decode_vop3(struct decoder *d)
{
    struct op *op = d->op;
    if (d->count < 2) return false;
    uint32_t first = d->words[0], second = d->words[d->used++];
    op->form = FORM_VOP3;
    op->clamp = bits_of(first, 15, 15);
    op->mask_dest = op->mask_source = SRC_VCC;
    if (first >> 23 == 0x1a7) return decode_vop3p(d, first, second);
    const struct instruction *i = op->instruction = find_vop3(bits_of(first, 25, 16));
    if (!i) return false;
    op->neg = (uint8_t)bits_of(second, 31, 29);
    op->omod = (uint8_t)bits_of(second, 28, 27);
    if (i->encoding == VOPC) {
        op->abs = (uint8_t)bits_of(first, 10, 8);
        op->op_sel = (uint8_t)bits_of(first, 14, 11);
        return decode_scalar_dest(&op->mask_dest, bits_of(first, 7, 0), 2) && has_legal_modifiers(op) &&
               decode_vop3_sources(d, second);
    }
    if (i->flags & F_WRITES_MASK) {
        if (!decode_scalar_dest(&op->mask_dest, bits_of(first, 14, 8), 2)) return false;
    } else {
        op->abs = (uint8_t)bits_of(first, 10, 8);
        op->op_sel = (uint8_t)bits_of(first, 14, 11);
    }
    return has_legal_modifiers(op) && decode_vector_dest(op, bits_of(first, 7, 0)) &&
           decode_vop3_sources(d, second);
}
