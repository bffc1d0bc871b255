/* SPDX-License-Identifier: Apache-2.0 */
/* Vector comparisons. */
#include "host/ckdev/gfx9/lanes.h"

#define MAKE_VOPC(op, name, d, a, b, c, flags, ...) LANES_OF(name, d, a, b, c, flags, __VA_ARGS__)
#define MAKE_SOP1(...)
#define MAKE_SOP2(...)
#define MAKE_SOPK(...)
#define MAKE_SOPC(...)
#define MAKE_SOPP(...)
#define MAKE_VOP1(...)
#define MAKE_VOP2(...)
#define MAKE_VOP3(...)
#define MAKE_VOP3P(...)

#define INST(encoding, ...) MAKE_##encoding(__VA_ARGS__)
#define ACT(...)
#include "host/ckdev/gfx9/instructions.def"
#undef INST

#define LIST_VOPC(op, name, ...) [op] = lanes_##name,
#define LIST_SOP1(...)
#define LIST_SOP2(...)
#define LIST_SOPK(...)
#define LIST_SOPC(...)
#define LIST_SOPP(...)
#define LIST_VOP1(...)
#define LIST_VOP2(...)
#define LIST_VOP3(...)
#define LIST_VOP3P(...)

/* By opcode. */
lanes_fn *const gfx9_lanes_vopc[256] = {
#define INST(encoding, ...) LIST_##encoding(__VA_ARGS__)
#include "host/ckdev/gfx9/instructions.def"
};
