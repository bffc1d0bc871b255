/* SPDX-License-Identifier: Apache-2.0 */
#include "quant.h"

#include "matrix.h"
#include "sample.h"
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

static struct error error;

/* Small numbers that repeat in no short period. */
static void fill(float *values, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(int32_t)seed / 2147483648.0f;
    }
}

TEST(quant_dot_is_close_to_the_exact_sum_for_every_length)
{
    float a[100], b[100], a_scales[4], b_scales[4];
    int8_t codes[128];
    int16_t activations[128];
    fill(a, 100, 1);
    fill(b, 100, 2);
    for (size_t count = 1; count <= 100; count++) {
        double exact = 0;
        for (size_t i = 0; i < count; i++) exact += (double)a[i] * b[i];
        quant_weights(a, count, codes, a_scales);
        quant_activations(b, count, activations, b_scales);
        float sum = quant_dot(codes, a_scales, activations, b_scales, quant_groups(count));
        EXPECT(fabs(sum - exact) < 0.01 * sqrt((double)count));
    }
}

TEST(quant_dot_does_not_overflow_at_its_extremes)
{
    float a[64], b[64], a_scales[2], b_scales[2];
    int8_t codes[64];
    int16_t activations[64];
    for (size_t i = 0; i < 64; i++) a[i] = -1, b[i] = i % 2 ? -1 : 1;
    quant_weights(a, 64, codes, a_scales);
    quant_activations(a, 64, activations, b_scales);
    EXPECT(fabsf(quant_dot(codes, a_scales, activations, b_scales, 2) - 64) < 1e-4f);
    quant_activations(b, 64, activations, b_scales);
    EXPECT(fabsf(quant_dot(codes, a_scales, activations, b_scales, 2)) < 1e-4f);
}

TEST(quant_takes_zeros_infinities_and_tiny_values)
{
    float values[32] = { 0 }, scale;
    int8_t codes[32];
    quant_weights(values, 32, codes, &scale);
    EXPECT(scale == 0 && codes[0] == 0 && codes[31] == 0);
    values[3] = INFINITY, values[4] = NAN;
    quant_weights(values, 32, codes, &scale);
    EXPECT(codes[3] == 0 && codes[4] == 0);
    values[3] = 1e-44f, values[4] = 0;
    quant_weights(values, 32, codes, &scale);
    EXPECT(codes[3] <= QUANT_MAX);
}

static float apply_one(enum tensor_type type, const void *weights, size_t offset)
{
    uint8_t bytes[64];
    float out;
    struct matrix matrix;
    struct activation x;
    struct tensor tensor = {
        .name = "w", .type = type, .rank = 2, .shape = { 1, 3 }, .data = bytes + offset
    };
    memcpy(bytes + offset, weights, 12);
    EXPECT(matrix_init(&matrix, &tensor, 1, 3, &error));
    activation_init(&x, 3, false);
    for (int i = 0; i < 3; i++) x.values[i] = (float)(i + 1);
    matrix_apply(&matrix, &x, &out);
    activation_fini(&x);
    matrix_fini(&matrix);
    return out;
}

TEST(matrix_reads_every_type_at_every_alignment)
{
    static const float f32[] = { 1.5f, -2, 0.25f };
    static const uint16_t f16[6] = { 0x3e00, 0xc000, 0x3400 }, bf16[6] = { 0x3fc0, 0xc000, 0x3e80 };
    static const uint16_t subnormal[6] = { 0x0001, 0, 0x8001 };
    for (size_t offset = 0; offset < 4; offset++) {
        EXPECT(apply_one(TENSOR_F32, f32, offset) == -1.75f);
        EXPECT(apply_one(TENSOR_F16, f16, offset) == -1.75f);
        EXPECT(apply_one(TENSOR_BF16, bf16, offset) == -1.75f);
    }
    EXPECT(apply_one(TENSOR_F16, subnormal, 0) == ldexpf(-2, -24));
}

TEST(matrix_refuses_a_tensor_of_another_shape_or_type)
{
    struct matrix matrix;
    struct tensor tensor = { .name = "w", .type = TENSOR_F32, .rank = 2, .shape = { 2, 3 } };
    EXPECT(!matrix_init(&matrix, &tensor, 3, 2, &error));
    EXPECT_STR(error.text, "tensor w: config.json asks for 3 x 2");
    tensor.type = TENSOR_OTHER;
    EXPECT(!matrix_init(&matrix, &tensor, 2, 3, &error));
}

TEST(sampler_without_temperature_takes_the_first_of_the_largest)
{
    static const float logits[] = { NAN, 1, 3, 3, -INFINITY };
    struct sampler sampler;
    sampler_init(&sampler, 0, 1, 1);
    EXPECT(sampler_next(&sampler, logits, 5) == 2);
}

TEST(sampler_stays_within_top_p_and_repeats_for_a_seed)
{
    static const float logits[] = { 0, 2, -1, 2, 1 };
    struct sampler one, two;
    unsigned seen = 0;
    sampler_init(&one, 1, 0.6f, 9);
    sampler_init(&two, 1, 0.6f, 9);
    for (int i = 0; i < 200; i++) {
        uint32_t token = sampler_next(&one, logits, 5);
        EXPECT(token == sampler_next(&two, logits, 5));
        seen |= 1u << token;
    }
    EXPECT(seen == (1u << 1 | 1u << 3));
}
