/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a model over a text: the key-value cache and the forward pass, token by token. */
#pragma once
#include "model.h"

struct decoder {
    const struct model *model;
    uint32_t position, capacity; /* tokens seen; tokens there is room for */
    float *keys, *values;        /* [layer][key-value head][position][head_dim] */
    float *frequencies;          /* RoPE: radians per position, head_dim / 2 of them */
    float *cosines, *sines;      /* of the current position */
    float *hidden;               /* the residual stream */
    float *query, *scores, *up, *delta, *logits;
    struct activation normed, attended, gated;
};

/* Room for `capacity` tokens. The model must outlive the decoder. */
void decoder_init(struct decoder *decoder, const struct model *model, uint32_t capacity);
void decoder_fini(struct decoder *decoder);

/* What computes, for a person to read. */
const char *decoder_device(void);

/* Take the next token, which must be below vocab_size; there must be room. Returns the logits of
 * what follows it, valid until the next call, or NULL when they are not wanted: within a prompt
 * only the last ones are, and the output matrix is a large part of a small model. */
const float *decoder_step(struct decoder *decoder, uint32_t token, bool want_logits);

/* Radians per position for each pair of a head. Apart for the tests. */
void rope_frequencies(const struct rope *rope, uint32_t head_dim, float *out);
