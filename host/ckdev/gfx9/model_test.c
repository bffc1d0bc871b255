/* SPDX-License-Identifier: Apache-2.0 */
/* Every computing row of the table, as the engine runs it over 64 lanes, beside a scalar model: the row's
 * meaning compiled once more for one lane, with operands, modifiers, SDWA, DPP and EXEC done here in the plainest
 * way. What the meanings themselves compute is tested in meaning_test.c. */
#include "host/ckdev/gfx9/elements.h"
#include "tests/gfx9/rows.h"

#include <stdlib.h>

enum { ROUNDS = 24, SRC_A = 8, SRC_B = 16, SRC_C = 24, DEST = 32, SDST = 10, MASK_SGPR = 20 };

/* ---- the model: one lane of a row ---- */

typedef uint64_t model_fn(uint64_t a, uint64_t b, uint64_t c, unsigned LANE, unsigned CARRY,
                          struct lane_env *E, unsigned *out);

#define CT_NO  int
#define CT_U16 uint16_t
#define CT_I16 int16_t
#define CT_F16 double
#define CT_X16 uint16_t
#define CT_U32 uint32_t
#define CT_I32 int32_t
#define CT_F32 float
#define CT_X32 uint32_t
#define CT_U64 uint64_t
#define CT_I64 int64_t
#define CT_F64 double
#define CT_X64 uint64_t

#define FROM_NO(x)  0
#define FROM_U16(x) ((uint16_t)(x))
#define FROM_I16(x) ((int16_t)(x))
#define FROM_F16(x) load_f16(E, (uint16_t)(x))
#define FROM_X16(x) ((uint16_t)(x))
#define FROM_U32(x) ((uint32_t)(x))
#define FROM_I32(x) ((int32_t)(x))
#define FROM_F32(x) f32_bits((uint32_t)(x))
#define FROM_X32(x) ((uint32_t)(x))
#define FROM_U64(x) (x)
#define FROM_I64(x) ((int64_t)(x))
#define FROM_F64(x) f64_bits(x)
#define FROM_X64(x) (x)

#define TO_NO(r)  0
#define TO_U16(r) (r)
#define TO_I16(r) ((uint16_t)(r))
#define TO_F16(r) store_f16(E, r)
#define TO_U32(r) (r)
#define TO_I32(r) ((uint32_t)(r))
#define TO_F32(r) bits_f32(r)
#define TO_X32(r) (r)
#define TO_U64(r) (r)
#define TO_I64(r) ((uint64_t)(r))
#define TO_F64(r) bits_f64(r)

#define OLD       ((uint32_t)c)
#define NO_EFFECT (void)0

#define MODEL_OF(name, D_, A_, B_, C_, flags, ...)                                                       \
    static uint64_t model_##name(uint64_t a UNUSED, uint64_t b UNUSED, uint64_t c UNUSED,                \
                                 unsigned LANE UNUSED, unsigned CARRY UNUSED, struct lane_env *E UNUSED, \
                                 unsigned *out)                                                          \
    {                                                                                                    \
        CT_##A_ A UNUSED = FROM_##A_(a);                                                                 \
        CT_##B_ B UNUSED = FROM_##B_(b);                                                                 \
        CT_##C_ C UNUSED = FROM_##C_(c);                                                                 \
        CT_##D_ R UNUSED = 0;                                                                            \
        unsigned OUT = 0;                                                                                \
        __VA_ARGS__;                                                                                     \
        *out = OUT;                                                                                      \
        return TO_##D_(R);                                                                               \
    }
#define SCALAR_ROW(...)
#define MAKE_SOP1               SCALAR_ROW
#define MAKE_SOP2               SCALAR_ROW
#define MAKE_SOPC               SCALAR_ROW
#define MAKE_SOPK               SCALAR_ROW
#define MAKE_SOPP               SCALAR_ROW
#define MAKE_VOP1               MODEL_OF
#define MAKE_VOP2               MODEL_OF
#define MAKE_VOPC               MODEL_OF
#define MAKE_VOP3               MODEL_OF
#define MAKE_VOP3P              MODEL_OF
#define INST(encoding, op, ...) MAKE_##encoding(__VA_ARGS__)
#define ACT(...)
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT

