/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic the table's meanings use, one lane at a time. Rounding and denormals of single and double
 * precision follow the host's control register, which the wave sets from its MODE (modes.h); halves are
 * computed in double precision, where one operation on them is exact enough to round once. */
#pragma once
#include "lib/base.h"

#include <math.h>
#include <string.h>

/* What a lane's operation may know besides its operands. */
struct lane_env {
    uint64_t mask_in;  /* CARRY */
    uint64_t mask_out; /* OUT */
    bool clamp;        /* of this instruction */
    bool ieee, dx10_clamp, f16_overflow;
    uint8_t round_f16;         /* enum rounding, also of double precision */
    bool flush_f32, flush_f64; /* denormal operands, where the host does not do it */
    bool flush_f16_in, flush_f16_out;
};

enum rounding { ROUND_EVEN, ROUND_UP, ROUND_DOWN, ROUND_ZERO }; /* as MODE.FP_ROUND [vega-isa 3.4] */

/* ---- bits ---- */
static inline uint32_t bits_f32(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}
static inline float f32_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}
static inline uint64_t bits_f64(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}
static inline double f64_bits(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

#define CLAMP(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))
#define LEAST(a, b)         ((a) < (b) ? (a) : (b))
#define GREATEST(a, b)      ((a) > (b) ? (a) : (b))
#define MEDIAN(a, b, c)     GREATEST(LEAST(a, b), LEAST(GREATEST(a, b), c))
/* The result of an integer instruction: saturated when its clamp bit is set. */
#define SATURATE_U16(x) ((uint16_t)(E->clamp ? CLAMP((int64_t)(x), 0, 0xffff) : (int64_t)(x)))
#define SATURATE_I16(x) ((int16_t)(E->clamp ? CLAMP((int64_t)(x), -0x8000, 0x7fff) : (int64_t)(x)))
#define SATURATE_U32(x) ((uint32_t)(E->clamp ? CLAMP((int64_t)(x), 0, 0xffffffffll) : (int64_t)(x)))
#define SATURATE_I32(x) ((int32_t)(E->clamp ? CLAMP((int64_t)(x), INT32_MIN, INT32_MAX) : (int64_t)(x)))
#define SATURATE_U64(x) ((uint64_t)(E->clamp ? CLAMP((__int128)(x), 0, (__int128)UINT64_MAX) : (__int128)(x)))
#define SATURATE_I64(x) \
    ((int64_t)(E->clamp ? CLAMP((__int128)(x), (__int128)INT64_MIN, (__int128)INT64_MAX) : (__int128)(x)))

static inline uint32_t reverse_bits(uint32_t x)
{
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}
/* `width` bits from `offset` on; a width beyond the end takes what is there. */
static inline uint64_t field_u64(uint64_t x, unsigned offset, unsigned width)
{
    if (width == 0) return 0;
    return width >= 64 ? x >> offset : x >> offset & ((1ull << width) - 1);
}
/* The same of a signed number of `bits` bits, extended from its own top bit. */
static inline int64_t field_i64(int64_t x, unsigned offset, unsigned width, unsigned bits)
{
    if (width == 0) return 0;
    if (offset + width >= bits) return x >> offset;
    return (int64_t)((uint64_t)(x >> offset) << (64 - width)) >> (64 - width);
}
/* How many bits below the top one the first that differs from it is; -1 when all are equal. */
static inline int32_t leading_sign_bits(int64_t x, int bits)
{
    uint64_t changes = (uint64_t)(x ^ (x >> 63));
    return changes ? __builtin_clzll(changes) - (64 - bits) : -1;
}
static inline int32_t i24(int32_t x) { return (int32_t)((uint32_t)x << 8) >> 8; }
static inline uint32_t lanes_below_low(unsigned lane) { return lane < 32 ? (1u << lane) - 1 : UINT32_MAX; }
static inline uint32_t lanes_below_high(unsigned lane) { return lane <= 32 ? 0 : (1u << (lane - 32)) - 1; }

/* ---- bytes ---- */
static inline uint32_t distance(uint32_t a, uint32_t b) { return a > b ? a - b : b - a; }
static inline uint32_t sad_bytes(uint32_t a, uint32_t b, bool masked)
{
    uint32_t sum = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        uint32_t y = b >> shift & 0xff;
        if (!masked || y) sum += distance(a >> shift & 0xff, y);
    }
    return sum;
}
static inline uint64_t sad_four(uint64_t a, uint32_t b, uint64_t c, bool masked, bool clamp)
{
    uint64_t result = 0;
    for (unsigned k = 0; k < 4; k++) {
        uint32_t sum = sad_bytes((uint32_t)(a >> 8 * k), b, masked) + (uint32_t)(c >> 16 * k & 0xffff);
        if (clamp && sum > 0xffff) sum = 0xffff;
        result |= (uint64_t)(sum & 0xffff) << 16 * k;
    }
    return result;
}
static inline uint32_t lerp_bytes(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t result = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
        result |= ((a >> shift & 0xff) + (b >> shift & 0xff) + (c >> shift & 1)) >> 1 << shift;
    return result;
}
static inline uint32_t permute_byte(uint64_t data, uint32_t select)
{
    if (select > 12) return 0xff;
    if (select == 12) return 0;
    if (select >= 8) return data >> ((select - 8) * 16 + 15) & 1 ? 0xff : 0; /* a sign, repeated */
    return data >> select * 8 & 0xff;
}
static inline uint32_t permute_bytes(uint64_t data, uint32_t select)
{
    uint32_t result = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
        result |= permute_byte(data, select >> shift & 0xff) << shift;
    return result;
}
static inline uint32_t insert_byte(uint32_t into, uint32_t place, uint32_t byte)
{
    unsigned shift = (place & 3) * 8;
    return (into & ~(0xffu << shift)) | byte << shift;
}
static inline uint32_t clamp_u8(int32_t x) { return (uint32_t)CLAMP(x, 0, 255); }

