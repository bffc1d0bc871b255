/* SPDX-License-Identifier: Apache-2.0 */
/* A line of text that is appended to, and operands as LLVM writes them. */
#pragma once
#include "host/ckdev/gfx9/isa.h"

struct text {
    char *to;
    unsigned length;
    bool separated; /* the next operand needs a comma */
};

void text_put(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* A comma where one is due, then the operand. */
void text_operand(struct text *t);
void text_sgpr(struct text *t, unsigned code, unsigned dwords);
void text_vgpr(struct text *t, unsigned vgpr, unsigned dwords);
void text_source(struct text *t, const struct op *op, unsigned k, enum type type);

void text_scalar(struct text *t, const struct op *op); /* SOP* and SMEM */
void text_vector(struct text *t, const struct op *op);
void text_memory(struct text *t, const struct op *op); /* DS, FLAT, MUBUF, MTBUF */
