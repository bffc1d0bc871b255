/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of a LlamaForCausalLM, with the names the ecosystem uses.
 *
 * Every number has a bound, so that the sizes computed from them fit 64 bits; a feature this
 * program lacks is refused by name and never ignored. */
#pragma once
#include "error.h"

#include <stdint.h>

#define EOS_IDS_MAX 8

enum rope_type { ROPE_DEFAULT, ROPE_LINEAR, ROPE_LLAMA3 };

struct rope {
    enum rope_type type;
    double theta, factor;
    double low_freq_factor, high_freq_factor, original_positions; /* llama3 only */
};

struct config {
    uint32_t hidden_size, intermediate_size, vocab_size;
    uint32_t num_hidden_layers, num_attention_heads, num_key_value_heads;
    uint32_t head_dim; /* even */
    uint32_t max_position_embeddings;
    float rms_norm_eps;
    bool tie_word_embeddings;
    struct rope rope;
    uint32_t eos_ids[EOS_IDS_MAX], eos_count;
};

bool config_parse(struct config *config, const char *text, size_t size, struct error *error);

/* Read `directory`/config.json. */
bool config_load(struct config *config, const char *directory, struct error *error);

bool config_is_eos(const struct config *config, uint32_t token);
