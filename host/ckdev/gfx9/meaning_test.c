/* SPDX-License-Identifier: Apache-2.0 */
/* What single instructions compute, as numbers written down from the manual: the table's meanings, which the
 * models of the other tests share, are held to these. [vega-isa 12] */
#include "host/ckdev/gfx9/wave.h"
#include "tests/harness/test.h"

#include <stdio.h>
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

/* One lane of the instruction in its VOP3 form, with a carry: the result, and the lane's bit of a mask above
 * one of 32 bits; of a comparison that bit alone. */
static uint64_t compute(const struct instruction *i, uint32_t mode, uint64_t a, uint64_t b, uint64_t c)
{
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
    wave->sgpr[0] = 1; /* the carry of lane 0: register 0 stands where there is no third operand */
    if (!gfx9_decode(words, 2, &op)) return 0xbadbadbadbadbad;
    gfx9_prepare(&op);
    op.run(wave, &op);
    if (compares) return wave->sgpr64[SDST / 2];
    uint64_t high = type_dwords(i->d) == 2 ? wave->vgpr[D + 1][0] : wave->sgpr64[SDST / 2];
    return wave->vgpr[D][0] | high << 32;
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
        uint64_t got = compute(find(f->name), f->mode, f->a, f->b, f->c);
        if (got != f->result)
            test_fail(__FILE__, __LINE__, "%s mode %x of %llx %llx %llx is %llx, expected %llx", f->name,
                      f->mode, (unsigned long long)f->a, (unsigned long long)f->b, (unsigned long long)f->c,
                      (unsigned long long)got, (unsigned long long)f->result);
    }
}

