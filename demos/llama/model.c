/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

/* What is being loaded, so that each weight takes one line below. */
struct loader {
    struct model *model;
    struct error *error;
    char prefix[40]; /* "model.layers.7." */
};

static bool load_plain(struct loader *l, struct matrix *matrix, const char *name, uint32_t rows,
                       uint32_t columns)
{
    char full[96];
    const char *path;
    snprintf(full, sizeof(full), "%s%s.weight", l->prefix, name);
    const struct tensor *tensor = checkpoint_find(&l->model->checkpoint, full, &path);
    if (!tensor) return fail(l->error, "%s: tensor %s is missing", l->model->checkpoint.shards[0].path, full);
    return matrix_init(matrix, tensor, rows, columns, l->error) || fail_in(l->error, path);
}

/* A norm is used element by element, so it is wanted in F32 whatever the file has. */
static bool load_norm(struct loader *l, struct matrix *norm, const char *name)
{
    struct matrix loaded;
    uint32_t size = l->model->config.hidden_size;
    if (!load_plain(l, &loaded, name, 1, size)) return false;
    float *copy = allocate(size, sizeof(float));
    matrix_read_row(&loaded, 0, copy);
    matrix_fini(&loaded);
    *norm = (struct matrix){ .rows = 1, .columns = size, .data = copy, .owned = copy };
    return true;
}

static bool load_weight(struct loader *l, struct matrix *matrix, const char *name, uint32_t rows,
                        uint32_t columns)
{
    struct matrix loaded;
    if (!load_plain(l, &loaded, name, rows, columns)) return false;
    if (l->model->int8) {
        matrix_quantise(matrix, &loaded);
        matrix_fini(&loaded);
    } else {
        *matrix = loaded;
    }
    return true;
}

static bool load_layer(struct loader *l, struct layer *layer)
{
    const struct config *c = &l->model->config;
    uint32_t hidden = c->hidden_size, inner = c->intermediate_size;
    uint32_t queries = c->num_attention_heads * c->head_dim;
    uint32_t keys = c->num_key_value_heads * c->head_dim;

    return load_norm(l, &layer->attention_norm, "input_layernorm") &&
           load_weight(l, &layer->query, "self_attn.q_proj", queries, hidden) &&
           load_weight(l, &layer->key, "self_attn.k_proj", keys, hidden) &&
           load_weight(l, &layer->value, "self_attn.v_proj", keys, hidden) &&
           load_weight(l, &layer->output, "self_attn.o_proj", hidden, queries) &&
           load_norm(l, &layer->mlp_norm, "post_attention_layernorm") &&
           load_weight(l, &layer->gate, "mlp.gate_proj", inner, hidden) &&
           load_weight(l, &layer->up, "mlp.up_proj", inner, hidden) &&
           load_weight(l, &layer->down, "mlp.down_proj", hidden, inner);
}

static bool load_weights(struct model *model, struct error *error)
{
    const struct config *c = &model->config;
    struct loader l = { .model = model, .error = error };

    if (!load_plain(&l, &model->embedding, "model.embed_tokens", c->vocab_size, c->hidden_size) ||
        !load_norm(&l, &model->norm, "model.norm") ||
        !load_weight(&l, &model->head, c->tie_word_embeddings ? "model.embed_tokens" : "lm_head",
                     c->vocab_size, c->hidden_size))
        return false;

    model->layers = allocate(c->num_hidden_layers, sizeof(struct layer));
    for (uint32_t i = 0; i < c->num_hidden_layers; i++) {
        snprintf(l.prefix, sizeof(l.prefix), "model.layers.%u.", i);
        if (!load_layer(&l, &model->layers[i])) return false;
    }
    return true;
}

bool model_load(struct model *model, const char *directory, bool int8, struct error *error)
{
    *model = (struct model){ .int8 = int8 };
    if (!config_load(&model->config, directory, error)) return false;
    if (checkpoint_open(&model->checkpoint, directory, error) && load_weights(model, error)) return true;
    model_free(model);
    return false;
}

static void layer_fini(struct layer *layer)
{
    struct matrix *all[] = { &layer->attention_norm, &layer->query,  &layer->key,
                             &layer->value,          &layer->output, &layer->mlp_norm,
                             &layer->gate,           &layer->up,     &layer->down };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) matrix_fini(all[i]);
}

void model_free(struct model *model)
{
    for (uint32_t i = 0; model->layers && i < model->config.num_hidden_layers; i++)
        layer_fini(&model->layers[i]);
    free(model->layers);
    matrix_fini(&model->embedding);
    matrix_fini(&model->norm);
    matrix_fini(&model->head);
    checkpoint_close(&model->checkpoint);
    *model = (struct model){ 0 };
}
