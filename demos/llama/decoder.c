/* SPDX-License-Identifier: Apache-2.0 */
/* The forward pass of a Llama decoder for one token:
 *
 *     hidden = embedding[token]
 *     for each layer:  hidden += attention(norm(hidden));  hidden += mlp(norm(hidden))
 *     logits = head * norm(hidden) */
#include "decoder.h"

#include "vector.h"

#include <math.h>
#include <stdlib.h>

static size_t cache_floats(const struct decoder *d)
{
    const struct config *c = &d->model->config;
    return (size_t)c->num_key_value_heads * d->capacity * c->head_dim; /* of one layer */
}

void decoder_init(struct decoder *d, const struct model *model, uint32_t capacity)
{
    const struct config *c = &model->config;
    uint32_t queries = c->num_attention_heads * c->head_dim;

    *d = (struct decoder){ .model = model, .capacity = capacity };
    d->keys = allocate(c->num_hidden_layers, cache_floats(d) * sizeof(float));
    d->values = allocate(c->num_hidden_layers, cache_floats(d) * sizeof(float));
    d->frequencies = allocate(c->head_dim / 2, sizeof(float));
    d->cosines = allocate(c->head_dim / 2, sizeof(float));
    d->sines = allocate(c->head_dim / 2, sizeof(float));
    d->hidden = allocate(c->hidden_size, sizeof(float));
    d->query = allocate(queries, sizeof(float));
    d->scores = allocate(capacity, sizeof(float));
    d->up = allocate(c->intermediate_size, sizeof(float));
    d->delta = allocate(c->hidden_size, sizeof(float));
    d->logits = allocate(c->vocab_size, sizeof(float));
    activation_init(&d->normed, c->hidden_size, model->int8);
    activation_init(&d->attended, queries, model->int8);
    activation_init(&d->gated, c->intermediate_size, model->int8);
    rope_frequencies(&c->rope, c->head_dim, d->frequencies);
}

void decoder_fini(struct decoder *d)
{
    float *all[] = { d->keys,  d->values, d->frequencies, d->cosines, d->sines, d->hidden,
                     d->query, d->scores, d->up,          d->delta,   d->logits };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) free(all[i]);
    activation_fini(&d->normed);
    activation_fini(&d->attended);
    activation_fini(&d->gated);
    *d = (struct decoder){ 0 };
}

const char *decoder_device(void) { return "the CPU"; }

/* RMSNorm of the residual stream into `normed`. */
static void normalise(struct decoder *d, const struct matrix *norm)
{
    uint32_t count = norm->columns;
    const float *weight = norm->data;
    float mean = dot_f32(d->hidden, d->hidden, count) / (float)count;
    float scale = 1.0f / sqrtf(mean + d->model->config.rms_norm_eps);

    for (uint32_t i = 0; i < count; i++) d->normed.values[i] = weight[i] * (d->hidden[i] * scale);
    activation_update(&d->normed);
}

/* Turn each pair of a head by its angle. A pair is (i, i + head_dim / 2): the order of the
 * checkpoints on Hugging Face, not the neighbours of the paper. */
static void rotate(const struct decoder *d, float *head)
{
    uint32_t half = d->model->config.head_dim / 2;
    for (uint32_t i = 0; i < half; i++) {
        float a = head[i], b = head[i + half];
        head[i] = a * d->cosines[i] - b * d->sines[i];
        head[i + half] = b * d->cosines[i] + a * d->sines[i];
    }
}

