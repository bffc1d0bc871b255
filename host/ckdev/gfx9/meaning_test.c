/* SPDX-License-Identifier: Apache-2.0 */
/* What single instructions compute, as numbers written down from the manual: the table's meanings, which the
 * models of the other tests share, are held to these. [vega-isa 12] */
#include "host/ckdev/gfx9/wave.h"
#include "tests/harness/test.h"

#include <stdlib.h>

enum { A = 8, B = 16, C = 24, D = 32, SDST = 10 };
enum { NEAREST = 0xf0, FLUSH = 0x00, UP = 0xf5, DOWN = 0xfa, ZERO = 0xff, IEEE = 0x200 }; /* MODE */

static struct gfx9_dispatch dispatch;
static struct gfx9_group group;
static struct wave *wave;

static void prepare(uint32_t mode)
{
    if (!wave) {
        wave = aligned_alloc(64, sizeof *wave);
        group = (struct gfx9_group){ .worker = gfx9_worker_create(), .dispatch = &dispatch, .wave_count = 1 };
    }
    memset(wave, 0, sizeof *wave);
    wave->group = &group;
    WAVE_EXEC(wave) = 1;
    wave_set_mode(wave, mode);
}

static void put(unsigned vgpr, uint64_t value)
{
    wave->vgpr[vgpr][0] = (uint32_t)value;
    wave->vgpr[vgpr + 1][0] = (uint32_t)(value >> 32);
}

static const struct instruction *find(const char *name)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++)
        if (strcmp(gfx9_instructions[row].name, name) == 0) return &gfx9_instructions[row];
    return NULL;
}

/* One lane of the instruction in its VOP3 form: the result, or of a comparison its bit. */
static uint64_t compute(const char *name, uint32_t mode, uint64_t a, uint64_t b, uint64_t c)
{
    const struct instruction *i = find(name);
    if (!i) return 0xdeaddeaddeaddead;
    static const uint16_t base[ENCODINGS] = { [VOP1] = 320, [VOP2] = 256 };
    bool compares = i->encoding == VOPC, packed = i->encoding == VOP3P;
    uint32_t words[2] = {
        0xd0000000 | ((packed ? 0x380u : base[i->encoding]) + i->opcode) << 16 | (compares ? SDST : D), 0
    };
    if (packed) words[0] |= 1 << 14, words[1] |= 3 << 27;
    if (!compares && i->flags & F_WRITES_MASK) words[0] |= SDST << 8;
    words[1] |= (SRC_VGPR + A) | (i->b ? SRC_VGPR + B : 0u) << 9 |
                (i->c && !(i->flags & F_ACCUMULATES) ? SRC_VGPR + C : 0u) << 18;
    struct op op;
    prepare(mode);
    put(A, a), put(B, b), put(C, c);
    if (!gfx9_decode(words, 2, &op)) return 0xbadbadbadbadbad;
    gfx9_prepare(&op);
    op.run(wave, &op);
    if (compares) return wave->sgpr64[SDST / 2];
    return wave->vgpr[D][0] | (type_dwords(i->d) == 2 ? (uint64_t)wave->vgpr[D + 1][0] << 32 : 0);
}

struct fact {
    const char *name;
    uint32_t mode;
    uint64_t a, b, c, result;
};

static void check(const struct fact *facts, unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        const struct fact *f = &facts[k];
        uint64_t got = compute(f->name, f->mode, f->a, f->b, f->c);
        if (got != f->result)
            test_fail(__FILE__, __LINE__, "%s mode %x of %llx %llx %llx is %llx, expected %llx", f->name,
                      f->mode, (unsigned long long)f->a, (unsigned long long)f->b, (unsigned long long)f->c,
                      (unsigned long long)got, (unsigned long long)f->result);
    }
}

