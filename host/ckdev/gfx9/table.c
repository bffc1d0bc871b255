/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction table and the ways to find a row. */
#include "host/ckdev/gfx9/isa.h"

const struct instruction gfx9_instructions[] = {
#define INST(e, op, n, d_, a_, b_, c_, f, ...) \
    { e, T_##d_, T_##a_, T_##b_, T_##c_, ACTION_COMPUTE, op, f, #n, #__VA_ARGS__ },
#define ACT(e, op, n, d_, a_, b_, c_, f, act) \
    { e, T_##d_, T_##a_, T_##b_, T_##c_, ACTION_##act, op, f, #n, #act },
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT
};
const unsigned gfx9_instruction_count = ARRAY_LENGTH(gfx9_instructions);

enum rows {
#define INST(e, op, n, ...) ROW_##e##_##n,
#define ACT(e, op, n, ...)  ROW_##e##_##n,
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT
};

enum { OPCODES_MAX = 1024 };

/* Row number plus one. */
static const uint16_t by_opcode[ENCODINGS][OPCODES_MAX] = {
#define INST(e, op, n, ...) [e][op] = ROW_##e##_##n + 1,
#define ACT(e, op, n, ...)  [e][op] = ROW_##e##_##n + 1,
#include "host/ckdev/gfx9/instructions.def"
};

const struct instruction *gfx9_instruction_find(enum encoding encoding, unsigned opcode)
{
    unsigned row = opcode < OPCODES_MAX ? by_opcode[encoding][opcode] : 0;
    return row ? &gfx9_instructions[row - 1] : NULL;
}
