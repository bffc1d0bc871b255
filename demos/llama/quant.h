/* SPDX-License-Identifier: Apache-2.0 */
/* int8: a float is an integer from -127 to 127 times a scale that it shares with its group.
 *
 * Groups are short (32) so that one large value spoils few others. Rows are padded with zeros to
 * whole groups, so the inner loop has a fixed length. Weights and activations are both quantised;
 * their products are summed as integers within a group and as floats across groups. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define QUANT_GROUP 32u
#define QUANT_MAX   127

static inline size_t quant_groups(size_t count) { return (count + QUANT_GROUP - 1) / QUANT_GROUP; }

/* Fill quant_groups(count) scales and as many whole groups of codes. */
void quant_weights(const float *values, size_t count, int8_t *codes, float *scales);

/* The same for the vector that meets the weights: its codes are kept in 16 bits, and in the order
 * in which quant_dot() wants them. */
void quant_activations(const float *values, size_t count, int16_t *codes, float *scales);

/* The dot product of a row of weights and of activations, of that many groups each. */
float quant_dot(const int8_t *weights, const float *weight_scales, const int16_t *activations,
                const float *activation_scales, size_t groups);
