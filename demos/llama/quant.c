/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen weights are one vector of eight 16-bit lanes: two shifts spread the even bytes into
 * lanes, one the odd bytes. So the activations lie evens first, odds after, for each sixteen, and
 * nothing has to be shuffled in the inner loop. */
#include "quant.h"

#include "vector.h"

#include <stdbool.h>

typedef int16_t i16x8 __attribute__((vector_size(16), aligned(1), may_alias));
typedef int32_t i32x4 __attribute__((vector_size(16), aligned(1), may_alias));

#define LARGEST_MIN   1e-30f      /* below it the inverse of a scale would overflow */
#define INFINITY_BITS 0x7f800000u /* infinity and NaN have at least these */

/* The bits of a float without its sign order floats as integers do, and integers are what a
 * translated machine compares fast. */
static uint32_t magnitude(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits & 0x7fffffffu;
}

/* Infinity and NaN among weights become 0: such a checkpoint says nothing in fp32 either. */
static void quant_group(const float *values, size_t count, int8_t *codes, float *scale)
{
    uint32_t largest_bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = magnitude(values[i]);
        if (bits > largest_bits && bits < INFINITY_BITS) largest_bits = bits;
    }
    float largest;
    memcpy(&largest, &largest_bits, sizeof(largest));
    bool is_zero = largest < LARGEST_MIN;
    float inverse = is_zero ? 0 : QUANT_MAX / largest;
    *scale = is_zero ? 0 : largest / QUANT_MAX;

    /* 128.5 makes every code positive, so that cutting off rounds to the nearest. */
    memset(codes, 0, QUANT_GROUP);
    for (size_t i = 0; i < count; i++) {
        if (magnitude(values[i]) < INFINITY_BITS)
            codes[i] = (int8_t)((int)(values[i] * inverse + 128.5f) - 128);
    }
}

void quant_weights(const float *values, size_t count, int8_t *codes, float *scales)
{
    for (size_t at = 0; at < count; at += QUANT_GROUP) {
        size_t left = count - at < QUANT_GROUP ? count - at : QUANT_GROUP;
        quant_group(values + at, left, codes + at, scales++);
    }
}

void quant_activations(const float *values, size_t count, int16_t *codes, float *scales)
{
    for (size_t at = 0; at < count; at += QUANT_GROUP) {
        int8_t plain[QUANT_GROUP];
        size_t left = count - at < QUANT_GROUP ? count - at : QUANT_GROUP;
        quant_group(values + at, left, plain, scales++);
        for (size_t i = 0; i < QUANT_GROUP; i++) codes[at + (i & ~15u) + (i % 2) * 8 + i % 16 / 2] = plain[i];
    }
}

/* Sixteen products, added in pairs: 2 * 127 * 127 still fits 16 bits. */
static inline i16x8 multiply_16(const int8_t *weights, const int16_t *activations)
{
    i16x8 bytes = *(const i16x8 *)weights;
    i16x8 even = (bytes << 8) >> 8, odd = bytes >> 8;
    return even * *(const i16x8 *)activations + odd * *(const i16x8 *)(activations + 8);
}

static inline i32x4 widen(i16x8 sums)
{
    i32x4 pairs = (i32x4)sums;
    return ((pairs << 16) >> 16) + (pairs >> 16);
}

float quant_dot(const int8_t *weights, const float *weight_scales, const int16_t *activations,
                const float *activation_scales, size_t groups)
{
    f32x4 sum = { 0 };
    for (size_t g = 0; g < groups; g++) {
        i32x4 products =
            widen(multiply_16(weights, activations)) + widen(multiply_16(weights + 16, activations + 16));
        sum += __builtin_convertvector(products, f32x4) * (weight_scales[g] * activation_scales[g]);
        weights += QUANT_GROUP;
        activations += QUANT_GROUP;
    }
    return sum_f32x4(sum, (f32x4){ 0 });
}
