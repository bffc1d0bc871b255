/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "file.h"
#include "json.h"

#include <stdlib.h>

#define SIZE_MAX_HIDDEN (1u << 18)
#define SIZE_MAX_VOCAB  (1u << 22)
#define LAYERS_MAX      4096u
#define HEADS_MAX       4096u
#define POSITIONS_MAX   (1u << 24)

static bool read_size(const struct json *root, const char *name, uint32_t max, uint32_t *out,
                      struct error *error)
{
    uint64_t value;
    if (!json_integer(json_get(root, name), max, &value) || value == 0)
        return fail(error, "%s must be an integer from 1 to %u", name, max);
    *out = (uint32_t)value;
    return true;
}

/* As read_size(), but `*out` already holds what a missing field means. */
static bool read_optional_size(const struct json *root, const char *name, uint32_t max, uint32_t *out,
                               struct error *error)
{
    return json_is_absent(json_get(root, name)) || read_size(root, name, max, out, error);
}

static bool read_positive(const struct json *root, const char *name, double *out, struct error *error)
{
    const struct json *node = json_get(root, name);
    if (json_is_absent(node)) return true;
    if (node->type != JSON_NUMBER || !(node->number > 0) || node->number > 1e12)
        return fail(error, "%s must be a positive number", name);
    *out = node->number;
    return true;
}

static bool read_sizes(struct config *c, const struct json *root, struct error *error)
{
    bool ok = read_size(root, "hidden_size", SIZE_MAX_HIDDEN, &c->hidden_size, error) &&
              read_size(root, "intermediate_size", SIZE_MAX_HIDDEN, &c->intermediate_size, error) &&
              read_size(root, "vocab_size", SIZE_MAX_VOCAB, &c->vocab_size, error) &&
              read_size(root, "num_hidden_layers", LAYERS_MAX, &c->num_hidden_layers, error) &&
              read_size(root, "num_attention_heads", HEADS_MAX, &c->num_attention_heads, error);
    if (!ok) return false;

    c->num_key_value_heads = c->num_attention_heads;
    c->head_dim = c->hidden_size / c->num_attention_heads;
    c->max_position_embeddings = 2048;
    if (!read_optional_size(root, "num_key_value_heads", HEADS_MAX, &c->num_key_value_heads, error) ||
        !read_optional_size(root, "head_dim", SIZE_MAX_HIDDEN, &c->head_dim, error) ||
        !read_optional_size(root, "max_position_embeddings", POSITIONS_MAX, &c->max_position_embeddings,
                            error))
        return false;
    if (c->head_dim == 0 || c->head_dim % 2)
        return fail(error, "head_dim must be even, it is %u", c->head_dim);
    if (c->num_attention_heads % c->num_key_value_heads)
        return fail(error, "num_attention_heads must be a multiple of num_key_value_heads");
    return true;
}

/* rope_scaling: null, or {"rope_type" or "type": ..., "factor": ...}. Newer files put all of
 * this, and rope_theta, into rope_parameters. */
static bool read_rope(struct rope *rope, const struct json *root, struct error *error)
{
    const struct json *scaling = json_get(root, "rope_scaling");
    if (json_is_absent(scaling)) scaling = json_get(root, "rope_parameters");
    const struct json *type = json_get(scaling, "rope_type");
    if (!type) type = json_get(scaling, "type");

    *rope = (struct rope){ .theta = 10000, .factor = 1 };
    if (!read_positive(root, "rope_theta", &rope->theta, error) ||
        !read_positive(scaling, "rope_theta", &rope->theta, error))
        return false;
    if (json_is_absent(type) || json_is(type, "default")) return true;

    if (json_is(type, "linear"))
        rope->type = ROPE_LINEAR;
    else if (json_is(type, "llama3"))
        rope->type = ROPE_LLAMA3;
    else
        return fail(error, "rope_scaling is of a type other than linear and llama3");
    if (!read_positive(scaling, "factor", &rope->factor, error)) return false;
    if (rope->type == ROPE_LINEAR) return true;

    if (!read_positive(scaling, "low_freq_factor", &rope->low_freq_factor, error) ||
        !read_positive(scaling, "high_freq_factor", &rope->high_freq_factor, error) ||
        !read_positive(scaling, "original_max_position_embeddings", &rope->original_positions, error))
        return false;
    if (rope->low_freq_factor == 0 || rope->original_positions == 0 ||
        rope->high_freq_factor <= rope->low_freq_factor)
        return fail(error, "rope_scaling of type llama3 is incomplete");
    return true;
}

static bool add_eos(struct config *c, const struct json *node, struct error *error)
{
    uint64_t id;
    if (c->eos_count == EOS_IDS_MAX || !json_integer(node, SIZE_MAX_VOCAB, &id))
        return fail(error, "eos_token_id must be a token or a list of at most %d", EOS_IDS_MAX);
    c->eos_ids[c->eos_count++] = (uint32_t)id;
    return true;
}

static bool read_eos(struct config *c, const struct json *node, struct error *error)
{
    if (json_is_absent(node)) return true;
    if (node->type != JSON_ARRAY) return add_eos(c, node, error);
    JSON_FOR_EACH(id, node)
    {
        if (!add_eos(c, id, error)) return false;
    }
    return true;
}

static bool is_llama(const struct json *root)
{
    if (json_is(json_get(root, "model_type"), "llama")) return true;
    const struct json *list = json_get(root, "architectures");
    return list && list->type == JSON_ARRAY && list->length == 1 && json_is(list + 1, "LlamaForCausalLM");
}

static bool check_features(const struct json *root, struct error *error)
{
    static const char *const refused[] = { "attention_bias", "mlp_bias", "quantization_config" };
    if (!is_llama(root)) return fail(error, "the architecture is not LlamaForCausalLM");
    const struct json *act = json_get(root, "hidden_act");
    if (act && !json_is(act, "silu")) return fail(error, "hidden_act other than silu");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct json *node = json_get(root, refused[i]);
        if (!json_is_absent(node) && node->type != JSON_FALSE)
            return fail(error, "%s is not supported", refused[i]);
    }
    return true;
}

static bool read_config(struct config *c, const struct json *root, struct error *error)
{
    double eps = 1e-6;
    if (!check_features(root, error) || !read_sizes(c, root, error) || !read_rope(&c->rope, root, error) ||
        !read_positive(root, "rms_norm_eps", &eps, error) ||
        !read_eos(c, json_get(root, "eos_token_id"), error))
        return false;
    c->rms_norm_eps = (float)eps;
    const struct json *tie = json_get(root, "tie_word_embeddings");
    c->tie_word_embeddings = tie && tie->type == JSON_TRUE;
    return true;
}

bool config_parse(struct config *config, const char *text, size_t size, struct error *error)
{
    struct json_document document;
    *config = (struct config){ 0 };
    if (!json_parse(&document, text, size, error)) return false;
    bool ok = read_config(config, document.root, error);
    json_free(&document);
    return ok;
}

bool config_load(struct config *config, const char *directory, struct error *error)
{
    char *path = path_join(directory, "config.json");
    struct file file;
    bool ok = file_map(&file, path, error);
    if (ok) {
        ok = config_parse(config, (const char *)file.bytes, file.size, error) || fail_in(error, path);
        file_unmap(&file);
    }
    free(path);
    return ok;
}

bool config_is_eos(const struct config *config, uint32_t token)
{
    for (uint32_t i = 0; i < config->eos_count; i++) {
        if (config->eos_ids[i] == token) return true;
    }
    return false;
}