#define LIST_SOP1(name) NULL
#define LIST_SOP2       LIST_SOP1
#define LIST_SOPC       LIST_SOP1
#define LIST_SOPK       LIST_SOP1
#define LIST_SOPP       LIST_SOP1
#define LIST_VOP1(name) model_##name
#define LIST_VOP2       LIST_VOP1
#define LIST_VOPC       LIST_VOP1
#define LIST_VOP3       LIST_VOP1
#define LIST_VOP3P      LIST_VOP1
static model_fn *const models[] = {
#define INST(encoding, op, name, ...) LIST_##encoding(name),
#define ACT(...)                      NULL,
#include "host/ckdev/gfx9/instructions.def"
#undef INST
#undef ACT
};

/* ---- a wave of its own ---- */

static struct gfx9_dispatch dispatch;
static struct gfx9_group group;
static struct wave *wave, *before;
static struct gfx9_memory no_memory;

static void *translate_nothing(struct gfx9_memory *m UNUSED, uint64_t va UNUSED, unsigned access UNUSED,
                               uint64_t *span UNUSED)
{
    return NULL;
}

static void wave_prepare(void)
{
    if (wave) return;
    wave = aligned_alloc(64, sizeof *wave);
    before = aligned_alloc(64, sizeof *before);
    gfx9_memory_init(&no_memory, translate_nothing);
    dispatch.launch.memory = &no_memory;
    dispatch.launch.lds_aperture = GFX9_LDS_APERTURE;
    dispatch.launch.scratch_aperture = GFX9_SCRATCH_APERTURE;
    dispatch.vgprs = 256;
    group = (struct gfx9_group){ .worker = gfx9_worker_create(), .dispatch = &dispatch, .wave_count = 1 };
    group.worker->memory = &no_memory;
}

static uint64_t seed = 7;
static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

/* Zeros, denormals, infinities, NaNs of both kinds, largest and smallest of each size. */
static uint32_t random_operand(void)
{
    static const uint32_t edges[] = {
        0,          1,          2,          31,         32,         0x7fffffff, 0x80000000, 0xffffffff,
        0x00800000, 0x007fffff, 0x80000001, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
        0x7f800001, 0x7f7fffff, 0x40490fdb, 0x4b000000, 0x4f000000, 0xcf000000, 0x3c003c00, 0x7c00fc00,
        0x00018001, 0x03ff0400, 0x7bff7e01, 0x7ff00000, 0xfff00000, 0x7ff80000, 0x3ff00000, 0x000fffff,
        0x00100000, 0xbff80000, 0x0000ffff, 0xffff0000, 0x80008000, 0x7fff7fff, 0x12345678,
    };
    uint32_t r = random_u32();
    return r % 5 < 3 ? edges[r / 5 % ARRAY_LENGTH(edges)] : random_u32();
}

static void wave_randomise(void)
{
    memset((uint8_t *)wave + offsetof(struct wave, lane_mask), 0,
           sizeof *wave - offsetof(struct wave, lane_mask));
    for (unsigned v = 0; v < 64; v++)
        for (unsigned lane = 0; lane < LANES; lane++) wave->vgpr[v][lane] = random_operand();
    for (unsigned s = 0; s < 128; s++) wave->sgpr[s] = random_operand();
    wave->group = &group;
    wave_set_mode(wave, random_u32() & 0x3ff);
    WAVE_EXEC(wave) = random_u32() % 3 ? (uint64_t)random_u32() << 32 | random_u32() : UINT64_MAX;
    memcpy(before, wave, sizeof *wave);
}

static uint64_t old_vgprs(unsigned v, unsigned lane, unsigned dwords)
{
    return before->vgpr[v][lane] | (dwords > 1 ? (uint64_t)before->vgpr[v + 1][lane] << 32 : 0);
}

/* ---- words ---- */

static uint32_t vop3_opcode(const struct instruction *i)
{
    return i->encoding == VOPC   ? i->opcode
           : i->encoding == VOP2 ? i->opcode + 256u
           : i->encoding == VOP1 ? i->opcode + 320u
                                 : i->opcode;
}