/* ---- halves ---- */
static inline double f64_of_f16(uint32_t h)
{
    uint64_t sign = (uint64_t)(h & 0x8000) << 48;
    uint32_t exponent = h >> 10 & 31, fraction = h & 0x3ff;
    double small = fraction * 0x1p-24;
    uint64_t normal = (uint64_t)(exponent == 31 ? 2047 : exponent + 1008) << 52 | (uint64_t)fraction << 42;
    return f64_bits(sign | (exponent ? normal : bits_f64(small)));
}
static inline double load_f16(const struct lane_env *env, uint32_t h)
{
    if (env->flush_f16_in && (h & 0x7c00) == 0) h &= 0x8000;
    return f64_of_f16(h & 0xffff);
}
static inline bool rounds_away(unsigned rounding, bool negative, uint64_t rest, uint64_t half, bool odd)
{
    switch (rounding) {
    case ROUND_EVEN: return rest > half || (rest == half && odd);
    case ROUND_UP: return rest && !negative;
    case ROUND_DOWN: return rest && negative;
    default: return false;
    }
}
static inline uint32_t f16_of_f64(double x, unsigned rounding, bool flush, bool saturate)
{
    uint64_t u = bits_f64(x);
    uint32_t sign = (uint32_t)(u >> 48) & 0x8000;
    uint64_t fraction = u & 0xfffffffffffffull;
    int exponent = (int)(u >> 52 & 2047) - 1023;
    if (exponent == 1024) return sign | (fraction ? 0x7e00 | (uint32_t)(fraction >> 42) : 0x7c00);
    if (exponent > 15) exponent = 16;
    if (exponent < -30) exponent = -30; /* only whether it is zero matters there */
    if (u << 1 == 0) return sign;
    unsigned shift = exponent >= -14 ? 42 : (unsigned)(28 - exponent);
    uint64_t whole = 1ull << 52 | fraction;
    uint32_t h = (uint32_t)(whole >> shift);
    h += rounds_away(rounding, sign != 0, whole & ((1ull << shift) - 1), 1ull << (shift - 1), h & 1);
    if (exponent >= -14) h += (uint32_t)(exponent + 14) << 10;
    if (h >= 0x7c00) {
        bool stays =
            rounding == ROUND_ZERO || (rounding == ROUND_UP && sign) || (rounding == ROUND_DOWN && !sign);
        return sign | (stays || saturate ? 0x7bff : 0x7c00);
    }
    if (flush && h < 0x400) h = 0;
    return sign | h;
}
static inline uint32_t store_f16(const struct lane_env *env, double x)
{
    /* The host's invalid operations give a negative NaN, the card's a positive one. */
    if (bits_f64(x) == 0xfff8000000000000ull) return 0x7e00;
    return f16_of_f64(x, env->round_f16, env->flush_f16_out, env->f16_overflow);
}
static inline double round_f16(const struct lane_env *env, double x)
{
    return load_f16(env, f16_of_f64(x, env->round_f16, env->flush_f16_out, env->f16_overflow));
}
static inline uint32_t truncate_f16(const struct lane_env *env, float x)
{
    return f16_of_f64(x, ROUND_ZERO, env->flush_f16_out, env->f16_overflow);
}

