/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar instructions and scalar memory, printed. */
#include "host/ckdev/gfx9/text.h"

static void text_hwreg(struct text *t, unsigned value)
{
    static const char *const names[] = {
        [1] = "HW_REG_MODE", "HW_REG_STATUS",    "HW_REG_TRAPSTS", "HW_REG_HW_ID",
        "HW_REG_GPR_ALLOC",  "HW_REG_LDS_ALLOC", "HW_REG_IB_STS",  [15] = "HW_REG_SH_MEM_BASES",
        "HW_REG_TBA_LO",     "HW_REG_TBA_HI",    "HW_REG_TMA_LO",  "HW_REG_TMA_HI"
    };
    unsigned id = value & 63, offset = value >> 6 & 31, size = (value >> 11 & 31) + 1;
    if (id < ARRAY_LENGTH(names) && names[id])
        text_put(t, "hwreg(%s", names[id]);
    else
        text_put(t, "hwreg(%u", id);
    if (offset || size != 32) text_put(t, ", %u, %u", offset, size);
    text_put(t, ")");
}

static void text_waitcnt(struct text *t, unsigned value)
{
    unsigned vm = (value & 15) | (value >> 14 & 3) << 4, exp = value >> 4 & 7, lgkm = value >> 8 & 15;
    bool all = vm == 63 && exp == 7 && lgkm == 15;
    if (vm != 63 || all) text_put(t, " vmcnt(%u)", vm);
    if (exp != 7 || all) text_put(t, " expcnt(%u)", exp);
    if (lgkm != 15 || all) text_put(t, " lgkmcnt(%u)", lgkm);
}

static void text_gpr_idx(struct text *t, unsigned value)
{
    static const char *const names[] = { "SRC0", "SRC1", "SRC2", "DST" };
    const char *comma = "";
    if (value > 15) {
        text_put(t, "0x%x", value);
        return;
    }
    text_put(t, "gpr_idx(");
    for (unsigned k = 0; k < 4; k++)
        if (value >> k & 1) {
            text_put(t, "%s%s", comma, names[k]);
            comma = ",";
        }
    text_put(t, ")");
}

/* Messages for the fixed-function parts keep their numbers: nobody sends them from a compute kernel. */
static void text_message(struct text *t, unsigned value)
{
    if (value == 1)
        text_put(t, "sendmsg(MSG_INTERRUPT)");
    else
        text_put(t, "sendmsg(%u, %u, %u)", value & 15, value >> 4 & 7, value >> 8 & 3);
}

static void text_constant(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->flags & F_WAITCNT) {
        text_waitcnt(t, (unsigned)op->imm);
        return;
    }
    if ((i->flags & F_OPTIONAL_IMM) && op->imm == 0) return;
    text_operand(t);
    if (i->flags & F_GPR_IDX)
        text_gpr_idx(t, (unsigned)op->imm);
    else if (i->flags & F_SENDMSG)
        text_message(t, (unsigned)op->imm);
    else if (i->flags & F_HWREG)
        text_hwreg(t, (unsigned)op->imm);
    else if ((i->flags & F_BRANCH) || (i->encoding == SOPP && op->imm <= 64) || (i->flags & F_OPTIONAL_IMM))
        text_put(t, "%u", op->imm & 0xffff);
    else
        text_put(t, "0x%x", op->imm & 0xffff);
}

static void text_sopk(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    bool constant_first = (i->flags & F_HWREG) && (i->flags & (F_NO_WRITE | F_LITERAL));
    if (constant_first) text_constant(t, op);
    if (i->d != T_NO) {
        text_operand(t);
        text_sgpr(t, op->dest, type_dwords(i->d));
    }
    if (i->flags & F_LITERAL) text_put(t, ", 0x%x", op->literal);
    if (!constant_first) text_constant(t, op);
}

static void text_smem(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (i->d != T_NO || (i->flags & F_PROBE)) text_operand(t);
    if (i->flags & F_PROBE)
        text_put(t, op->dest > 64 ? "0x%x" : "%u", op->dest);
    else if (i->d != T_NO)
        text_sgpr(t, op->dest, type_dwords(i->d));
    if (i->a == T_NO) return;
    text_operand(t);
    text_sgpr(t, op->mem.resource, type_dwords(i->a));
    text_operand(t);
    if (op->mem.offset_sgpr != SGPR_NONE) {
        text_sgpr(t, op->mem.offset_sgpr, 1);
        if (op->mem.has_imm)
            text_put(t, " offset:%s0x%x", op->imm < 0 ? "-" : "", op->imm < 0 ? -op->imm : op->imm);
    } else {
        text_put(t, "%s0x%x", op->imm < 0 ? "-" : "", op->imm < 0 ? -op->imm : op->imm);
    }
    if (op->mem.glc && i->d != T_NO) text_put(t, " glc");
}

void text_scalar(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    text_put(t, "%s", i->name);
    if (i->encoding == SMEM) {
        text_smem(t, op);
    } else if (i->encoding == SOPK) {
        text_sopk(t, op);
    } else if (i->encoding == SOPP) {
        if (i->a != T_NO) text_constant(t, op);
    } else {
        const uint8_t types[] = { i->a, i->b };
        if (i->d != T_NO) {
            text_operand(t);
            text_sgpr(t, op->dest, type_dwords(i->d));
        }
        for (unsigned k = 0; k < 2 && types[k] != T_NO; k++) {
            text_operand(t);
            text_source(t, op, k, types[k]);
        }
        if (i->flags & F_GPR_IDX && i->encoding == SOPC) text_constant(t, op);
    }
}
