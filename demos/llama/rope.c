/* SPDX-License-Identifier: Apache-2.0 */
/* Rotary position embedding: how fast each pair of a head turns. */
#include "decoder.h"

#include <math.h>

#define TAU 6.28318530717958647692

/* Llama 3.1: slow pairs, whose wave is longer than the context the model was first trained on,
 * are slowed down by `factor`; fast ones stay; those between are mixed. */
static double scale_llama3(const struct rope *rope, double frequency)
{
    double waves = rope->original_positions * frequency / TAU; /* in the original context */
    if (waves < rope->low_freq_factor) return frequency / rope->factor;
    if (waves > rope->high_freq_factor) return frequency;
    double smooth = (waves - rope->low_freq_factor) / (rope->high_freq_factor - rope->low_freq_factor);
    return (1 - smooth) * frequency / rope->factor + smooth * frequency;
}

void rope_frequencies(const struct rope *rope, uint32_t head_dim, float *out)
{
    for (uint32_t i = 0; i < head_dim / 2; i++) {
        double frequency = pow(rope->theta, -2.0 * i / head_dim);
        if (rope->type == ROPE_LINEAR) frequency /= rope->factor;
        if (rope->type == ROPE_LLAMA3) frequency = scale_llama3(rope, frequency);
        out[i] = (float)frequency;
    }
}
