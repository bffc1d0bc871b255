/* SPDX-License-Identifier: Apache-2.0 */
/* The weights of a Llama decoder, found in a checkpoint by the names Hugging Face gives them. */
#pragma once
#include "checkpoint.h"
#include "config.h"
#include "matrix.h"

struct layer {
    struct matrix attention_norm, query, key, value, output;
    struct matrix mlp_norm, gate, up, down;
};

struct model {
    struct config config;
    struct checkpoint checkpoint; /* most matrices point into it */
    bool int8;
    struct matrix embedding, norm, head;
    struct layer *layers;
};

/* Load config.json and the weights. With `int8` every matrix but the embedding and the norms is
 * quantised now. On failure nothing is left behind. */
bool model_load(struct model *model, const char *directory, bool int8, struct error *error);
void model_free(struct model *model);