static const struct fact about_rounding_and_denormals_follow_mode[] = {
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
TEST(rounding_and_denormals_follow_mode)
{
    check(about_rounding_and_denormals_follow_mode, ARRAY_LENGTH(about_rounding_and_denormals_follow_mode));
}

static const struct fact about_conversions_to_integers_truncate_and_saturate[] = {
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
TEST(conversions_to_integers_truncate_and_saturate)
{
    check(about_conversions_to_integers_truncate_and_saturate,
          ARRAY_LENGTH(about_conversions_to_integers_truncate_and_saturate));
}

static const struct fact about_extremes_prefer_numbers_and_order_zeros[] = {
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
TEST(extremes_prefer_numbers_and_order_zeros)
{
    check(about_extremes_prefer_numbers_and_order_zeros,
          ARRAY_LENGTH(about_extremes_prefer_numbers_and_order_zeros));
}

static const struct fact about_bits_bytes_and_products[] = {
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
TEST(bits_bytes_and_products)
{
    check(about_bits_bytes_and_products, ARRAY_LENGTH(about_bits_bytes_and_products));
}

static const struct fact about_exponents_roots_and_angles[] = {
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
TEST(exponents_roots_and_angles)
{
    check(about_exponents_roots_and_angles, ARRAY_LENGTH(about_exponents_roots_and_angles));
}

static const struct fact about_division_steps_scale_and_repair[] = {
    { "v_div_scale_f32", NEAREST, 0x3f800000, 0x3f800000, 0x40000000, 0x3f800000 },
    { "v_div_scale_f32", NEAREST, 0x08800000, 0x3f800000, 0x08800000, 0x28800000 },  /* a tiny numerator */
    { "v_div_scale_f32", NEAREST, 0x7e800000, 0x7e800000, 0x3f800000, 0x5e800000 },  /* a huge denominator */
    { "v_div_scale_f32", NEAREST, 0x3f800000, 0x3f800000, 0x71800000, 0x15f800000 }, /* 2^100 / 1 */
    { "v_div_scale_f32", NEAREST, 0x71800000, 0x3f800000, 0x71800000, 0x171800000 },
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
TEST(division_steps_scale_and_repair)
{
    check(about_division_steps_scale_and_repair, ARRAY_LENGTH(about_division_steps_scale_and_repair));
}

static const struct fact about_halves_doubles_cubes_and_sums_of_differences[] = {
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
TEST(halves_doubles_cubes_and_sums_of_differences)
{
    check(about_halves_doubles_cubes_and_sums_of_differences,
          ARRAY_LENGTH(about_halves_doubles_cubes_and_sums_of_differences));
}

static const struct fact about_every_other_instruction_of_one_operand[] = {
    { "v_mov_b32", NEAREST, 0x12345678, 0, 0, 0x12345678 },
    { "v_cvt_f64_i32", NEAREST, 0xffffffff, 0, 0, 0xbff0000000000000 },
    { "v_cvt_f32_i32", NEAREST, 0x80000000, 0, 0, 0xcf000000 },
    { "v_cvt_f32_u32", NEAREST, 0xffffffff, 0, 0, 0x4f800000 },
    { "v_cvt_f32_f64", NEAREST, 0x3ff0000010000000, 0, 0, 0x3f800000 },
    { "v_cvt_f64_f32", NEAREST, 0xc0400000, 0, 0, 0xc008000000000000 },
    { "v_cvt_f32_ubyte0", NEAREST, 0x04030201, 0, 0, 0x3f800000 },
    { "v_cvt_f32_ubyte1", NEAREST, 0x04030201, 0, 0, 0x40000000 },
    { "v_cvt_f32_ubyte3", NEAREST, 0x04030201, 0, 0, 0x40800000 },
    { "v_cvt_u32_f64", NEAREST, 0x400fffffffffffff, 0, 0, 0x3 },
    { "v_cvt_f64_u32", NEAREST, 0xffffffff, 0, 0, 0x41efffffffe00000 },
    { "v_trunc_f64", NEAREST, 0xbff8000000000000, 0, 0, 0xbff0000000000000 },
    { "v_rndne_f64", NEAREST, 0x4004000000000000, 0, 0, 0x4000000000000000 },
    { "v_floor_f64", NEAREST, 0xbff8000000000000, 0, 0, 0xc000000000000000 },
    { "v_trunc_f32", NEAREST, 0xbfc00000, 0, 0, 0xbf800000 },
    { "v_ceil_f32", NEAREST, 0x3fc00000, 0, 0, 0x40000000 },
    { "v_rcp_iflag_f32", NEAREST, 0x40000000, 0, 0, 0x3f000000 },
    { "v_rcp_f64", NEAREST, 0x4010000000000000, 0, 0, 0x3fd0000000000000 },
    { "v_rsq_f64", NEAREST, 0x4010000000000000, 0, 0, 0x3fe0000000000000 },
    { "v_sqrt_f32", NEAREST, 0x41100000, 0, 0, 0x40400000 },
    { "v_not_b32", NEAREST, 0x0f0f0f0f, 0, 0, 0xf0f0f0f0 },
    { "v_cvt_f16_u16", NEAREST, 0x0801, 0, 0, 0x6800 },
    { "v_cvt_f16_i16", NEAREST, 0xffff, 0, 0, 0xbc00 },
    { "v_rcp_f16", NEAREST, 0x4400, 0, 0, 0x3400 },
    { "v_sqrt_f16", NEAREST, 0x4880, 0, 0, 0x4200 },
    { "v_rsq_f16", NEAREST, 0x4c00, 0, 0, 0x3400 },
    { "v_log_f16", NEAREST, 0x4800, 0, 0, 0x4200 },
    { "v_exp_f16", NEAREST, 0x4200, 0, 0, 0x4800 },
    { "v_frexp_mant_f16", NEAREST, 0x4800, 0, 0, 0x3800 },
    { "v_frexp_exp_i16_f16", NEAREST, 0x4800, 0, 0, 0x4 },
    { "v_floor_f16", NEAREST, 0xbe00, 0, 0, 0xc000 },
    { "v_ceil_f16", NEAREST, 0x3e00, 0, 0, 0x4000 },
    { "v_trunc_f16", NEAREST, 0xbe00, 0, 0, 0xbc00 },
    { "v_rndne_f16", NEAREST, 0x4100, 0, 0, 0x4000 },
    { "v_sin_f16", NEAREST, 0x3400, 0, 0, 0x3c00 },
    { "v_cos_f16", NEAREST, 0x3800, 0, 0, 0xbc00 },
    { "v_exp_legacy_f32", NEAREST, 0x40400000, 0, 0, 0x41000000 },
    { "v_log_legacy_f32", NEAREST, 0x41000000, 0, 0, 0x40400000 },
    { "v_cvt_norm_i16_f16", NEAREST, 0xbc00, 0, 0, 0x8001 },
};
TEST(every_other_instruction_of_one_operand)
{
    check(about_every_other_instruction_of_one_operand,
          ARRAY_LENGTH(about_every_other_instruction_of_one_operand));
}

static const struct fact about_every_other_instruction_of_two_operands[] = {
    { "v_cndmask_b32", NEAREST, 0x1, 0x2, 0, 0x2 },
    { "v_sub_f32", NEAREST, 0x40a00000, 0x40400000, 0, 0x40000000 },
    { "v_subrev_f32", NEAREST, 0x40a00000, 0x40400000, 0, 0xc0000000 },
    { "v_mul_hi_i32_i24", NEAREST, 0x800000, 0x800000, 0, 0x4000 },
    { "v_mul_u32_u24", NEAREST, 0xff000003, 0x5, 0, 0xf },
    { "v_mul_hi_u32_u24", NEAREST, 0xffffff, 0xffffff, 0, 0xffff },
    { "v_min_i32", NEAREST, 0xffffffff, 0x1, 0, 0xffffffff },
    { "v_max_i32", NEAREST, 0xffffffff, 0x1, 0, 0x1 },
    { "v_min_u32", NEAREST, 0xffffffff, 0x1, 0, 0x1 },
    { "v_max_u32", NEAREST, 0xffffffff, 0x1, 0, 0xffffffff },
    { "v_lshrrev_b32", NEAREST, 0x24, 0x80000000, 0, 0x8000000 },
    { "v_ashrrev_i32", NEAREST, 0x24, 0x80000000, 0, 0xf8000000 },
    { "v_lshlrev_b32", NEAREST, 0x21, 0x3, 0, 0x6 },
    { "v_and_b32", NEAREST, 0xff00, 0x0ff0, 0, 0x0f00 },
    { "v_or_b32", NEAREST, 0xff00, 0x0ff0, 0, 0xfff0 },
    { "v_xor_b32", NEAREST, 0xff00, 0x0ff0, 0, 0xf0f0 },
    { "v_mac_f32", NEAREST, 0x40000000, 0x40400000, 0, 0x40c00000 },
    { "v_add_co_u32", NEAREST, 0xffffffff, 0x2, 0, 0x100000001 },
    { "v_sub_co_u32", NEAREST, 0x1, 0x2, 0, 0x1ffffffff },
    { "v_subrev_co_u32", NEAREST, 0x1, 0x2, 0, 0x1 },
    { "v_addc_co_u32", NEAREST, 0xffffffff, 0, 0, 0x100000000 },
    { "v_subb_co_u32", NEAREST, 0x1, 0, 0, 0 },
    { "v_subbrev_co_u32", NEAREST, 0x5, 0x5, 0, 0x1ffffffff },
    { "v_sub_f16", NEAREST, 0x4500, 0x4200, 0, 0x4000 },
    { "v_subrev_f16", NEAREST, 0x4500, 0x4200, 0, 0xc000 },
    { "v_mul_f16", NEAREST, 0x4000, 0x4200, 0, 0x4600 },
    { "v_mac_f16", NEAREST, 0x4000, 0x4200, 0, 0x4600 },
    { "v_add_u16", NEAREST, 0xffff, 0x2, 0, 0x1 },
    { "v_sub_u16", NEAREST, 0x1, 0x2, 0, 0xffff },
    { "v_subrev_u16", NEAREST, 0x1, 0x2, 0, 0x1 },
    { "v_mul_lo_u16", NEAREST, 0x0101, 0x0100, 0, 0x0100 },
    { "v_lshlrev_b16", NEAREST, 0x11, 0x8001, 0, 0x2 },
    { "v_lshrrev_b16", NEAREST, 0x11, 0x8001, 0, 0x4000 },
    { "v_ashrrev_i16", NEAREST, 0x11, 0x8000, 0, 0xc000 },
    { "v_max_u16", NEAREST, 0xffff, 0x1, 0, 0xffff },
    { "v_max_i16", NEAREST, 0xffff, 0x1, 0, 0x1 },
    { "v_min_u16", NEAREST, 0xffff, 0x1, 0, 0x1 },
    { "v_min_i16", NEAREST, 0xffff, 0x1, 0, 0xffff },
    { "v_ldexp_f16", NEAREST, 0x3c00, 0x3, 0, 0x4800 },
    { "v_add_u32", NEAREST, 0xffffffff, 0x2, 0, 0x1 },
    { "v_sub_u32", NEAREST, 0x1, 0x2, 0, 0xffffffff },
    { "v_mul_f64", NEAREST, 0x4000000000000000, 0x4008000000000000, 0, 0x4018000000000000 },
    { "v_mul_lo_u32", NEAREST, 0x10001, 0x10001, 0, 0x20001 },
    { "v_mul_hi_i32", NEAREST, 0xffffffff, 0x2, 0, 0xffffffff },
    { "v_mbcnt_lo_u32_b32", NEAREST, 0xffffffff, 0x7, 0, 0x7 },
    { "v_mbcnt_hi_u32_b32", NEAREST, 0xffffffff, 0x7, 0, 0x7 },
    { "v_lshrrev_b64", NEAREST, 0x3c, 0x8000000000000000, 0, 0x8 },
    { "v_bfm_b32", NEAREST, 0x4, 0x8, 0, 0xf00 },
    { "v_cvt_pk_u16_u32", NEAREST, 0x12345, 0x7, 0, 0x7ffff },
    { "v_cvt_pknorm_i16_f16", NEAREST, 0x3c00, 0xbc00, 0, 0x80017fff },
    { "v_cvt_pknorm_u16_f16", NEAREST, 0x3c00, 0, 0, 0xffff },
    { "v_add_i32", NEAREST, 0x7fffffff, 0x1, 0, 0x80000000 },
    { "v_sub_i32", NEAREST, 0x1, 0x2, 0, 0xffffffff },
    { "v_add_i16", NEAREST, 0x7fff, 0x1, 0, 0x8000 },
    { "v_sub_i16", NEAREST, 0x1, 0x2, 0, 0xffff },
    { "v_pack_b32_f16", NEAREST, 0x1234, 0x5678, 0, 0x56781234 },
};
TEST(every_other_instruction_of_two_operands)
{
    check(about_every_other_instruction_of_two_operands,
          ARRAY_LENGTH(about_every_other_instruction_of_two_operands));
}

static const struct fact about_every_other_instruction_of_three_operands[] = {
    { "v_mad_legacy_f32", NEAREST, 0, 0x7f800000, 0x3f800000, 0x3f800000 },
    { "v_mad_i32_i24", NEAREST, 0xffffff, 0x5, 0x7, 0x2 },
    { "v_fma_f64", NEAREST, 0x4000000000000000, 0x4008000000000000, 0x3ff0000000000000, 0x401c000000000000 },
    { "v_min3_f32", NEAREST, 0x40400000, 0x3f800000, 0x40000000, 0x3f800000 },
    { "v_max3_f32", NEAREST, 0x40400000, 0x3f800000, 0x40000000, 0x40400000 },
    { "v_min3_i32", NEAREST, 0x5, 0xffffffff, 0x7, 0xffffffff },
    { "v_max3_u32", NEAREST, 0x5, 0xffffffff, 0x7, 0xffffffff },
    { "v_med3_u32", NEAREST, 0x5, 0xffffffff, 0x7, 0x7 },
    { "v_mad_i64_i32", NEAREST, 0xffffffff, 0x2, 0x5, 0x3 },
    { "v_mad_legacy_f16", NEAREST, 0x4000, 0x4200, 0x3c00, 0x4700 },
    { "v_mad_legacy_u16", NEAREST, 0x100, 0x100, 0x5, 0x5 },
    { "v_mad_legacy_i16", NEAREST, 0xffff, 0x3, 0x1, 0xfffe },
    { "v_fma_legacy_f16", NEAREST, 0x3c01, 0x3c01, 0xbc02, 0x10 },
    { "v_div_fixup_legacy_f16", NEAREST, 0x1234, 0, 0x3c00, 0x7c00 },
    { "v_cvt_pkaccum_u8_f32", NEAREST, 0x43000000, 0x2, 0, 0x800000 },
    { "v_mad_u32_u16", NEAREST, 0xffff, 0xffff, 0x1, 0xfffe0002 },
    { "v_mad_i32_i16", NEAREST, 0xffff, 0x3, 0x1, 0xfffffffe },
    { "v_min3_f16", NEAREST, 0x4200, 0x3c00, 0x4000, 0x3c00 },
    { "v_max3_f16", NEAREST, 0x4200, 0x3c00, 0x4000, 0x4200 },
    { "v_min3_i16", NEAREST, 0x5, 0xffff, 0x7, 0xffff },
    { "v_min3_u16", NEAREST, 0x5, 0xffff, 0x7, 0x5 },
    { "v_max3_i16", NEAREST, 0x5, 0xffff, 0x7, 0x7 },
    { "v_max3_u16", NEAREST, 0x5, 0xffff, 0x7, 0xffff },
    { "v_med3_i16", NEAREST, 0x5, 0xffff, 0x7, 0x5 },
    { "v_med3_u16", NEAREST, 0x5, 0xffff, 0x7, 0x7 },
    { "v_add_lshl_u32", NEAREST, 0x3, 0x4, 0x2, 0x1c },
    { "v_add3_u32", NEAREST, 0x1, 0x2, 0x3, 0x6 },
    { "v_lshl_or_b32", NEAREST, 0x3, 0x4, 0x1, 0x31 },
    { "v_or3_b32", NEAREST, 0x1, 0x2, 0x4, 0x7 },
    { "v_mad_u16", NEAREST, 0x100, 0x100, 0x5, 0x5 },
    { "v_mad_i16", NEAREST, 0xffff, 0x3, 0x1, 0xfffe },
};
TEST(every_other_instruction_of_three_operands)
{
    check(about_every_other_instruction_of_three_operands,
          ARRAY_LENGTH(about_every_other_instruction_of_three_operands));
}

static const struct fact about_every_other_packed_instruction[] = {
    { "v_pk_mad_i16", NEAREST, 0xffff0002, 0x00030003, 0x00010001, 0xfffe0007 },
    { "v_pk_mul_lo_u16", NEAREST, 0x01000003, 0x01010005, 0, 0x0100000f },
    { "v_pk_add_i16", NEAREST, 0x7fff0001, 0x00010002, 0, 0x80000003 },
    { "v_pk_sub_i16", NEAREST, 0x00010005, 0x00020003, 0, 0xffff0002 },
    { "v_pk_lshlrev_b16", NEAREST, 0x00110001, 0x80010003, 0, 0x00020006 },
    { "v_pk_lshrrev_b16", NEAREST, 0x00110001, 0x80010004, 0, 0x40000002 },
    { "v_pk_ashrrev_i16", NEAREST, 0x00110001, 0x80000004, 0, 0xc0000002 },
    { "v_pk_max_i16", NEAREST, 0xffff0005, 0x00010003, 0, 0x00010005 },
    { "v_pk_min_i16", NEAREST, 0xffff0005, 0x00010003, 0, 0xffff0003 },
    { "v_pk_max_u16", NEAREST, 0xffff0005, 0x00010003, 0, 0xffff0005 },
    { "v_pk_min_u16", NEAREST, 0xffff0005, 0x00010003, 0, 0x00010003 },
    { "v_pk_mad_u16", NEAREST, 0x01000002, 0x01000003, 0x00050001, 0x00050007 },
    { "v_pk_sub_u16", NEAREST, 0x00010005, 0x00020003, 0, 0xffff0002 },
    { "v_pk_fma_f16", NEAREST, 0x3c014000, 0x3c014200, 0xbc023c00, 0x00104700 },
    { "v_pk_add_f16", NEAREST, 0x3c004000, 0x3c004200, 0, 0x40004500 },
    { "v_pk_min_f16", NEAREST, 0x3c004200, 0x7e004000, 0, 0x3c004000 },
    { "v_pk_max_f16", NEAREST, 0x3c004200, 0x7e004000, 0, 0x3c004200 },
    { "v_mad_mix_f32", NEAREST, 0x4000, 0x4200, 0x3c00, 0x40e00000 },
    { "v_mad_mixlo_f16", NEAREST, 0x4000, 0x4200, 0x3c00, 0x4700 },
    { "v_mad_mixhi_f16", NEAREST, 0x4000, 0x4200, 0x3c00, 0x47000000 },
};
TEST(every_other_packed_instruction)
{
    check(about_every_other_packed_instruction, ARRAY_LENGTH(about_every_other_packed_instruction));
}

static const struct {
    const struct fact *facts;
    unsigned count;
} lists[] = {
#define LIST(facts) { facts, ARRAY_LENGTH(facts) },
    LIST(about_rounding_and_denormals_follow_mode) LIST(about_conversions_to_integers_truncate_and_saturate)
        LIST(about_extremes_prefer_numbers_and_order_zeros) LIST(about_bits_bytes_and_products)
            LIST(about_exponents_roots_and_angles) LIST(about_division_steps_scale_and_repair)
                LIST(about_halves_doubles_cubes_and_sums_of_differences)
                    LIST(about_every_other_instruction_of_one_operand)
                        LIST(about_every_other_instruction_of_two_operands)
                            LIST(about_every_other_instruction_of_three_operands)
                                LIST(about_every_other_packed_instruction)
#undef LIST
};

static bool has_number(const char *name)
{
    for (unsigned list = 0; list < ARRAY_LENGTH(lists); list++)
        for (unsigned k = 0; k < lists[list].count; k++)
            if (strcmp(lists[list].facts[k].name, name) == 0) return true;
    return false;
}

/* v_madmk and v_madak have no form with three registers; their short forms are in model_test.c. */
TEST(every_vector_meaning_but_comparisons_is_held_to_a_number)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        bool computes = i->action == ACTION_COMPUTE && i->a != T_NO && !(i->flags & F_NO_VOP3);
        if (i->encoding >= VOP1 && i->encoding <= VOP3P && i->encoding != VOPC && computes &&
            !has_number(i->name))
            test_fail(__FILE__, __LINE__, "%s has no number", i->name);
    }
}

/* ---- comparisons, by name ---- */

struct comparison {
    unsigned bits;
    char sort; /* i, u, f */
    char operator[4];
    bool negated;
};

static struct comparison comparison_of(const char *name)
{
    struct comparison c = { 0 };
    char copy[32], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", name);
    for (unsigned k = 0; (word = strsep(&rest, "_")); k++) {
        if (k == 2) snprintf(c.operator, sizeof c.operator, "%s", word);
        if (k == 3) c.sort = word[0], c.bits = (unsigned)atoi(word + 1);
    }
    /* nge is not ge; ne is no such thing. */
    if (c.sort == 'f' && c.operator[0] == 'n') c.negated = true, memmove(c.operator, c.operator+ 1, 3);
    return c;
}

/* Below, equal, above: -1, 0, 1; 2: a NaN is in the way. */
static int order_of(const struct comparison *c, uint64_t a, uint64_t b)
{
    uint64_t sign = 1ull << (c->bits - 1), all = sign | (sign - 1);
    uint64_t infinity = c->bits == 16 ? 0x7c00 : c->bits == 32 ? 0x7f800000 : 0x7ff0000000000000;
    a &= all, b &= all;
    if (c->sort == 'f') {
        if ((a & ~sign) > infinity || (b & ~sign) > infinity) return 2;
        if (!(a & ~sign)) a = 0;
        if (!(b & ~sign)) b = 0;
        a = a & sign ? ~a & all : a | sign; /* in order as unsigned numbers */
        b = b & sign ? ~b & all : b | sign;
    } else if (c->sort == 'i') {
        a ^= sign, b ^= sign;
    }
    return a < b ? -1 : a > b;
}

static bool holds(const struct comparison *c, int order)
{
    static const struct {
        const char *name;
        bool below, equal, above, unordered;
    } operators[] = {
        { "f", 0, 0, 0, 0 },  { "lt", 1, 0, 0, 0 }, { "eq", 0, 1, 0, 0 }, { "le", 1, 1, 0, 0 },
        { "gt", 0, 0, 1, 0 }, { "lg", 1, 0, 1, 0 }, { "ge", 0, 1, 1, 0 }, { "o", 1, 1, 1, 0 },
        { "u", 0, 0, 0, 1 },  { "ne", 1, 0, 1, 0 }, { "t", 1, 1, 1, 1 },  { "tru", 1, 1, 1, 1 },
    };
    for (unsigned k = 0; k < ARRAY_LENGTH(operators); k++)
        if (strcmp(operators[k].name, c->operator) == 0)
            return (order == -1  ? operators[k].below
                    : order == 0 ? operators[k].equal
                    : order == 1 ? operators[k].above
                                 : operators[k].unordered) != c->negated;
    test_fail(__FILE__, __LINE__, "no comparison %s", c->operator);
    return false;
}

TEST(comparisons_say_what_their_names_say)
{
    static const uint64_t values[] = {
        0,
        1,
        5,
        0x7fff,
        0x8000,
        0x8001,
        0xffff,
        0x3c00,
        0xbc00,
        0x7c00,
        0xfc00,
        0x7e00,
        0x3f800000,
        0xbf800000,
        0x7f800000,
        0xff800000,
        0x7fc00000,
        0x80000000,
        0x7fffffff,
        0xffffffff,
        0x80000001,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff8000000000000,
        INT64_MAX,
        UINT64_MAX,
        1ull << 63,
        0x3ff0000000000000,
        0xbff0000000000000,
        0x8000000000000001,
    };
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->encoding != VOPC || strstr(i->name, "class")) continue;
        struct comparison c = comparison_of(i->name);
        for (unsigned k = 0; k < ARRAY_LENGTH(values) * ARRAY_LENGTH(values); k++) {
            uint64_t a = values[k % ARRAY_LENGTH(values)], b = values[k / ARRAY_LENGTH(values)];
            bool expected = holds(&c, order_of(&c, a, b));
            if (compute(i, NEAREST, a, b, 0) != expected)
                test_fail(__FILE__, __LINE__, "%s of %llx and %llx is not %u", i->name, (unsigned long long)a,
                          (unsigned long long)b, expected);
        }
    }
}
