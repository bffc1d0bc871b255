/* SPDX-License-Identifier: Apache-2.0 */
/* int8: a float is a small integer times a scale that it shares with its group.
 *
 * Groups are short (32) so that one large value spoils few others. Rows are padded with zeros to
 * whole groups, so the inner loop has a fixed length. Weights and activations both use this form;
 * products are summed in int32, which 32 products of 127 * 127 cannot overflow. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define QUANT_GROUP 32u
#define QUANT_MAX   127

static inline size_t quant_groups(size_t count)
{
    return (count + QUANT_GROUP - 1) / QUANT_GROUP;
}

/* Fill quant_groups(count) scales and as many whole groups of codes. */
void quant_row(const float *values, size_t count, int8_t *codes, float *scales);

/* The dot product of two quantised rows of that many groups. */
float quant_dot(const int8_t *a, const float *a_scales, const int8_t *b, const float *b_scales,
                size_t groups);
