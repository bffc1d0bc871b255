/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar unit: a function per table row. */
#include "host/ckdev/gfx9/wave.h"

#define EXEC WAVE_EXEC(W)
#define VCC  WAVE_VCC(W)
#define M0   WAVE_M0(W)
#define SCC  W->scc
#define PC   W->pc

#define CT_NO  int
#define CT_U16 uint32_t
#define CT_U32 uint32_t
#define CT_I32 int32_t
#define CT_U64 uint64_t
#define CT_I64 int64_t

#define IS_WIDE(type) (sizeof(CT_##type) == 8)
#define NO_EFFECT     (void)0

static uint64_t whole_quads(uint64_t x)
{
    x |= x >> 1;
    x = (x | x >> 2) & 0x1111111111111111;
    return x * 15;
}
static uint64_t quad_mask(uint64_t x)
{
    uint64_t mask = 0;
    for (unsigned quad = 0; quad < 16; quad++) mask |= (uint64_t)((x >> 4 * quad & 15) != 0) << quad;
    return mask;
}
static uint64_t replicate_bits(uint32_t x)
{
    uint64_t result = 0;
    for (unsigned bit = 0; bit < 32; bit++) result |= (uint64_t)(x >> bit & 1) * 3 << 2 * bit;
    return result;
}

/* s_movrel: a register number plus M0. Beyond the registers there is nothing: reads give 0. */
static uint64_t read_relative(struct wave *W, const struct op *O, bool wide)
{
    uint64_t at = (uint64_t)O->source[0] + M0;
    if (O->source[0] >= GFX9_SGPRS || at + wide >= GFX9_SGPRS) return 0;
    return wide ? W->sgpr[at] | (uint64_t)W->sgpr[at + 1] << 32 : W->sgpr[at];
}

static void write_scalar(struct wave *W, const struct op *O, uint64_t value, bool wide, uint32_t flags)
{
    if (flags & F_NO_WRITE) return;
    uint64_t at = O->dest;
    if (flags & F_RELATIVE_DEST) {
        at += M0;
        if (at + wide >= GFX9_SGPRS) return;
    }
    W->sgpr[at] = (uint32_t)value;
    if (wide) W->sgpr[at + 1] = (uint32_t)(value >> 32);
}

static uint64_t old_value(const struct wave *W, const struct op *O, bool wide)
{
    return wide ? W->sgpr[O->dest] | (uint64_t)W->sgpr[(O->dest + 1) & 127] << 32 : W->sgpr[O->dest];
}

static void send_message(struct wave *W, const struct op *O, uint32_t message)
{
    enum { MSG_INTERRUPT = 1 };
    const struct gfx9_launch *launch = &W->group->dispatch->launch;
    if ((message & 15) != MSG_INTERRUPT)
        wave_fail_instruction(W, O, "only MSG_INTERRUPT means something to a compute kernel");
    else if (launch->interrupt)
        launch->interrupt(launch->context, M0);
}

static void trap(struct wave *W, const struct op *O, uint32_t number)
{
    enum { TRAP_DEBUG = 3 }; /* ignored without a debugger [llvm-amdgpu, Trap Handler ABI] */
    if ((number & 0xff) != TRAP_DEBUG) wave_fail_trap(W, O, number & 0xff);
}

#define SCALAR_OF(name, D_, A_, B_, C_, flags, ...)                                                      \
    static void scalar_##name(struct wave *W, const struct op *O)                                        \
    {                                                                                                    \
        CT_##A_ A UNUSED = (CT_##A_)((flags) & F_RELATIVE_SOURCE ? read_relative(W, O, IS_WIDE(A_))      \
                                                                 : scalar_source(W, O, 0, IS_WIDE(A_))); \
        CT_##B_ B UNUSED = (CT_##B_)scalar_source(W, O, 1, IS_WIDE(B_));                                 \
        CT_##D_ OLD UNUSED = (CT_##D_)old_value(W, O, IS_WIDE(D_));                                      \
        CT_##D_ R UNUSED = 0;                                                                            \
        __VA_ARGS__;                                                                                     \
        if (T_##D_ != T_NO) write_scalar(W, O, (uint64_t)R, IS_WIDE(D_), flags);                         \
    }

#define MAKE_SOP1(op, name, d, a, b, c, flags, ...) SCALAR_OF(name, d, a, b, c, flags, __VA_ARGS__)
#define MAKE_SOP2                                   MAKE_SOP1
#define MAKE_SOPC                                   MAKE_SOP1
#define MAKE_SOPK                                   MAKE_SOP1
#define MAKE_SOPP                                   MAKE_SOP1
#define MAKE_VOP1(...)
#define MAKE_VOP2(...)
#define MAKE_VOPC(...)
#define MAKE_VOP3(...)
#define MAKE_VOP3P(...)
#define INST(encoding, ...) MAKE_##encoding(__VA_ARGS__)
#define ACT(...)
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT

#define LIST_SOP1(name) scalar_##name
#define LIST_SOP2       LIST_SOP1
#define LIST_SOPC       LIST_SOP1
#define LIST_SOPK       LIST_SOP1
#define LIST_SOPP       LIST_SOP1
#define LIST_VOP1(name) NULL
#define LIST_VOP2       LIST_VOP1
#define LIST_VOPC       LIST_VOP1
#define LIST_VOP3       LIST_VOP1
#define LIST_VOP3P      LIST_VOP1

/* In the table's order. */
run_fn *const gfx9_scalar_functions[] = {
#define INST(encoding, op, name, ...) LIST_##encoding(name),
#define ACT(...)                      NULL,
#include "host/ckdev/gfx9/instructions.def"
};
