/* SPDX-License-Identifier: Apache-2.0 */
/* Vector instructions in their four forms, printed. */
#include "host/ckdev/gfx9/text.h"

static const char *form_suffix(const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (op->form == FORM_SDWA) return "_sdwa";
    if (op->form == FORM_DPP) return "_dpp";
    if (i->encoding == VOP3 || i->encoding == VOP3P || (i->flags & F_NO_VOP3)) return "";
    if (i->flags & F_SCALAR_DEST) return "";
    if (op->form == FORM_VOP3) return "_e64";
    return i->d == T_NO && i->encoding == VOP1 ? "" : "_e32";
}

static void text_modified(struct text *t, const struct op *op, unsigned k, enum type type)
{
    bool floats = type_has_float_modifiers(type),
         constant = op->code[k] >= 128 && op->code[k] <= 248 && (op->code[k] <= 208 || op->code[k] >= 240);
    bool negate = floats && op->neg >> k & 1, absolute = floats && op->abs >> k & 1;
    bool extend = op->form == FORM_SDWA && !floats && op->sdwa.sext >> k & 1;
    text_operand(t);
    if (negate) text_put(t, constant && !absolute ? "neg(" : "-");
    if (absolute) text_put(t, "|");
    if (extend) text_put(t, "sext(");
    text_source(t, op, k, type);
    if (extend) text_put(t, ")");
    if (absolute) text_put(t, "|");
    if (negate && constant && !absolute) text_put(t, ")");
}

static void text_bits(struct text *t, const char *name, unsigned bits, unsigned count)
{
    text_put(t, " %s:[", name);
    for (unsigned k = 0; k < count; k++) text_put(t, "%s%u", k ? "," : "", bits >> k & 1);
    text_put(t, "]");
}

static void text_dpp(struct text *t, const struct op *op)
{
    unsigned control = op->dpp.control, n = control & 15;
    if (control < 0x100)
        text_put(t, " quad_perm:[%u,%u,%u,%u]", control & 3, control >> 2 & 3, control >> 4 & 3,
                 control >> 6 & 3);
    else if (control > 0x100 && control < 0x110)
        text_put(t, " row_shl:%u", n);
    else if (control > 0x110 && control < 0x120)
        text_put(t, " row_shr:%u", n);
    else if (control > 0x120 && control < 0x130)
        text_put(t, " row_ror:%u", n);
    else
        switch (control) {
        case 0x130: text_put(t, " wave_shl:1"); break;
        case 0x134: text_put(t, " wave_rol:1"); break;
        case 0x138: text_put(t, " wave_shr:1"); break;
        case 0x13c: text_put(t, " wave_ror:1"); break;
        case 0x140: text_put(t, " row_mirror"); break;
        case 0x141: text_put(t, " row_half_mirror"); break;
        case 0x142: text_put(t, " row_bcast:15"); break;
        case 0x143: text_put(t, " row_bcast:31"); break;
        }
    text_put(t, " row_mask:0x%x bank_mask:0x%x", op->dpp.row_mask, op->dpp.bank_mask);
    if (op->dpp.bound_zero) text_put(t, " bound_ctrl:1");
}

static void text_sdwa(struct text *t, const struct op *op)
{
    static const char *const parts[] = {
        "BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3", "WORD_0", "WORD_1", "DWORD"
    };
    static const char *const unused[] = { "UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE", "UNUSED_PAD" };
    const struct instruction *i = op->instruction;
    if (i->encoding != VOPC)
        text_put(t, " dst_sel:%s dst_unused:%s", parts[op->sdwa.dest_select], unused[op->sdwa.dest_unused]);
    text_put(t, " src0_sel:%s", parts[op->sdwa.select[0]]);
    if (i->b != T_NO) text_put(t, " src1_sel:%s", parts[op->sdwa.select[1]]);
}

static unsigned source_count(const struct instruction *i)
{
    return (i->a != T_NO) + (i->b != T_NO) + (i->c != T_NO && !(i->flags & F_ACCUMULATES));
}

static void text_dests(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->d != T_NO && !(i->flags & F_SCALAR_DEST)) text_vgpr(t, op->dest, type_dwords(i->d));
    if (i->flags & F_SCALAR_DEST) {
        text_operand(t);
        text_sgpr(t, op->dest, 1);
    }
    if (i->flags & F_WRITES_MASK) {
        text_operand(t);
        text_sgpr(t, op->mask_dest, 2);
    }
}

static void text_modifiers(struct text *t, const struct op *op)
{
    static const char *const omods[] = { "", " mul:2", " mul:4", " div:2" };
    const struct instruction *i = op->instruction;
    unsigned sources = source_count(i);
    if (i->encoding == VOP3P) {
        unsigned all = (1u << sources) - 1, normal = (i->flags & F_MIX) ? 0 : all;
        if (op->op_sel & all) text_bits(t, "op_sel", op->op_sel, sources);
        if ((op->op_sel_high & all) != normal) text_bits(t, "op_sel_hi", op->op_sel_high, sources);
        if (!(i->flags & F_MIX) && op->neg & all) text_bits(t, "neg_lo", op->neg, sources);
        if (!(i->flags & F_MIX) && op->neg_high & all) text_bits(t, "neg_hi", op->neg_high, sources);
    }
    if (i->flags & F_OP_SEL && op->op_sel) {
        unsigned bits = (op->op_sel & ((1u << sources) - 1)) | (op->op_sel >> 3 & 1) << sources;
        text_bits(t, "op_sel", bits, sources + 1);
    }
    if (op->clamp) text_put(t, " clamp");
    if (op->omod) text_put(t, "%s", omods[op->omod]);
    if (op->form == FORM_SDWA) text_sdwa(t, op);
    if (op->form == FORM_DPP) text_dpp(t, op);
}

void text_vector(struct text *t, const struct op *given)
{
    struct op op = *given;
    const struct instruction *i = op.instruction;
    const uint8_t types[] = { i->a, i->b, (i->flags & F_ACCUMULATES) ? T_NO : i->c };
    if (i->flags & F_MIX) op.abs = op.neg_high; /* which those instructions have there */
    if (i->encoding == VOP3P && !(i->flags & F_MIX)) op.neg = 0;
    text_put(t, "%s%s", i->name, form_suffix(&op));
    text_dests(t, &op);
    for (unsigned k = 0; k < 3; k++)
        if (types[k] != T_NO) text_modified(t, &op, k, types[k]);
    if (i->flags & F_READS_MASK) {
        text_operand(t);
        text_sgpr(t, op.mask_source, 2);
    }
    text_modifiers(t, given);
}
