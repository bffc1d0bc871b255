/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "decoder.h"
#include "tests/harness/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIZES                                                                \
    "\"model_type\":\"llama\",\"hidden_size\":64,\"intermediate_size\":128," \
    "\"vocab_size\":100,\"num_hidden_layers\":2,\"num_attention_heads\":4"

static struct config config;
static struct error error;

static bool parses(const char *fields)
{
    char text[1024];
    snprintf(text, sizeof(text), "{" SIZES "%s}", fields);
    return config_parse(&config, text, strlen(text), &error);
}

TEST(config_fills_in_what_older_files_leave_out)
{
    EXPECT(parses(""));
    EXPECT(config.num_key_value_heads == 4 && config.head_dim == 16);
    EXPECT(config.max_position_embeddings == 2048 && !config.tie_word_embeddings);
    EXPECT(config.rope.type == ROPE_DEFAULT && config.rope.theta == 10000 && config.eos_count == 0);
}

TEST(config_takes_one_end_token_or_a_list)
{
    EXPECT(parses(",\"eos_token_id\":7") && config_is_eos(&config, 7) && !config_is_eos(&config, 8));
    EXPECT(parses(",\"eos_token_id\":[7,9]") && config_is_eos(&config, 9));
    EXPECT(parses(",\"eos_token_id\":null") && !config_is_eos(&config, 0));
    EXPECT(!parses(",\"eos_token_id\":\"</s>\""));
    EXPECT(!parses(",\"eos_token_id\":[1,2,3,4,5,6,7,8,9]"));
}

TEST(config_refuses_sizes_that_cannot_be)
{
    EXPECT(!parses(",\"num_key_value_heads\":3"));
    EXPECT(!parses(",\"num_key_value_heads\":0"));
    EXPECT(!parses(",\"head_dim\":15"));
    EXPECT(!parses(",\"head_dim\":4294967296"));
    EXPECT(!parses(",\"max_position_embeddings\":1e18"));
    EXPECT(!parses(",\"rms_norm_eps\":-1"));
    EXPECT(!parses(",\"rope_theta\":0"));
    EXPECT(!config_parse(&config, "{\"model_type\":\"llama\"}", 22, &error));
    EXPECT_STR(error.text, "hidden_size must be an integer from 1 to 262144");
}

TEST(config_refuses_what_the_decoder_does_not_do)
{
    EXPECT(!parses(",\"attention_bias\":true"));
    EXPECT(!parses(",\"hidden_act\":\"gelu\""));
    EXPECT(!parses(",\"quantization_config\":{}"));
    EXPECT(!parses(",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2}"));
    EXPECT(!parses(",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8}"));
    EXPECT(!config_parse(&config, "{\"model_type\":\"gpt2\"}", 21, &error));
    EXPECT_STR(error.text, "the architecture is not LlamaForCausalLM");
}

TEST(config_linear_scaling_slows_every_pair_down)
{
    float frequencies[8];
    EXPECT(parses(",\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}"));
    rope_frequencies(&config.rope, config.head_dim, frequencies);
    EXPECT(frequencies[0] == 0.25f && fabsf(frequencies[4] - 0.0025f) < 1e-9f);
}

/* Waves in tokens, against an original context of 8192: above 8192 is slow, below 2048 fast. */
TEST(config_llama3_scaling_keeps_fast_pairs_and_slows_slow_ones)
{
    float f[8];
    EXPECT(parses(",\"rope_theta\":500000.0,\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,"
                  "\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                  "\"original_max_position_embeddings\":8192}"));
    rope_frequencies(&config.rope, config.head_dim, f);
    EXPECT(f[0] == 1.0f);
    EXPECT(fabs(f[3] - pow(500000, -3.0 / 8)) < 1e-8);            /* wave of 862: fast */
    EXPECT(fabs(f[4] / pow(500000, -4.0 / 8) - 0.371122) < 1e-5); /* 4443: between */
    EXPECT(fabs(f[5] - pow(500000, -5.0 / 8) / 8) < 1e-10);       /* 22911: slow */
}
