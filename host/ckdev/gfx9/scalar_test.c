/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar rows beside a model of their own: the meaning compiled once more on a copy of the wave, with operands
 * read the plain way and the bit helpers written anew. */
#include "host/ckdev/gfx9/wave.h"
#include "tests/gfx9/rows.h"

#include <stdlib.h>

enum { ROUNDS = 40, SRC_A = 20, SRC_B = 24, DEST = 30 };

static struct gfx9_dispatch dispatch;
static struct gfx9_group group;
static struct wave *wave, *model;

static uint64_t whole_quads(uint64_t x)
{
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        if (x >> bit / 4 * 4 & 15) r |= 1ull << bit;
    return r;
}
static uint64_t quad_mask(uint64_t x)
{
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        if (x >> bit & 1) r |= 1ull << bit / 4;
    return r;
}
static uint64_t replicate_bits(uint32_t x)
{
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        if (x >> bit / 2 & 1) r |= 1ull << bit;
    return r;
}

#define EXEC      WAVE_EXEC(W)
#define VCC       WAVE_VCC(W)
#define M0        WAVE_M0(W)
#define SCC       W->scc
#define PC        W->pc
#define NO_EFFECT (void)0
#define CT_NO     int
#define CT_U16    uint32_t
#define CT_U32    uint32_t
#define CT_I32    int32_t
#define CT_U64    uint64_t
#define CT_I64    int64_t

typedef void model_fn(struct wave *W, const struct op *O, uint64_t a, uint64_t b, uint64_t old, uint64_t *r);

#define MODEL_OF(name, D_, A_, B_, C_, flags, ...)                                                \
    static void model_##name(struct wave *W UNUSED, const struct op *O UNUSED, uint64_t a UNUSED, \
                             uint64_t b UNUSED, uint64_t old UNUSED, uint64_t *r)                 \
    {                                                                                             \
        CT_##A_ A UNUSED = (CT_##A_)a;                                                            \
        CT_##B_ B UNUSED = (CT_##B_)b;                                                            \
        CT_##D_ OLD UNUSED = (CT_##D_)old;                                                        \
        CT_##D_ R UNUSED = 0;                                                                     \
        __VA_ARGS__;                                                                              \
        *r = (uint64_t)R;                                                                         \
    }
#define VECTOR_ROW(...)
#define MAKE_SOP1               MODEL_OF
#define MAKE_SOP2               MODEL_OF
#define MAKE_SOPC               MODEL_OF
#define MAKE_SOPK               MODEL_OF
#define MAKE_SOPP               VECTOR_ROW
#define MAKE_VOP1               VECTOR_ROW
#define MAKE_VOP2               VECTOR_ROW
#define MAKE_VOPC               VECTOR_ROW
#define MAKE_VOP3               VECTOR_ROW
#define MAKE_VOP3P              VECTOR_ROW
#define INST(encoding, op, ...) MAKE_##encoding(__VA_ARGS__)
#define ACT(...)
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT

#define LIST_SOP1(name) model_##name
#define LIST_SOP2       LIST_SOP1
#define LIST_SOPC       LIST_SOP1
#define LIST_SOPK       LIST_SOP1
#define LIST_SOPP(name) NULL
#define LIST_VOP1       LIST_SOPP
#define LIST_VOP2       LIST_SOPP
#define LIST_VOPC       LIST_SOPP
#define LIST_VOP3       LIST_SOPP
#define LIST_VOP3P      LIST_SOPP
static model_fn *const models[] = {
#define INST(encoding, op, name, ...) LIST_##encoding(name),
#define ACT(...)                      NULL,
#include "host/ckdev/gfx9/instructions.def"
};

static uint64_t seed = 3;
static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}
static uint32_t random_operand(void)
{
    static const uint32_t edges[] = {
        0, 1, 2, 31, 32, 33, 63, 64, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff8000, 0x200004, 0x7f0010
    };
    uint32_t r = random_u32();
    return r & 1 ? edges[r / 2 % ARRAY_LENGTH(edges)] : random_u32();
}

static void prepare(void)
{
    if (!wave) {
        static struct gfx9_memory nothing;
        wave = aligned_alloc(64, sizeof *wave), model = aligned_alloc(64, sizeof *model);
        dispatch.launch = (struct gfx9_launch){ .memory = &nothing,
                                                .lds_aperture = GFX9_LDS_APERTURE,
                                                .scratch_aperture = GFX9_SCRATCH_APERTURE };
        dispatch.vgprs = 64;
        group = (struct gfx9_group){ .worker = gfx9_worker_create(), .dispatch = &dispatch, .wave_count = 1 };
    }
    memset(wave, 0, sizeof *wave);
    for (unsigned s = 0; s < 128; s++) wave->sgpr[s] = random_operand();
    WAVE_M0(wave) = random_u32() % 8;
    wave->group = &group;
    wave->scc = random_u32() & 1;
    wave->pc = 0x10000;
    wave_set_mode(wave, random_u32() & 0x3ff);
    memcpy(model, wave, sizeof *model);
}