static void softmax(float *values, uint32_t count)
{
    float largest = values[0], sum = 0;
    for (uint32_t i = 1; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    for (uint32_t i = 0; i < count; i++) sum += values[i] = expf(values[i] - largest);
    for (uint32_t i = 0; i < count; i++) values[i] /= sum;
}

/* One query head over all positions so far. `keys` and `values` belong to its key-value head. */
static void attend(struct decoder *d, const float *query, const float *keys, const float *values, float *out)
{
    uint32_t size = d->model->config.head_dim, count = d->position + 1;
    float scale = 1.0f / sqrtf((float)size);

    for (uint32_t t = 0; t < count; t++) d->scores[t] = dot_f32(query, keys + (size_t)t * size, size) * scale;
    softmax(d->scores, count);
    memset(out, 0, size * sizeof(float));
    for (uint32_t t = 0; t < count; t++) add_scaled(out, values + (size_t)t * size, d->scores[t], size);
}

/* The key and value of this position go to the cache, head by head. */
static void store_key_value(struct decoder *d, const struct layer *layer, float *keys, float *values)
{
    const struct config *c = &d->model->config;
    size_t size = c->head_dim, stride = (size_t)d->capacity * size;
    float *projected = d->attended.values; /* free here, and at least as long */

    matrix_apply(&layer->key, &d->normed, projected);
    for (uint32_t h = 0; h < c->num_key_value_heads; h++) {
        rotate(d, projected + h * size);
        memcpy(keys + h * stride + d->position * size, projected + h * size, size * sizeof(float));
    }
    matrix_apply(&layer->value, &d->normed, projected);
    for (uint32_t h = 0; h < c->num_key_value_heads; h++)
        memcpy(values + h * stride + d->position * size, projected + h * size, size * sizeof(float));
}

static void attention(struct decoder *d, uint32_t index)
{
    const struct config *c = &d->model->config;
    const struct layer *layer = &d->model->layers[index];
    size_t size = c->head_dim, stride = (size_t)d->capacity * size;
    uint32_t shared = c->num_attention_heads / c->num_key_value_heads;
    float *keys = d->keys + index * cache_floats(d), *values = d->values + index * cache_floats(d);

    normalise(d, &layer->attention_norm);
    store_key_value(d, layer, keys, values);
    matrix_apply(&layer->query, &d->normed, d->query);
    for (uint32_t h = 0; h < c->num_attention_heads; h++) {
        size_t cache = h / shared * stride; /* grouped queries: several heads read one cache */
        rotate(d, d->query + h * size);
        attend(d, d->query + h * size, keys + cache, values + cache, d->attended.values + h * size);
    }
    activation_update(&d->attended);
    matrix_apply(&layer->output, &d->attended, d->delta);
    add_scaled(d->hidden, d->delta, 1, c->hidden_size);
}

/* SwiGLU: down(silu(gate(x)) * up(x)) */
static void mlp(struct decoder *d, const struct layer *layer)
{
    const struct config *c = &d->model->config;
    float *gate = d->gated.values;

    normalise(d, &layer->mlp_norm);
    matrix_apply(&layer->gate, &d->normed, gate);
    matrix_apply(&layer->up, &d->normed, d->up);
    for (uint32_t i = 0; i < c->intermediate_size; i++)
        gate[i] = gate[i] / (1.0f + expf(-gate[i])) * d->up[i];
    activation_update(&d->gated);
    matrix_apply(&layer->down, &d->gated, d->delta);
    add_scaled(d->hidden, d->delta, 1, c->hidden_size);
}

const float *decoder_step(struct decoder *d, uint32_t token, bool want_logits)
{
    const struct model *model = d->model;

    matrix_read_row(&model->embedding, token, d->hidden);
    for (uint32_t i = 0; i < model->config.head_dim / 2; i++) {
        float angle = (float)d->position * d->frequencies[i];
        d->cosines[i] = cosf(angle);
        d->sines[i] = sinf(angle);
    }
    for (uint32_t i = 0; i < model->config.num_hidden_layers; i++) {
        attention(d, i);
        mlp(d, &model->layers[i]);
    }
    d->position++;
    if (!want_logits) return NULL;
    normalise(d, &model->norm);
    matrix_apply(&model->head, &d->normed, d->logits);
    return d->logits;
}