/* The row in its longest form, with these modifiers. */
static void encode_vop3(const struct instruction *i, uint32_t words[2], unsigned neg, unsigned abs,
                        bool clamp, unsigned op_sel)
{
    bool mask_dest = i->encoding == VOPC, b_form = !mask_dest && (i->flags & F_WRITES_MASK);
    uint32_t c = (i->flags & F_READS_MASK)                     ? MASK_SGPR
                 : i->c != T_NO && !(i->flags & F_ACCUMULATES) ? SRC_VGPR + SRC_C
                                                               : 0;
    words[0] = 0xd0000000 | vop3_opcode(i) << 16 |
               (mask_dest      ? SDST
                : i->d == T_NO ? 0
                               : DEST) |
               (clamp ? 1u << 15 : 0);
    words[0] |= b_form ? SDST << 8 : abs << 8 | op_sel << 11;
    words[1] = (i->a != T_NO ? SRC_VGPR + SRC_A : 0) | (i->b != T_NO ? SRC_VGPR + SRC_B : 0) << 9 | c << 18 |
               neg << 29;
}

static void encode_short(const struct instruction *i, uint32_t words[2], uint32_t source)
{
    words[1] = 0x3f9d70a4; /* a literal, when there is one */
    if (i->encoding == VOP1)
        words[0] = 0x7e000000 | (i->d != T_NO ? DEST : 0u) << 17 | (uint32_t)i->opcode << 9 |
                   (i->a != T_NO ? source : 0);
    else if (i->encoding == VOPC)
        words[0] = 0x7c000000 | (uint32_t)i->opcode << 17 | SRC_B << 9 | source;
    else
        words[0] =
            (uint32_t)i->opcode << 25 | DEST << 17 | ((i->flags & F_LITERAL_B) ? SRC_C : SRC_B) << 9 | source;
}

static const struct op *step(const uint32_t words[2])
{
    static struct op op;
    wave->pc = 0x1000 + op.bytes;
    if (!gfx9_decode(words, 2, &op)) return NULL;
    gfx9_prepare(&op);
    op.run(wave, &op);
    return &op;
}

/* ---- the plain way of what surrounds a meaning ---- */

static uint64_t sign_of(unsigned type)
{
    return type_is_half(type) ? 0x8000 : type_dwords(type) == 2 ? 1ull << 63 : 0x80000000;
}

static uint64_t with_signs(uint64_t x, unsigned type, bool negate, bool absolute)
{
    if (!type_has_float_modifiers(type)) return x;
    if (absolute) x &= ~sign_of(type);
    return negate ? x ^ sign_of(type) : x;
}

static bool is_nan_of(uint64_t x, unsigned type)
{
    if (type == T_F16) return (x & 0x7fff) > 0x7c00;
    if (type == T_F32) return (x & 0x7fffffff) > 0x7f800000;
    return type == T_F64 && (x & ~(1ull << 63)) > 0x7ff0000000000000ull;
}

static uint64_t clamped(uint64_t x, unsigned type)
{
    if (!type_is_float(type)) return x;
    static const uint64_t ones[] = { [T_F16] = 0x3c00, [T_F32] = 0x3f800000, [T_F64] = 0x3ff0000000000000 };
    if (is_nan_of(x, type)) return before->env.dx10_clamp ? 0 : x;
    if (x & sign_of(type)) return x == sign_of(type) ? x : 0;
    return x > ones[type] ? ones[type] : x;
}

struct expected {
    uint64_t value;
    unsigned out;
};

static struct expected model_lane(const struct op *op, uint64_t a, uint64_t b, uint64_t c, unsigned lane)
{
    const struct instruction *i = op->instruction;
    struct expected e;
    struct lane_env env = before->env;
    env.clamp = op->clamp;
    unsigned carry = before->sgpr64[op->mask_source / 2] >> lane & 1;
    wave_set_host_modes(wave, op);
    e.value = models[instruction_index(i)](a, b, c, lane, carry, &env, &e.out);
    if (op->clamp && i->encoding != VOPC) e.value = clamped(e.value, i->d);
    return e;
}

static bool same(uint64_t got, uint64_t expected, unsigned type)
{
    return got == expected || (is_nan_of(got, type) && is_nan_of(expected, type)) ||
           (type == T_F32 && (uint32_t)got == 0x7fc00000 && (uint32_t)expected == 0xffc00000);
}

