/* SPDX-License-Identifier: Apache-2.0 */
/* DS, flat and buffer instructions, printed. */
#include "host/ckdev/gfx9/text.h"

static void text_swizzle(struct text *t, unsigned value)
{
    unsigned and = value & 31, or = value >> 5 & 31, xor = value >> 10 & 31;
    if (value == 0) return;
    if (value >= 0xc000) {
        text_put(t, " offset:%u", value);
    } else if (value & 0x8000) {
        if (value & 0x7f00)
            text_put(t, " offset:%u", value);
        else
            text_put(t, " offset:swizzle(QUAD_PERM,%u,%u,%u,%u)", value & 3, value >> 2 & 3, value >> 4 & 3,
                     value >> 6 & 3);
    } else {
        text_put(t, " offset:swizzle(BITMASK_PERM, %u, %u, %u)", and, or, xor);
    }
}

static void text_ds(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    text_put(t, "%s", i->name);
    if (i->d != T_NO) text_vgpr(t, op->dest, type_dwords(i->d));
    if (!(i->flags & F_NO_ADDRESS)) text_vgpr(t, op->mem.address, 1);
    if (i->a != T_NO) text_vgpr(t, op->mem.data, type_dwords(i->a));
    if (i->b != T_NO) text_vgpr(t, op->mem.data2, type_dwords(i->b));
    if (i->action == ACTION_SWIZZLE) {
        text_swizzle(t, (unsigned)op->imm);
    } else if (i->flags & F_TWO) {
        if (op->imm & 0xff) text_put(t, " offset0:%u", op->imm & 0xff);
        if (op->imm >> 8) text_put(t, " offset1:%u", op->imm >> 8);
    } else if (op->imm && i->name[3] != 'n') {
        text_put(t, " offset:%u", op->imm);
    }
    if (op->mem.gds) text_put(t, " gds");
}

static void text_flat(struct text *t, const struct op *op)
{
    static const char *const prefix[] = { "flat_", "scratch_", "global_" };
    const struct instruction *i = op->instruction;
    bool returns = (i->flags & F_ATOMIC) ? op->mem.glc : i->d != T_NO,
         has_sgpr = op->mem.offset_sgpr != SGPR_NONE;
    text_put(t, "%s%s", prefix[op->mem.segment], i->name);
    if (returns && !op->mem.lds) text_vgpr(t, op->dest, type_dwords(i->d));
    if (op->mem.segment == SEGMENT_SCRATCH && has_sgpr) {
        text_operand(t);
        text_put(t, "off");
    } else {
        text_vgpr(t, op->mem.address, op->mem.segment == SEGMENT_SCRATCH || has_sgpr ? 1 : 2);
    }
    if (i->a != T_NO) text_vgpr(t, op->mem.data, type_dwords(i->a));
    if (op->mem.segment != SEGMENT_FLAT) {
        text_operand(t);
        if (has_sgpr)
            text_sgpr(t, op->mem.offset_sgpr, op->mem.segment == SEGMENT_SCRATCH ? 1 : 2);
        else
            text_put(t, "off");
    }
    if (op->imm) text_put(t, " offset:%d", op->imm);
    if (op->mem.glc) text_put(t, " glc");
    if (op->mem.slc) text_put(t, " slc");
    if (op->mem.lds) text_put(t, " lds");
}

static void text_format(struct text *t, unsigned format)
{
    static const char *const data[] = { "INVALID",     "8",          "16",          "8_8",
                                        "32",          "16_16",      "10_11_11",    "11_11_10",
                                        "10_10_10_2",  "2_10_10_10", "8_8_8_8",     "32_32",
                                        "16_16_16_16", "32_32_32",   "32_32_32_32", "RESERVED_15" };
    static const char *const number[] = { "UNORM", "SNORM", "USCALED",    "SSCALED",
                                          "UINT",  "SINT",  "RESERVED_6", "FLOAT" };
    unsigned d = format & 15, n = format >> 4;
    if (format == 1) return; /* what is meant when nothing is said */
    text_put(t, " format:[");
    if (d != 1) text_put(t, "BUF_DATA_FORMAT_%s%s", data[d], n ? "," : "");
    if (n) text_put(t, "BUF_NUM_FORMAT_%s", number[n]);
    text_put(t, "]");
}

static void text_buffer(struct text *t, const struct op *op)
{
    const struct instruction *i = op->instruction;
    text_put(t, "%s", i->name);
    if (i->flags & F_NO_OPERANDS) return;
    if (!op->mem.lds && !(i->flags & F_NO_ADDRESS))
        text_vgpr(t, op->mem.data,
                  type_dwords(i->d != T_NO && !(i->flags & F_ATOMIC) ? i->d : i->a) + op->mem.tfe);
    if (!(i->flags & F_NO_ADDRESS)) {
        if (op->mem.offen || op->mem.idxen) {
            text_vgpr(t, op->mem.address, op->mem.offen && op->mem.idxen ? 2 : 1);
        } else {
            text_operand(t);
            text_put(t, "off");
        }
    }
    text_operand(t);
    text_sgpr(t, op->mem.resource, 4);
    text_operand(t);
    text_source(t, op, 0, T_U32);
    if (i->encoding == MTBUF) text_format(t, op->mem.format);
    if (op->mem.idxen) text_put(t, " idxen");
    if (op->mem.offen) text_put(t, " offen");
    if (op->imm) text_put(t, " offset:%d", op->imm);
    if (i->flags & F_NO_ADDRESS) text_put(t, " lds");
    if (op->mem.glc) text_put(t, " glc");
    if (op->mem.slc) text_put(t, " slc");
    if (op->mem.tfe) text_put(t, " tfe");
    if (op->mem.lds && !(i->flags & F_NO_ADDRESS)) text_put(t, " lds");
}

void text_memory(struct text *t, const struct op *op)
{
    if (op->instruction->encoding == DS)
        text_ds(t, op);
    else if (op->instruction->encoding == FLAT)
        text_flat(t, op);
    else
        text_buffer(t, op);
}
