/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops, four floats at a time.
 *
 * A compiler may not reorder a float sum by itself, so a plain loop stays scalar. Here the order
 * is written down, and with it the result is the same from every compiler and on every machine. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef float f32x4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint16_t u16x8 __attribute__((vector_size(16), aligned(2), may_alias));

static inline f32x4 load_f32x4(const float *at) { return *(const f32x4 *)at; }

/* bfloat16 is the upper half of a float: put zeros below. */
static inline float bf16_to_f32(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof(value));
    return value;
}

static inline float sum_f32x4(f32x4 a, f32x4 b)
{
    f32x4 sum = a + b;
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static inline float dot_f32(const float *a, const float *b, size_t count)
{
    f32x4 even = { 0 }, odd = { 0 };
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        even += load_f32x4(a + i) * load_f32x4(b + i);
        odd += load_f32x4(a + i + 4) * load_f32x4(b + i + 4);
    }
    float sum = sum_f32x4(even, odd);
    for (; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/* The same sums in the same order as dot_f32() of the widened values. */
static inline float dot_bf16(const uint16_t *a, const float *b, size_t count)
{
    f32x4 even = { 0 }, odd = { 0 };
    u16x8 zero = { 0 };
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        u16x8 bits = *(const u16x8 *)(a + i);
        u16x8 low = __builtin_shufflevector(zero, bits, 0, 8, 1, 9, 2, 10, 3, 11);
        u16x8 high = __builtin_shufflevector(zero, bits, 4, 12, 5, 13, 6, 14, 7, 15);
        even += (f32x4)low * load_f32x4(b + i);
        odd += (f32x4)high * load_f32x4(b + i + 4);
    }
    float sum = sum_f32x4(even, odd);
    for (; i < count; i++) sum += bf16_to_f32(a[i]) * b[i];
    return sum;
}

/* out += scale * x */
static inline void add_scaled(float *out, const float *x, float scale, size_t count)
{
    size_t i = 0;
    for (; i + 4 <= count; i += 4) *(f32x4 *)(out + i) += scale * load_f32x4(x + i);
    for (; i < count; i++) out[i] += scale * x[i];
}