static uint64_t third_operand(const struct op *op, unsigned lane)
{
    const struct instruction *i = op->instruction;
    if (i->flags & F_ACCUMULATES || i->flags & F_READS_OLD) return old_vgprs(DEST, lane, type_dwords(i->d));
    return old_vgprs(SRC_C, lane, type_dwords(i->c));
}

static void check_lane(const struct op *op, unsigned lane, uint64_t expected, uint64_t kept_bits)
{
    const struct instruction *i = op->instruction;
    unsigned dwords = type_dwords(i->d);
    uint64_t old = old_vgprs(DEST, lane, dwords);
    uint64_t got = wave->vgpr[DEST][lane] | (dwords > 1 ? (uint64_t)wave->vgpr[DEST + 1][lane] << 32 : 0);
    bool active = WAVE_EXEC(before) >> lane & 1;
    if (active && kept_bits) expected = (expected & ~kept_bits) | (old & kept_bits);
    if (active ? !same(got, expected, i->d) : got != old)
        test_fail(
            __FILE__, __LINE__, "%s lane %u: %llx, expected %llx (a %llx b %llx c %llx mode %x form %u)",
            i->name, lane, (unsigned long long)got, (unsigned long long)(active ? expected : old),
            (unsigned long long)old_vgprs(SRC_A, lane, 2), (unsigned long long)old_vgprs(SRC_B, lane, 2),
            (unsigned long long)old_vgprs(SRC_C, lane, 2), before->mode, op->form);
}

static bool is_vector_row(const struct instruction *i)
{
    return i->action == ACTION_COMPUTE && i->encoding >= VOP1 && i->encoding <= VOP3P;
}

static void check_row_vop3(const struct instruction *i)
{
    uint32_t words[2];
    wave_randomise();
    unsigned neg = random_u32() & 7, abs = random_u32() & 7,
             op_sel = i->flags & F_OP_SEL ? random_u32() & 15 : 0;
    bool clamp = random_u32() & 1;
    const uint8_t types[3] = { i->a, i->b, (i->flags & F_ACCUMULATES) ? T_NO : i->c };
    bool b_form = i->encoding != VOPC && (i->flags & F_WRITES_MASK);
    for (unsigned k = 0; k < 3; k++)
        if (!type_has_float_modifiers(types[k])) neg &= ~(1u << k), abs &= ~(1u << k);
    if (b_form) abs = 0;
    encode_vop3(i, words, neg, abs, clamp, op_sel);
    const struct op *op = step(words);
    if (!op) {
        encode_vop3(i, words, neg, abs, false, op_sel);
        op = step(words);
    }
    if (!op) {
        test_fail(__FILE__, __LINE__, "%s is not decoded (%08x %08x)", i->name, words[0], words[1]);
        return;
    }
    uint64_t mask = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t x[3] = { old_vgprs(SRC_A, lane, type_dwords(i->a)),
                          old_vgprs(SRC_B, lane, type_dwords(i->b)), third_operand(op, lane) };
        for (unsigned k = 0; k < 3; k++) {
            if (op_sel >> k & 1 && type_is_half(types[k])) x[k] >>= 16;
            x[k] = with_signs(x[k], types[k], neg >> k & 1, abs >> k & 1);
        }
        struct expected e = model_lane(op, x[0], x[1], x[2], lane);
        mask |= (uint64_t)(e.out & 1) << lane;
        bool half = (i->flags & F_OP_SEL) && type_is_half(i->d), upper = half && op_sel & 8;
        if (half && is_nan_of(e.value, i->d)) continue;
        if (i->d != T_NO)
            check_lane(op, lane, upper ? e.value << 16 : e.value, upper ? 0xffff : half ? 0xffff0000 : 0);
    }
    if (i->flags & F_WRITES_MASK) EXPECT_EQ(wave->sgpr64[op->mask_dest / 2], mask & WAVE_EXEC(before));
    EXPECT_EQ(WAVE_EXEC(wave), i->flags & F_WRITES_EXEC ? (mask & WAVE_EXEC(before)) : WAVE_EXEC(before));
}

