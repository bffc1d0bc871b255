/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions as LLVM's disassembler prints them, so that the two can be compared. */
#include "host/ckdev/gfx9/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_put(struct text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(t->to + t->length, GFX9_TEXT_BYTES - t->length, format, arguments);
    va_end(arguments);
    if (n > 0) t->length = MIN(t->length + (unsigned)n, GFX9_TEXT_BYTES - 1u);
}

void text_operand(struct text *t)
{
    text_put(t, t->separated ? ", " : " ");
    t->separated = true;
}

static void text_range(struct text *t, const char *file, unsigned first, unsigned dwords)
{
    if (dwords == 1)
        text_put(t, "%s%u", file, first);
    else
        text_put(t, "%s[%u:%u]", file, first, first + dwords - 1);
}

void text_vgpr(struct text *t, unsigned vgpr, unsigned dwords)
{
    text_operand(t);
    text_range(t, "v", vgpr, MAX(dwords, 1u));
}

void text_sgpr(struct text *t, unsigned code, unsigned dwords)
{
    static const char *const special[] = { [SRC_FLAT_SCRATCH] = "flat_scratch",
                                           [SRC_XNACK_MASK] = "xnack_mask",
                                           [SRC_VCC] = "vcc",
                                           [SRC_EXEC] = "exec" };
    enum { TTMP = 108 };
    dwords = MAX(dwords, 1u);
    if (code < GFX9_SGPRS)
        text_range(t, "s", code, dwords);
    else if (code == SRC_M0)
        text_put(t, "m0");
    else if (code >= TTMP && code < SRC_M0)
        text_range(t, "ttmp", code - TTMP, dwords);
    else
        text_put(t, "%s%s", special[code & ~1u], dwords > 1 ? "" : code & 1 ? "_hi" : "_lo");
}

static const char *inline_text(unsigned code, enum type type)
{
    static const char *const floats[] = { "0.5", "-0.5", "1.0", "-1.0", "2.0", "-2.0", "4.0", "-4.0" };
    if (code < 248) return floats[code - 240];
    return type_dwords(type) > 1 ? "0.15915494309189532" : "0.15915494";
}

static void text_special(struct text *t, unsigned code)
{
    static const char *const names[] = { [0] = "src_shared_base",
                                         "src_shared_limit",
                                         "src_private_base",
                                         "src_private_limit",
                                         "src_pops_exiting_wave_id",
                                         [16] = "src_vccz",
                                         "src_execz",
                                         "src_scc",
                                         "src_lds_direct" };
    text_put(t, "%s", names[code - SRC_SHARED_BASE]);
}

/* LLVM shows the value, however it was encoded. */
static void text_literal(struct text *t, const struct op *op, unsigned k, enum type type)
{
    static const uint32_t inline_floats[] = { 0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                              0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983 };
    bool fixed_place = (op->instruction->flags & (F_LITERAL_B | F_LITERAL_C)) && k != 0;
    int32_t value = (int32_t)op->literal;
    for (unsigned f = 0; f < ARRAY_LENGTH(inline_floats) && !type_is_half(type) && type_dwords(type) == 1;
         f++)
        if (op->literal == inline_floats[f]) {
            text_put(t, "%s", inline_text(240 + f, type));
            return;
        }
    if (value >= -16 && value <= 64)
        text_put(t, "%d", value);
    else
        text_put(t, "0x%x", type_is_half(type) && !fixed_place ? op->literal & 0xffff : op->literal);
}

void text_source(struct text *t, const struct op *op, unsigned k, enum type type)
{
    unsigned code = op->code[k];
    if (code >= SRC_VGPR)
        text_range(t, "v", code - SRC_VGPR, type_dwords(type));
    else if (code < 128)
        text_sgpr(t, code, type_dwords(type));
    else if (code <= 192)
        text_put(t, "%u", code - 128);
    else if (code <= 208)
        text_put(t, "-%u", code - 192);
    else if (code == SRC_CONSTANT)
        text_literal(t, op, k, type);
    else if (code >= 240 && code <= 248 && (type == T_U16 || type == T_I16) &&
             op->instruction->encoding != VOP3P)
        text_put(t, "0x%x", (unsigned)op->value[k]);
    else if (code >= 240 && code <= 248)
        text_put(t, "%s", inline_text(code, type));
    else
        text_special(t, code);
}

unsigned gfx9_disassemble(const uint32_t words[4], char text[GFX9_TEXT_BYTES])
{
    struct op op;
    struct text t = { text, 0, false };
    if (!gfx9_decode(words, 4, &op)) {
        text_put(&t, "illegal");
        return 0;
    }
    switch (op.instruction->encoding) {
    case VOP1:
    case VOP2:
    case VOPC:
    case VOP3:
    case VOP3P: text_vector(&t, &op); break;
    case DS:
    case FLAT:
    case MUBUF:
    case MTBUF: text_memory(&t, &op); break;
    default: text_scalar(&t, &op);
    }
    return op.bytes;
}