static uint32_t word_of(const struct instruction *i, uint32_t constant)
{
    switch (i->encoding) {
    case SOP1: return 0xbe800000 | DEST << 16 | (uint32_t)i->opcode << 8 | SRC_A;
    case SOP2: return 0x80000000 | (uint32_t)i->opcode << 23 | (i->d ? DEST : 0u) << 16 | SRC_B << 8 | SRC_A;
    case SOPC: return 0xbf000000 | (uint32_t)i->opcode << 16 | (i->b ? SRC_B : 5u) << 8 | SRC_A;
    default: return 0xb0000000 | (uint32_t)i->opcode << 23 | DEST << 16 | constant;
    }
}

static uint64_t pair(const struct wave *w, unsigned at)
{
    return w->sgpr[at] | (uint64_t)w->sgpr[at + 1] << 32;
}

static void check_row(const struct instruction *i, uint32_t constant)
{
    prepare();
    uint32_t words[2] = { word_of(i, constant), 0x2f1 };
    struct op op;
    if (!gfx9_decode(words, 2, &op)) {
        test_fail(__FILE__, __LINE__, "%s is not decoded (%08x)", i->name, words[0]);
        return;
    }
    gfx9_prepare(&op);
    wave->pc += op.bytes, model->pc += op.bytes;
    op.run(wave, &op);
    unsigned from = SRC_A + ((i->flags & F_RELATIVE_SOURCE) ? WAVE_M0(model) : 0),
             to = DEST + ((i->flags & F_RELATIVE_DEST) ? WAVE_M0(model) : 0);
    uint64_t a = i->encoding == SOPK ? (i->a == T_I32 ? (uint64_t)(int64_t)(int16_t)constant : constant)
                                     : pair(model, from),
             r = 0;
    uint64_t b = pair(model, SRC_B), old = pair(model, DEST);
    models[instruction_index(i)](model, &op, a, b, old, &r);
    if (i->d != T_NO && !(i->flags & F_NO_WRITE)) {
        model->sgpr[to] = (uint32_t)r;
        if (type_dwords(i->d) == 2) model->sgpr[to + 1] = (uint32_t)(r >> 32);
    }
    bool same = memcmp(wave->sgpr, model->sgpr, sizeof wave->sgpr) == 0 && wave->scc == model->scc &&
                wave->pc == model->pc && wave->mode == model->mode &&
                wave->gpr_index_on == model->gpr_index_on;
    if (!same)
        test_fail(__FILE__, __LINE__, "%s: s[%u:%u] %llx, expected %llx", i->name, to, to + 1,
                  (unsigned long long)pair(wave, to), (unsigned long long)pair(model, to));
}

static bool is_scalar_row(const struct instruction *i)
{
    return i->action == ACTION_COMPUTE && i->encoding <= SOPC;
}

static void check_scalar_row(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* hwreg: MODE or an aperture, some field of it */
        uint32_t constant = i->flags & F_HWREG ? (random_u32() & 1 ? 1 : 15) | (random_u32() % 8) << 6 |
                                                     (random_u32() % 8) << 11
                                               : random_operand() & 0xffff;
        check_row(i, constant);
    }
}

ROW_MODEL(every_scalar_instruction_changes_what_its_row_says_and_nothing_else, is_scalar_row,
          check_scalar_row)

/* One hardware register, by field: its number, the first bit and the number of bits less one. */
static void step_hwreg(unsigned opcode, unsigned id, unsigned offset, unsigned bits, uint32_t literal)
{
    uint32_t words[2] = { 0xb0000000 | opcode << 23 | DEST << 16 | id | offset << 6 | (bits - 1) << 11,
                          literal };
    struct op op;
    EXPECT(gfx9_decode(words, 2, &op));
    gfx9_prepare(&op);
    op.run(wave, &op);
}

TEST(hardware_registers_are_read_and_written_by_field)
{
    enum { GETREG = 17, SETREG = 18, SETREG_IMM = 20 };
    enum { MODE = 1, STATUS = 2, TRAPSTS = 3, LDS_ALLOC = 6, BASES = 15 };
    prepare();
    wave_set_mode(wave, 0x3c5);
    step_hwreg(GETREG, MODE, 4, 4, 0);
    EXPECT_EQ(wave->sgpr[DEST], 0xc);
    wave->sgpr[DEST] = 0xf2;
    step_hwreg(SETREG, MODE, 2, 2, 0);
    EXPECT_EQ(wave->mode, 0x3c9);
    step_hwreg(SETREG_IMM, MODE, 27, 1, 1);
    EXPECT(wave->gpr_index_on);
    step_hwreg(SETREG_IMM, TRAPSTS, 0, 8, 0x1a5);
    step_hwreg(GETREG, TRAPSTS, 0, 32, 0);
    EXPECT_EQ(wave->sgpr[DEST], 0xa5);
    wave->scc = true;
    WAVE_EXEC(wave) = 0, WAVE_VCC(wave) = 1;
    step_hwreg(GETREG, STATUS, 0, 32, 0);
    EXPECT_EQ(wave->sgpr[DEST], 1u << 16 | 1 << 9 | 1);
    step_hwreg(GETREG, BASES, 0, 32, 0);
    EXPECT_EQ(wave->sgpr[DEST], 0x00010002); /* LDS at 1 << 48, private memory at 2 << 48 */
    dispatch.lds_bytes = 1025;
    step_hwreg(GETREG, LDS_ALLOC, 12, 9, 0);
    EXPECT_EQ(wave->sgpr[DEST], 3); /* of 512 bytes */
}