static bool has_vop3_form(const struct instruction *i)
{
    return is_vector_row(i) && i->encoding != VOP3P && !(i->flags & F_NO_VOP3) && i->a != T_NO;
}
static void check_vop3_form(const struct instruction *i)
{
    wave_prepare();
    for (unsigned round = 0; round < ROUNDS; round++) check_row_vop3(i);
}
ROW_MODEL(every_vector_instruction_computes_each_active_lane_as_its_row_says, has_vop3_form, check_vop3_form)

static bool has_short_form(const struct instruction *i)
{
    return is_vector_row(i) && i->encoding < VOP3 && i->a != T_NO;
}

static void check_row_short(const struct instruction *i, uint32_t source)
{
    uint32_t words[2];
    wave_randomise();
    encode_short(i, words, source);
    const struct op *op = step(words);
    if (!op) {
        test_fail(__FILE__, __LINE__, "%s is not decoded (%08x %08x)", i->name, words[0], words[1]);
        return;
    }
    for (unsigned lane = 0; lane < LANES && i->d != T_NO; lane++) {
        uint64_t a = op->source[0] == SRC_CONSTANT ? op->value[0]
                     : source == 4                 ? before->sgpr64[2]
                                                   : old_vgprs(SRC_A, lane, 2);
        uint64_t b = (i->flags & F_LITERAL_B) ? op->value[1] : old_vgprs(SRC_B, lane, type_dwords(i->b));
        uint64_t c = (i->flags & F_LITERAL_C) ? op->value[2] : third_operand(op, lane);
        check_lane(op, lane, model_lane(op, a, b, c, lane).value, 0);
    }
}

static void check_short_form(const struct instruction *i)
{
    static const uint32_t sources[] = { SRC_VGPR + SRC_A, 4, 128 + 5, 240 + 2, SRC_CONSTANT };
    wave_prepare();
    for (unsigned k = 0; k < ARRAY_LENGTH(sources) * 2; k++) check_row_short(i, sources[k / 2]);
}
ROW_MODEL(short_forms_take_registers_of_the_scalar_unit_constants_and_literals, has_short_form,
          check_short_form)

/* ---- SDWA and DPP ---- */

static uint32_t part_of(uint32_t x, unsigned select, bool sign)
{
    static const uint8_t shifts[] = { 0, 8, 16, 24, 0, 16, 0 }, widths[] = { 8, 8, 8, 8, 16, 16, 32 };
    uint32_t part = widths[select] == 32 ? x : x >> shifts[select] & ((1u << widths[select]) - 1);
    return sign && widths[select] < 32
               ? (uint32_t)((int32_t)(part << (32 - widths[select])) >> (32 - widths[select]))
               : part;
}

static void check_row_sdwa(const struct instruction *i)
{
    uint32_t words[2], r = random_u32();
    unsigned select[2] = { r % 7, r / 7 % 7 }, dest = r / 49 % 7, unused = r / 343 % 3, extend = 0;
    wave_randomise();
    encode_short(i, words, 249);
    if (!type_has_float_modifiers(i->a)) extend |= random_u32() & 1;
    if (i->b != T_NO && !type_has_float_modifiers(i->b)) extend |= random_u32() & 2;
    words[1] = SRC_A | select[0] << 16 | (extend & 1) << 19 |
               (i->b != T_NO ? select[1] << 24 | (extend >> 1) << 27 : 0);
    if (i->encoding != VOPC) words[1] |= dest << 8 | unused << 11;
    const struct op *op = step(words);
    if (!op) {
        test_fail(__FILE__, __LINE__, "%s is not decoded (%08x %08x)", i->name, words[0], words[1]);
        return;
    }
    static const uint8_t shifts[] = { 0, 8, 16, 24, 0, 16, 0 }, widths[] = { 8, 8, 8, 8, 16, 16, 32 };
    for (unsigned lane = 0; lane < LANES && i->d != T_NO; lane++) {
        uint32_t a = part_of(before->vgpr[SRC_A][lane], select[0], extend & 1),
                 b = part_of(before->vgpr[SRC_B][lane], select[1], extend & 2);
        uint32_t value = (uint32_t)model_lane(op, a, b, third_operand(op, lane), lane).value;
        uint32_t field = widths[dest] == 32 ? UINT32_MAX : ((1u << widths[dest]) - 1) << shifts[dest],
                 placed = value << shifts[dest] & field;
        bool negative = widths[dest] < 32 && value >> (widths[dest] - 1) & 1;
        if (unused == 1 && negative && widths[dest] < 32)
            placed |= (uint32_t)-(1ll << (shifts[dest] + widths[dest]));
        if (!is_nan_of(value, i->d)) check_lane(op, lane, placed, unused == 2 ? (uint32_t)~field : 0);
    }
}

