/* SPDX-License-Identifier: Apache-2.0 */
/* The longer pieces of lane_math.h: division steps, sines, large arguments of sines. */
#include "host/ckdev/gfx9/lane_math.h"

double sine(double x, double phase)
{
    if (x - x != 0) return __builtin_nan(""); /* an infinity or a NaN */
    if (__builtin_fabs(x) > 256) return phase == 0 ? 0 : 1;
    double turn = x + phase;
    turn -= __builtin_roundeven(turn);
    double quarters = __builtin_roundeven(turn * 4);
    double angle = (turn - quarters * 0.25) * 6.283185307179586476925;
    switch ((int)quarters & 3) {
    case 0: return turn == 0 && phase == 0 ? __builtin_copysign(0.0, x) : sin(angle);
    case 1: return cos(angle);
    case 2: return -sin(angle);
    default: return -cos(angle);
    }
}

/* Division: scale so that neither operand nor quotient leaves the normal range, and say whether
 * v_div_fmas must scale back. `far`: the exponents' difference from which on the quotient may leave it, `large`:
 * the denominator's exponent whose inverse does, `near`: the numerator's whose low bits get lost.
 * [vega-isa 12.10, V_DIV_SCALE_F32] */
#define DEFINE_DIV_SCALE(type, sort, exponent_bit, exponent_mask, far, large, near, up, smallest)       \
    type div_scale_##sort(type s0, type denominator, type numerator, unsigned *scaled)                  \
    {                                                                                                   \
        *scaled = 0;                                                                                    \
        if (numerator == 0 || denominator == 0) return (type)__builtin_nan("");                         \
        int numerator_exponent = bits_##sort(numerator) >> (exponent_bit) & (exponent_mask);            \
        int exponent = bits_##sort(denominator) >> (exponent_bit) & (exponent_mask);                    \
        bool of_denominator = bits_##sort(s0) == bits_##sort(denominator);                              \
        bool of_numerator = bits_##sort(s0) == bits_##sort(numerator);                                  \
        type quotient = numerator / denominator, size = quotient < 0 ? -quotient : quotient;            \
        bool small_inverse = exponent > (large), small_quotient = size < (smallest) && size > 0;        \
        bool far_apart = numerator_exponent - exponent >= (far);                                        \
        if (far_apart) return *scaled = 1, of_denominator ? s0 * (up) : s0;                             \
        if (exponent == 0) return s0 * (up);                                                            \
        if (small_inverse && small_quotient) return *scaled = 1, of_denominator ? s0 * (1 / (up)) : s0; \
        if (small_inverse) return s0 * (1 / (up));                                                      \
        if (small_quotient) return *scaled = 1, of_numerator ? s0 * (up) : s0;                          \
        return numerator_exponent <= (near) ? s0 * (up) : s0;                                           \
    }
DEFINE_DIV_SCALE(float, f32, 23, 255, 96, 252, 23, 0x1p64f, 0x1p-126f)
DEFINE_DIV_SCALE(double, f64, 52, 2047, 768, 2044, 53, 0x1p128, 0x1p-1022)

/* The special cases of a division, once its quotient was computed. `far`: the exponents' difference from
 * which on the quotient is zero. */
static double fix_quotient(double quotient, double denominator, double numerator, int far)
{
    bool negative = __builtin_signbit(denominator) != __builtin_signbit(numerator);
    double sign = negative ? -1 : 1;
    if (numerator != numerator) return quiet_f64(numerator);
    if (denominator != denominator) return quiet_f64(denominator);
    bool endless = __builtin_isinf(numerator), by_endless = __builtin_isinf(denominator);
    if ((numerator == 0 && denominator == 0) || (endless && by_endless)) return -__builtin_nan("");
    if (denominator == 0 || endless) return sign * __builtin_inf();
    if (by_endless || numerator == 0) return sign * 0.0;
    if (frexp_exponent(numerator) - frexp_exponent(denominator) < far) return sign * 0.0;
    if (quotient != quotient) return sign * __builtin_inf(); /* the steps overflowed, as the quotient does */
    return negative ? -__builtin_fabs(quotient) : __builtin_fabs(quotient);
}

float div_fixup_f32(float quotient, float denominator, float numerator)
{
    return (float)fix_quotient(quotient, denominator, numerator, -150);
}
double div_fixup_f64(double quotient, double denominator, double numerator)
{
    return fix_quotient(quotient, denominator, numerator, -1075);
}
double div_fixup_f16(double quotient, double denominator, double numerator)
{
    return fix_quotient(quotient, denominator, numerator, -100);
}

/* The first 1201 binary digits of 2/pi, from the left. [vega-isa 12.10, V_TRIG_PREOP_F64] */
static const uint64_t two_over_pi[] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
    0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b0000
};

double trig_preop(double x, uint32_t segment)
{
    unsigned exponent = bits_f64(x) >> 52 & 2047;
    unsigned shift = (segment & 31) * 53;
    if (exponent > 1077) shift += exponent - 1077;
    uint64_t digits = 0; /* 53 of them from `shift` on; zeros beyond the end */
    for (unsigned k = 0; k < 53; k++) {
        unsigned place = shift + k;
        bool set = place < 1201 && (two_over_pi[place / 64] >> (63 - place % 64) & 1);
        digits = digits << 1 | set;
    }
    int scale_by = -53 - (int)shift + (exponent >= 1968 ? 128 : 0);
    return __builtin_ldexp((double)digits, scale_by);
}
