/* SPDX-License-Identifier: Apache-2.0 */
/* From logits to the next token. */
#pragma once
#include <stdint.h>

struct sampler {
    float temperature; /* 0: the most likely token, always */
    float top_p;       /* keep the likeliest tokens that together reach this */
    uint64_t state;    /* of the random numbers; not 0 */
};

void sampler_init(struct sampler *sampler, float temperature, float top_p, uint64_t seed);

/* One of `count` tokens. The first wins among equals; NaN is never chosen over a number. */
uint32_t sampler_next(struct sampler *sampler, const float *logits, uint32_t count);