TEST(sdwa_takes_and_writes_parts_of_registers)
{
    wave_prepare();
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        bool wide = type_dwords(i->d) > 1 || type_dwords(i->a) > 1 || type_dwords(i->b) > 1;
        if (!is_vector_row(i) || i->encoding >= VOP3 || (i->flags & F_NO_SDWA) || i->a == T_NO || wide)
            continue;
        for (unsigned round = 0; round < ROUNDS; round++) check_row_sdwa(i);
    }
}

/* The lane each lane reads, written down from the manual's pictures. */
static int dpp_lane(unsigned control, int lane)
{
    int row = lane / 16 * 16, n = control % 16;
    if (control < 0x100) return lane / 4 * 4 + (int)(control >> lane % 4 * 2 & 3);
    switch (control / 16) {
    case 0x10: return lane % 16 + n <= 15 ? lane + n : -1;
    case 0x11: return lane % 16 - n >= 0 ? lane - n : -1;
    case 0x12: return row + (lane % 16 - n + 16) % 16;
    }
    switch (control) {
    case 0x130: return lane == 63 ? -1 : lane + 1;
    case 0x134: return lane == 63 ? 0 : lane + 1;
    case 0x138: return lane - 1;
    case 0x13c: return lane == 0 ? 63 : lane - 1;
    case 0x140: return row + 15 - lane % 16;
    case 0x141: return lane / 8 * 8 + 7 - lane % 8;
    case 0x142: return lane < 16 ? -1 : row - 1;
    default: return lane < 32 ? -1 : 31;
    }
}

TEST(dpp_reads_other_lanes_and_leaves_out_what_has_no_source)
{
    static const uint16_t controls[] = { 0x1b,  0xe4,  0x55,  0x101, 0x10f, 0x111, 0x118, 0x121, 0x12f,
                                         0x130, 0x134, 0x138, 0x13c, 0x140, 0x141, 0x142, 0x143 };
    wave_prepare();
    const struct instruction *i = gfx9_instruction_find(VOP2, 52); /* v_add_u32 */
    for (unsigned k = 0; k < ARRAY_LENGTH(controls) * 8; k++) {
        uint32_t words[2], rows = random_u32() & 15, banks = random_u32() & 15, zero = k & 1;
        wave_randomise();
        encode_short(i, words, 250);
        words[1] = SRC_A | (uint32_t)controls[k / 8] << 8 | zero << 19 | banks << 24 | rows << 28;
        EXPECT(step(words) != NULL);
        for (int lane = 0; lane < LANES; lane++) {
            int from = dpp_lane(controls[k / 8], lane);
            bool active = WAVE_EXEC(before) >> lane & 1,
                 readable = from >= 0 && (WAVE_EXEC(before) >> from & 1);
            bool enabled = rows >> lane / 16 & 1 && banks >> lane % 16 / 4 & 1;
            uint32_t value = (readable ? before->vgpr[SRC_A][from] : 0) + before->vgpr[SRC_B][lane];
            bool writes = active && enabled && (readable || zero);
            EXPECT_EQ(wave->vgpr[DEST][lane], writes ? value : before->vgpr[DEST][lane]);
        }
    }
}

static bool is_packed(const struct instruction *i)
{
    return is_vector_row(i) && i->encoding == VOP3P && !(i->flags & F_MIX);
}

/* Operands and modifiers of a VOP3P instruction; for v_mad_mix `high` says which are halves, and `neg_high` which
 * are made positive. */
struct packed {
    unsigned count, sel, high, neg, neg_high;
};