/* ---- conversions: truncated, saturated, NaN is 0 ---- */
static inline int32_t to_i32(double x)
{
    if (x != x) return 0;
    return x <= -2147483648.0 ? INT32_MIN : x >= 2147483647.0 ? INT32_MAX : (int32_t)x;
}
static inline uint32_t to_u32(double x)
{
    if (!(x > 0)) return 0;
    return x >= 4294967295.0 ? UINT32_MAX : (uint32_t)(int64_t)x;
}
static inline int16_t to_i16(double x) { return x != x ? 0 : (int16_t)CLAMP(x, -32768.0, 32767.0); }
static inline uint16_t to_u16(double x) { return x > 0 ? (uint16_t)(x > 65535.0 ? 65535.0 : x) : 0; }
static inline uint32_t to_u8(double x)
{
    return x > 0 ? (uint32_t)__builtin_roundeven(x > 255 ? 255 : x) : 0;
}
static inline int16_t snorm16(double x)
{
    return x != x ? 0 : (int16_t)__builtin_roundeven(CLAMP(x, -1.0, 1.0) * 32767.0);
}
static inline uint16_t unorm16(double x)
{
    return x > 0 ? (uint16_t)__builtin_roundeven((x > 1 ? 1 : x) * 65535.0) : 0;
}

/* ---- single and double precision ---- */
static inline float flush_f32(float x)
{
    return (bits_f32(x) & 0x7f800000) ? x : f32_bits(bits_f32(x) & 0x80000000);
}
static inline double flush_f64(double x)
{
    return (bits_f64(x) & 0x7ff0000000000000ull) ? x : f64_bits(bits_f64(x) & 1ull << 63);
}
static inline float flushed_f32(const struct lane_env *env, float x)
{
    return env->flush_f32 ? flush_f32(x) : x;
}
static inline double flushed_f64(const struct lane_env *env, double x)
{
    return env->flush_f64 ? flush_f64(x) : x;
}
static inline float quiet_f32(float x) { return f32_bits(bits_f32(x) | 0x400000); }
static inline double quiet_f64(double x) { return f64_bits(bits_f64(x) | 1ull << 51); }
static inline bool is_signaling_f32(float x)
{
    uint32_t u = bits_f32(x) & 0x7fffffff;
    return u > 0x7f800000 && u < 0x7fc00000;
}
static inline bool is_signaling_f64(double x)
{
    uint64_t u = bits_f64(x) & ~(1ull << 63);
    return u > 0x7ff0000000000000ull && u < 0x7ff8000000000000ull;
}

