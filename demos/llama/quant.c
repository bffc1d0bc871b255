/* SPDX-License-Identifier: Apache-2.0 */
#include "quant.h"

#include <math.h>

static void quant_group(const float *values, size_t count, int8_t *codes, float *scale)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        float size = fabsf(values[i]);
        if (size > largest) largest = size;
    }

    /* A NaN among weights ends as some code: the result is as wrong as it would be in fp32. */
    *scale = largest / QUANT_MAX;
    float inverse = largest > 0 && largest <= 3e38f ? QUANT_MAX / largest : 0;
    for (size_t i = 0; i < QUANT_GROUP; i++) {
        float code = i < count ? values[i] * inverse : 0;
        if (!(code >= -QUANT_MAX && code <= QUANT_MAX)) code = 0;
        codes[i] = (int8_t)(code < 0 ? code - 0.5f : code + 0.5f);
    }
}

void quant_row(const float *values, size_t count, int8_t *codes, float *scales)
{
    for (size_t at = 0; at < count; at += QUANT_GROUP) {
        size_t left = count - at < QUANT_GROUP ? count - at : QUANT_GROUP;
        quant_group(values + at, left, codes + at, scales++);
    }
}

float quant_dot(const int8_t *a, const float *a_scales, const int8_t *b, const float *b_scales,
                size_t groups)
{
    float sum = 0;
    for (size_t g = 0; g < groups; g++) {
        int32_t products = 0;
        for (size_t i = 0; i < QUANT_GROUP; i++) products += a[i] * b[i];
        sum += (float)products * (a_scales[g] * b_scales[g]);
        a += QUANT_GROUP;
        b += QUANT_GROUP;
    }
    return sum;
}