TEST(rounding_and_denormals_follow_mode)
{
    static const struct fact facts[] = {
        { "v_add_f32", NEAREST, 0x3f800000, 0x33000000, 0, 0x3f800000 }, /* 1 + 2^-25 */
        { "v_add_f32", UP, 0x3f800000, 0x33000000, 0, 0x3f800001 },
        { "v_add_f32", DOWN, 0xbf800000, 0xb3000000, 0, 0xbf800001 },
        { "v_add_f32", ZERO, 0xbf800000, 0xb3000000, 0, 0xbf800000 },
        { "v_mul_f32", NEAREST, 0x00800000, 0x3f000000, 0, 0x00400000 },
        { "v_mul_f32", FLUSH, 0x00800000, 0x3f000000, 0, 0 },
        { "v_add_f32", FLUSH, 0x00000001, 0x3f800000, 0, 0x3f800000 },
        { "v_mad_f32", NEAREST, 0x00800000, 0x3f000000, 0, 0 }, /* never has denormals */
        { "v_fma_f32", NEAREST, 0x00800000, 0x3f000000, 0, 0x00400000 },
        { "v_mad_f32", NEAREST, 0x3f800001, 0x3f800001, 0xbf800002, 0 }, /* rounded in between */
        { "v_fma_f32", NEAREST, 0x3f800001, 0x3f800001, 0xbf800002, 0x28800000 },
        { "v_add_f64", UP, 0x3ff0000000000000, 0x3c00000000000000, 0, 0x3ff0000000000001 },
        { "v_cvt_f16_f32", NEAREST, 0x477ff000, 0, 0, 0x7c00 }, /* 65520: half way to 2^16 */
        { "v_cvt_f16_f32", ZERO, 0x477ff000, 0, 0, 0x7bff },
        { "v_cvt_f16_f32", NEAREST, 0x33000000, 0, 0, 0 }, /* 2^-25: half way to the smallest */
        { "v_cvt_f16_f32", NEAREST, 0x33000001, 0, 0, 1 },
        { "v_cvt_f32_f16", NEAREST, 0x0001, 0, 0, 0x33800000 },
        { "v_cvt_f32_f16", FLUSH, 0x0001, 0, 0, 0 },
        { "v_add_f16", NEAREST, 0x3c00, 0x1000, 0, 0x3c00 },
        { "v_add_f16", UP, 0x3c00, 0x1000, 0, 0x3c01 },
        { "v_cvt_pkrtz_f16_f32", NEAREST, 0x3f8fffff, 0xbf8fffff, 0, 0xbc7f3c7f },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(conversions_to_integers_truncate_and_saturate)
{
    static const struct fact facts[] = {
        { "v_cvt_i32_f32", NEAREST, 0xbfc00000, 0, 0, 0xffffffff },
        { "v_cvt_i32_f32", NEAREST, 0x4f000000, 0, 0, 0x7fffffff },
        { "v_cvt_i32_f32", NEAREST, 0x7fc00000, 0, 0, 0 },
        { "v_cvt_u32_f32", NEAREST, 0xbf800000, 0, 0, 0 },
        { "v_cvt_u32_f32", NEAREST, 0x7f800000, 0, 0, 0xffffffff },
        { "v_cvt_i32_f64", NEAREST, 0xc1e0000000200000, 0, 0, 0x80000000 },
        { "v_cvt_rpi_i32_f32", NEAREST, 0x3f000000, 0, 0, 1 },
        { "v_cvt_flr_i32_f32", NEAREST, 0xbf000000, 0, 0, 0xffffffff },
        { "v_cvt_u16_f16", NEAREST, 0x7bff, 0, 0, 65504 },
        { "v_cvt_i16_f16", NEAREST, 0xfc00, 0, 0, 0x8000 },
        { "v_cvt_off_f32_i4", NEAREST, 8, 0, 0, 0xbf000000 },
        { "v_cvt_f32_ubyte2", NEAREST, 0x00ff0000, 0, 0, 0x437f0000 },
        { "v_cvt_pk_u8_f32", NEAREST, 0x43000000, 2, 0x11223344, 0x11803344 },
        { "v_cvt_pk_i16_i32", NEAREST, 0x12345, 0xfffe0000, 0, 0x80007fff },
        { "v_cvt_pknorm_i16_f32", NEAREST, 0x3f800000, 0xbf800000, 0, 0x80017fff },
        { "v_rndne_f32", NEAREST, 0x40200000, 0, 0, 0x40000000 },
        { "v_rndne_f32", UP, 0x40200000, 0, 0, 0x40000000 },
        { "v_floor_f32", UP, 0xbf000000, 0, 0, 0xbf800000 },
        { "v_ceil_f64", NEAREST, 0x3fb0000000000000, 0, 0, 0x3ff0000000000000 },
        { "v_fract_f32", NEAREST, 0xb0000000, 0, 0, 0x3f7fffff },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(extremes_prefer_numbers_and_order_zeros)
{
    static const struct fact facts[] = {
        { "v_min_f32", NEAREST, 0x7fc00000, 0x3f800000, 0, 0x3f800000 },
        { "v_max_f32", NEAREST, 0x3f800000, 0x7fc00001, 0, 0x3f800000 },
        { "v_min_f32", NEAREST, 0, 0x80000000, 0, 0x80000000 },
        { "v_max_f32", NEAREST, 0x80000000, 0, 0, 0 },
        { "v_min_f32", NEAREST | IEEE, 0x7f800001, 0x3f800000, 0, 0x7fc00001 },
        { "v_min_f32", NEAREST, 0x7f800001, 0x3f800000, 0, 0x3f800000 },
        { "v_med3_f32", NEAREST, 0x40400000, 0x3f800000, 0x40000000, 0x40000000 },
        { "v_med3_f32", NEAREST, 0x7fc00000, 0x40000000, 0x3f800000, 0x3f800000 },
        { "v_max3_i32", NEAREST, 5, 0xffffffff, 7, 7 },
        { "v_min3_u32", NEAREST, 5, 0xffffffff, 7, 5 },
        { "v_med3_i32", NEAREST, 0xfffffffe, 3, 0, 0 },
        { "v_cmp_class_f32", NEAREST, 0x00000001, 1 << 7, 0, 1 },
        { "v_cmp_class_f32", NEAREST, 0xff800000, 1 << 2, 0, 1 },
        { "v_cmp_class_f32", NEAREST, 0x7f800001, 1 << 1, 0, 0 },
        { "v_cmp_class_f64", NEAREST, 0x8000000000000000, 1 << 5, 0, 1 },
        { "v_cmp_class_f16", NEAREST, 0x3c00, 1 << 8, 0, 1 },
        { "v_cmp_nge_f32", NEAREST, 0x7fc00000, 0x3f800000, 0, 1 },
        { "v_cmp_lg_f32", NEAREST, 0x7fc00000, 0x3f800000, 0, 0 },
        { "v_cmp_u_f64", NEAREST, 0x7ff8000000000000, 0, 0, 1 },
        { "v_cmp_lt_i64", NEAREST, UINT64_MAX, 0, 0, 1 },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(bits_bytes_and_products)
{
    static const struct fact facts[] = {
        { "v_bfe_u32", NEAREST, 0x12345678, 8, 12, 0x456 },
        { "v_bfe_i32", NEAREST, 0x00000f00, 8, 4, 0xffffffff },
        { "v_bfe_i32", NEAREST, 0x80000000, 28, 8, 0xfffffff8 },
        { "v_bfi_b32", NEAREST, 0xff00ff00, 0x12345678, 0x9abcdef0, 0x12bc56f0 },
        { "v_alignbit_b32", NEAREST, 0x12345678, 0x9abcdef0, 8, 0x789abcde },
        { "v_alignbyte_b32", NEAREST, 0x12345678, 0x9abcdef0, 3, 0x3456789a },
        { "v_perm_b32", NEAREST, 0x11223344, 0x85667788, 0x0c0d0705, 0x00ff1133 },
        { "v_perm_b32", NEAREST, 0, 0x8000, 0x08080808, 0xffffffff },
        { "v_sad_u8", NEAREST, 0x01ff0010, 0xff010020, 5, 254 + 254 + 16 + 5 },
        { "v_msad_u8", NEAREST, 0x01ff0010, 0xff000020, 0, 254 + 16 },
        { "v_lerp_u8", NEAREST, 0x00ff0103, 0x00ff0204, 0x00000100, 0x00ff0203 },
        { "v_mul_hi_u32", NEAREST, 0xffffffff, 0xffffffff, 0, 0xfffffffe },
        { "v_mul_i32_i24", NEAREST, 0x00ffffff, 2, 0, 0xfffffffe },
        { "v_mad_u32_u24", NEAREST, 0x01000003, 5, 1, 16 },
        { "v_mad_u64_u32", NEAREST, 0xffffffff, 0xffffffff, 1, 0xfffffffe00000002 },
        { "v_ffbh_u32", NEAREST, 0x00010000, 0, 0, 15 },
        { "v_ffbh_i32", NEAREST, 0xffff0000, 0, 0, 16 },
        { "v_ffbl_b32", NEAREST, 0, 0, 0, 0xffffffff },
        { "v_bfrev_b32", NEAREST, 1, 0, 0, 0x80000000 },
        { "v_bcnt_u32_b32", NEAREST, 0xf0f0, 3, 0, 11 },
        { "v_lshl_add_u32", NEAREST, 3, 4, 5, 53 },
        { "v_xad_u32", NEAREST, 5, 3, 10, 16 },
        { "v_and_or_b32", NEAREST, 0xff, 0x0f, 0xf000, 0xf00f },
        { "v_pk_add_u16", NEAREST, 0xffff0001, 0x00010002, 0, 0x00000003 },
        { "v_pk_mul_f16", NEAREST, 0x40003c00, 0x42004000, 0, 0x46004000 },
        { "v_lshlrev_b64", NEAREST, 33, 1, 0, 1ull << 33 },
        { "v_ashrrev_i64", NEAREST, 60, 0x8000000000000000, 0, 0xfffffffffffffff8 },
        { "v_subrev_u32", NEAREST, 3, 10, 0, 7 },
        { "v_cubeid_f32", NEAREST, 0x3f800000, 0x40000000, 0xc0400000, 0x40a00000 },
        { "v_sat_pk_u8_i16", NEAREST, 0xffff0123, 0, 0, 0x00ff },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(exponents_roots_and_angles)
{
    static const struct fact facts[] = {
        { "v_frexp_exp_i32_f32", NEAREST, 0x41000000, 0, 0, 4 },
        { "v_frexp_mant_f32", NEAREST, 0x41000000, 0, 0, 0x3f000000 },
        { "v_frexp_exp_i32_f32", NEAREST, 0x00000001, 0, 0, (uint32_t)-148 },
        { "v_frexp_exp_i32_f64", NEAREST, 0x0000000000000001, 0, 0, (uint32_t)-1073 },
        { "v_frexp_mant_f64", NEAREST, 0x0000000000000003, 0, 0, 0x3fe8000000000000 },
        { "v_frexp_exp_i32_f32", NEAREST, 0x7f800000, 0, 0, 0 },
        { "v_ldexp_f32", NEAREST, 0x3fc00000, (uint32_t)-149, 0, 2 },
        { "v_ldexp_f64", NEAREST, 0x3ff0000000000000, 1023, 0, 0x7fe0000000000000 },
        { "v_rcp_f32", NEAREST, 0x40800000, 0, 0, 0x3e800000 },
        { "v_rcp_f32", NEAREST, 0x80000000, 0, 0, 0xff800000 },
        { "v_rsq_f32", NEAREST, 0x41800000, 0, 0, 0x3e800000 },
        { "v_sqrt_f64", NEAREST, 0x4022000000000000, 0, 0, 0x4008000000000000 },
        { "v_exp_f32", NEAREST, 0x40400000, 0, 0, 0x41000000 },
        { "v_log_f32", NEAREST, 0x41000000, 0, 0, 0x40400000 },
        { "v_log_f32", NEAREST, 0, 0, 0, 0xff800000 },
        { "v_sin_f32", NEAREST, 0x3e800000, 0, 0, 0x3f800000 },
        { "v_cos_f32", NEAREST, 0x3f000000, 0, 0, 0xbf800000 },
        { "v_sin_f32", NEAREST, 0x43800001, 0, 0, 0 },
        { "v_mul_legacy_f32", NEAREST, 0, 0x7f800000, 0, 0 },
        { "v_mul_f32", NEAREST, 0, 0x7f800000, 0, 0x7fc00000 },
        { "v_div_fixup_f32", NEAREST, 0x12345678, 0, 0x3f800000, 0x7f800000 },
        { "v_div_fixup_f32", NEAREST, 0x3f800000, 0xff800000, 0x3f800000, 0x80000000 },
        { "v_trig_preop_f64", NEAREST, 0x3ff0000000000000, 0, 0, 0x3fe45f306dc9c882 },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(division_steps_scale_and_repair)
{
    static const struct fact facts[] = {
        { "v_div_scale_f32", NEAREST, 0x3f800000, 0x3f800000, 0x40000000, 0x3f800000 },
        { "v_div_scale_f32", NEAREST, 0x08800000, 0x3f800000, 0x08800000, 0x28800000 }, /* a tiny numerator */
        { "v_div_scale_f32", NEAREST, 0x7e800000, 0x7e800000, 0x3f800000,
          0x5e800000 }, /* a huge denominator */
        { "v_div_scale_f32", NEAREST, 0x3f800000, 0x3f800000, 0x71800000, 0x5f800000 }, /* 2^100 / 1 */
        { "v_div_scale_f32", NEAREST, 0x71800000, 0x3f800000, 0x71800000, 0x71800000 },
        { "v_div_scale_f32", NEAREST, 0x3f800000, 0, 0x3f800000, 0x7fc00000 },
        { "v_div_scale_f64", NEAREST, 0x3ff0000000000000, 0x3ff0000000000000, 0x71f0000000000000,
          0x47f0000000000000 }, /* 2^800 / 1 */
        { "v_div_scale_f64", NEAREST, 0x7fd0000000000000, 0x7fd0000000000000, 0x3ff0000000000000,
          0x77d0000000000000 },
        { "v_div_fmas_f32", NEAREST, 0x40000000, 0x40400000, 0x3f800000, 0x40e00000 },
        { "v_div_fmas_f64", NEAREST, 0x4000000000000000, 0x4008000000000000, 0x3ff0000000000000,
          0x401c000000000000 },
        { "v_div_fixup_f16", NEAREST, 0x1234, 0, 0x3c00, 0x7c00 },
        { "v_div_fixup_f16", NEAREST, 0x3c00, 0xc000, 0x4000, 0xbc00 },
        { "v_div_fixup_f64", NEAREST, 5, 0x8000000000000000, 0x3ff0000000000000, 0xfff0000000000000 },
        { "v_div_fixup_f64", NEAREST, 5, 0, 0, 0x7ff8000000000000 },
    };
    check(facts, ARRAY_LENGTH(facts));
}

TEST(halves_doubles_cubes_and_sums_of_differences)
{
    static const struct fact facts[] = {
        { "v_cubema_f32", NEAREST, 0x3f800000, 0x40000000, 0xc0400000, 0xc0c00000 },
        { "v_cubesc_f32", NEAREST, 0x3f800000, 0x40000000, 0xc0400000, 0xbf800000 },
        { "v_cubetc_f32", NEAREST, 0x3f800000, 0x40000000, 0xc0400000, 0xc0000000 },
        { "v_sad_u16", NEAREST, 0x00010005, 0x00040002, 10, 16 },
        { "v_sad_u32", NEAREST, 5, 9, 1, 5 },
        { "v_sad_hi_u8", NEAREST, 0x01ff0010, 0xff010020, 5, 0x020c0005 },
        { "v_qsad_pk_u16_u8", NEAREST, 0x0706050403020100, 0x03020100, 0, 0x000c000800040000 },
        { "v_mqsad_pk_u16_u8", NEAREST, 0x0706050403020100, 0x03020100, 0, 0x0009000600030000 },
        { "v_fract_f16", NEAREST, 0x3e00, 0, 0, 0x3800 },
        { "v_fract_f16", NEAREST, 0x8001, 0, 0, 0x3bff },
        { "v_fract_f64", NEAREST, 0x3ffc000000000000, 0, 0, 0x3fe8000000000000 },
        { "v_fract_f64", NEAREST, 0x8000000000000001, 0, 0, 0x3fefffffffffffff },
        { "v_max_f64", NEAREST, 0x3ff0000000000000, 0x4000000000000000, 0, 0x4000000000000000 },
        { "v_min_f64", NEAREST, 0x7ff8000000000000, 0xc000000000000000, 0, 0xc000000000000000 },
        { "v_max_f16", NEAREST, 0x3c00, 0xc000, 0, 0x3c00 },
        { "v_min_f16", NEAREST, 0x7e00, 0x3c00, 0, 0x3c00 },
        { "v_med3_f16", NEAREST, 0x4200, 0x3c00, 0x4000, 0x4000 },
        { "v_mad_f16", NEAREST, 0x4000, 0x4200, 0x3c00, 0x4700 },
        { "v_mad_f16", NEAREST, 0x3c01, 0x3c01, 0xbc02, 0 }, /* rounded in between */
        { "v_fma_f16", NEAREST, 0x3c01, 0x3c01, 0xbc02, 0x0010 },
        { "v_cvt_pknorm_u16_f32", NEAREST, 0x3f800000, 0x3f000000, 0, 0x8000ffff },
        { "v_cvt_norm_u16_f16", NEAREST, 0x3c00, 0, 0, 0xffff },
    };
    check(facts, ARRAY_LENGTH(facts));
}