static const struct op *step_packed(const struct instruction *i, const struct packed *p, bool clamp)
{
    uint32_t words[2] = { 0xd3800000 | (uint32_t)i->opcode << 16 | DEST | p->neg_high << 8 | p->sel << 11 |
                              (p->high >> 2) << 14 | (uint32_t)clamp << 15,
                          (SRC_VGPR + SRC_A) | (SRC_VGPR + SRC_B) << 9 |
                              (p->count == 3 ? SRC_VGPR + SRC_C : 0u) << 18 | (p->high & 3) << 27 |
                              p->neg << 29 };
    const struct op *op = step(words);
    if (!op) test_fail(__FILE__, __LINE__, "%s is not decoded (%08x %08x)", i->name, words[0], words[1]);
    return op;
}

static struct packed random_packed(const struct instruction *i)
{
    struct packed p = { .count = i->c != T_NO ? 3 : 2, .high = random_u32() & 7 };
    unsigned all = (1u << p.count) - 1;
    p.sel = random_u32() & all, p.neg = random_u32() & all, p.neg_high = random_u32() & all;
    return p;
}

static void check_row_packed(const struct instruction *i)
{
    wave_randomise();
    struct packed p = random_packed(i);
    const struct op *op = step_packed(i, &p, false);
    for (unsigned lane = 0; op && lane < LANES; lane++) {
        uint32_t halves[2];
        bool nan = false;
        for (unsigned h = 0; h < 2; h++) {
            uint64_t x[3] = { before->vgpr[SRC_A][lane], before->vgpr[SRC_B][lane],
                              before->vgpr[SRC_C][lane] };
            for (unsigned k = 0; k < 3; k++) {
                x[k] = (h ? p.high : p.sel) >> k & 1 ? x[k] >> 16 : x[k] & 0xffff;
                x[k] = with_signs(x[k], k == 0 ? i->a : i->b, (h ? p.neg_high : p.neg) >> k & 1, false);
            }
            halves[h] = (uint32_t)model_lane(op, x[0], x[1], x[2], lane).value & 0xffff;
            nan |= is_nan_of(halves[h], i->d);
        }
        if (!nan) check_lane(op, lane, halves[0] | halves[1] << 16, 0);
    }
}

static void check_packed(const struct instruction *i)
{
    wave_prepare();
    for (unsigned round = 0; round < ROUNDS; round++) check_row_packed(i);
}
ROW_MODEL(packed_instructions_choose_and_negate_each_half, is_packed, check_packed)

static bool is_mixed(const struct instruction *i) { return is_vector_row(i) && (i->flags & F_MIX); }

/* A half as a float: exact, by its parts. */
static uint32_t widened(uint32_t h, bool flush)
{
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    if (exponent == 31) return sign | 0x7f800000 | fraction << 13;
    if (exponent == 0) {
        if (fraction == 0 || flush) return sign;
        for (exponent = 113; !(fraction & 0x400); exponent--) fraction <<= 1;
        return sign | exponent << 23 | (fraction & 0x3ff) << 13;
    }
    return sign | (exponent + 112) << 23 | fraction << 13;
}

static void check_row_mixed(const struct instruction *i)
{
    wave_randomise();
    struct packed p = random_packed(i);
    const struct op *op = step_packed(i, &p, random_u32() & 1);
    for (unsigned lane = 0; op && lane < LANES; lane++) {
        uint64_t x[3] = { before->vgpr[SRC_A][lane], before->vgpr[SRC_B][lane], before->vgpr[SRC_C][lane] };
        for (unsigned k = 0; k < 3; k++) {
            if (p.high >> k & 1)
                x[k] = widened(x[k] >> (p.sel >> k & 1 ? 16 : 0) & 0xffff, !(before->mode & 0x40));
            x[k] = with_signs(x[k], T_F32, p.neg >> k & 1, p.neg_high >> k & 1);
        }
        uint64_t value = model_lane(op, x[0], x[1], x[2], lane).value;
        bool upper = strcmp(i->name, "v_mad_mixhi_f16") == 0, half = i->d == T_F16;
        if (half && is_nan_of(value, i->d)) continue;
        check_lane(op, lane, upper ? value << 16 : value, upper ? 0xffff : half ? 0xffff0000 : 0);
    }
}

static void check_mixed(const struct instruction *i)
{
    wave_prepare();
    for (unsigned round = 0; round < ROUNDS; round++) check_row_mixed(i);
}
ROW_MODEL(mixed_products_take_floats_and_halves, is_mixed, check_mixed)