/* Minimum and maximum: a number beats a NaN, but in IEEE mode a signaling NaN beats both; -0 is below +0. */
#define DEFINE_EXTREME(name, type, sort, before)                                                      \
    static inline type name##_##sort(const struct lane_env *env, type a, type b)                      \
    {                                                                                                 \
        if (env->flush_##sort) a = flush_##sort(a), b = flush_##sort(b);                              \
        if (env->ieee && is_signaling_##sort(a)) return quiet_##sort(a);                              \
        if (env->ieee && is_signaling_##sort(b)) return quiet_##sort(b);                              \
        if (a != a) return b;                                                                         \
        if (b != b) return a;                                                                         \
        if (a == 0 && b == 0) return (before ? __builtin_signbit(a) : !__builtin_signbit(a)) ? a : b; \
        return (before ? a < b : a > b) ? a : b;                                                      \
    }
DEFINE_EXTREME(min, float, f32, true)
DEFINE_EXTREME(max, float, f32, false)
DEFINE_EXTREME(min, double, f64, true)
DEFINE_EXTREME(max, double, f64, false)
/* Halves were flushed when they were loaded, and widening kept their NaNs' kind. */
static inline double min_f16(const struct lane_env *env, double a, double b)
{
    struct lane_env wide = { .ieee = env->ieee };
    return min_f64(&wide, a, b);
}
static inline double max_f16(const struct lane_env *env, double a, double b)
{
    struct lane_env wide = { .ieee = env->ieee };
    return max_f64(&wide, a, b);
}
#define DEFINE_MEDIAN(type, sort)                                                         \
    static inline type med_##sort(const struct lane_env *env, type a, type b, type c)     \
    {                                                                                     \
        if (a != a || b != b || c != c) return min_##sort(env, min_##sort(env, a, b), c); \
        type low = min_##sort(env, a, b), high = max_##sort(env, a, b);                   \
        return max_##sort(env, low, min_##sort(env, high, c));                            \
    }
DEFINE_MEDIAN(float, f32)
DEFINE_MEDIAN(double, f16)

/* Bits as v_cmp_class tests them: signaling, quiet, -inf, -normal, -denormal, -0, +0, +denormal, ... */
static inline uint32_t class_of(bool negative, bool zero_exponent, bool full_exponent, uint64_t fraction,
                                bool quiet)
{
    if (full_exponent && fraction) return quiet ? 2 : 1;
    unsigned size = full_exponent ? 3 : !zero_exponent ? 2 : fraction ? 1 : 0;
    return negative ? 1u << (5 - size) : 1u << (6 + size);
}
static inline uint32_t class_of_f16(uint32_t u)
{
    return class_of(u >> 15 & 1, !(u & 0x7c00), (u & 0x7c00) == 0x7c00, u & 0x3ff, u >> 9 & 1);
}
static inline uint32_t class_of_f32(uint32_t u)
{
    return class_of(u >> 31, !(u << 1 >> 24), u << 1 >> 24 == 255, u & 0x7fffff, u >> 22 & 1);
}
static inline uint32_t class_of_f64(uint64_t u)
{
    return class_of(u >> 63, !(u << 1 >> 53), u << 1 >> 53 == 2047, u << 12, u >> 51 & 1);
}

static inline float fract_f32(float x)
{
    float part = x - __builtin_floorf(x);
    return part > 0x1.fffffep-1f ? 0x1.fffffep-1f : part;
}
static inline double fract_f64(double x)
{
    double part = x - __builtin_floor(x);
    return part > 0x1.fffffffffffffp-1 ? 0x1.fffffffffffffp-1 : part;
}
static inline double fract_f16(double x)
{
    double part = x - __builtin_floor(x);
    return part > 0x1.ffcp-1 ? 0x1.ffcp-1 : part;
}
/* x = mantissa * 2^exponent with 0.5 <= |mantissa| < 1. */
static inline int32_t frexp_exponent(double x)
{
    uint64_t u = bits_f64(x) & ~(1ull << 63);
    if (u == 0 || u >= 0x7ff0000000000000ull) return 0;
    if (u >> 52) return (int32_t)(u >> 52) - 1022;
    return -1010 - __builtin_clzll(u);
}
static inline double frexp_mantissa(double x)
{
    uint64_t u = bits_f64(x), sign = u & 1ull << 63;
    u ^= sign;
    if (u >= 0x7ff0000000000000ull && u << 12) return quiet_f64(x);
    if (u == 0 || u >= 0x7ff0000000000000ull) return x;
    if (u >> 52 == 0) u <<= __builtin_clzll(u) - 11;
    return f64_bits(sign | 1022ull << 52 | (u & 0xfffffffffffffull));
}
/* x * 2^n for a narrower x: exact, so that it is rounded once, by who stores it. */
static inline double scale(double x, int32_t n)
{
    n = CLAMP(n, -400, 400);
    return x * f64_bits((uint64_t)(1023 + n) << 52);
}

/* ---- approximations: within 1 ulp, denormals in and out are zero ---- */
static inline float exp2_f32(float x) { return flush_f32(exp2f(flush_f32(x))); }
static inline float log2_f32(float x) { return log2f(flush_f32(x)); }
/* The sine of 2 pi (x + phase); quarter turns are exact. Beyond 256 turns the card gives the value at 0. */
double sine(double x, double phase);

float div_scale_f32(float s0, float denominator, float numerator, unsigned *scaled);
double div_scale_f64(double s0, double denominator, double numerator, unsigned *scaled);
float div_fixup_f32(float quotient, float denominator, float numerator);
double div_fixup_f64(double quotient, double denominator, double numerator);
double div_fixup_f16(double quotient, double denominator, double numerator);
/* 53 bits of 2/pi, chosen by the size of x and a segment number. */
double trig_preop(double x, uint32_t segment);
/* Scaling back may leave the normal range, so it comes before the one rounding. */
static inline float div_fmas_f32(float a, float b, float c, bool scaled)
{
    if (!scaled) return __builtin_fmaf(a, b, c);
    double exact = (double)a * (double)b + (double)c;
    return (float)(exact * ((bits_f32(c) >> 23 & 255) > 127 ? 0x1p64 : 0x1p-64));
}
static inline double div_fmas_f64(double a, double b, double c, bool scaled)
{
    if (!scaled) return __builtin_fma(a, b, c);
    __float128 exact = (__float128)a * b + c;
    return (double)(exact * ((bits_f64(c) >> 52 & 2047) > 1023 ? 0x1p128 : 0x1p-128));
}

/* ---- cube maps ---- */
static inline unsigned cube_axis(float x, float y, float z)
{
    float ax = __builtin_fabsf(x), ay = __builtin_fabsf(y), az = __builtin_fabsf(z);
    return az >= ax && az >= ay ? 2 : ay >= ax ? 1 : 0;
}
static inline float cube_face(float x, float y, float z)
{
    const float along[3] = { x, y, z };
    unsigned axis = cube_axis(x, y, z);
    return (float)(2 * axis + (along[axis] < 0));
}
static inline float cube_s(float x, float y, float z)
{
    switch (cube_axis(x, y, z)) {
    case 2: return z < 0 ? -x : x;
    case 1: return x;
    default: return x < 0 ? z : -z;
    }
}
static inline float cube_t(float x, float y, float z)
{
    return cube_axis(x, y, z) == 1 ? (y < 0 ? -z : z) : -y;
}
static inline float cube_major(float x, float y, float z)
{
    const float along[3] = { x, y, z };
    return 2.0f * along[cube_axis(x, y, z)];
}
