// SPDX-License-Identifier: Apache-2.0
// decoder.h on a GPU, through HIP: the same forward pass as demos/llama/decoder.c, of which this takes the
// place when the program is linked. Everything else, from the tokenizer to the sampler, is the same C.
//
// The tokens must be the same as on the CPU, so sums keep the order that demos/llama/vector.h writes down:
// a row's product is eight partial sums of every eighth element, added up in one fixed way, and one lane
// computes it from end to end. The program is compiled with -ffp-contract=off, and a division or a square
// root rounds the same everywhere. What is left is expf: here it is exp in double, rounded once, which
// differs from the C library's in the last bit now and then; angles and their sines are computed by the
// host in both.
//
// The pointers of struct decoder point into the device's memory, but for `cosines`, `sines` and `logits`,
// which are the host's. There is one decoder at a time.
#include <hip/hip_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

extern "C" {
#include "decoder.h"
}

#define LANES 64

#define HIP(call)                                                                  \
    do {                                                                           \
        hipError_t status_ = (call);                                               \
        if (status_ != hipSuccess) {                                               \
            fprintf(stderr, "llama: %s: %s\n", #call, hipGetErrorString(status_)); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

// ---- the inner loops: vector.h, one lane at a time ----

__device__ float widen(float value) { return value; }
__device__ float widen(uint16_t bits) { return __uint_as_float((unsigned)bits << 16); }

template <typename T> __device__ float dot(const T *a, const float *b, unsigned count)
{
    float even[4] = { 0 }, odd[4] = { 0 };
    unsigned i = 0;
    for (; i + 8 <= count; i += 8)
        for (int k = 0; k < 4; k++) {
            even[k] += widen(a[i + k]) * b[i + k];
            odd[k] += widen(a[i + 4 + k]) * b[i + 4 + k];
        }
    float sum = ((even[0] + odd[0]) + (even[2] + odd[2])) + ((even[1] + odd[1]) + (even[3] + odd[3]));
    for (; i < count; i++) sum += widen(a[i]) * b[i];
    return sum;
}

__device__ float exponential(float x) { return (float)exp((double)x); }

// ---- kernels ----

// out = matrix * x, a lane for each row; with `add`, out += matrix * x
template <typename T>
__global__ void apply(const T *matrix, const float *x, float *out, unsigned rows, unsigned columns, bool add)
{
    unsigned row = blockIdx.x * LANES + threadIdx.x;
    if (row >= rows) return;
    float sum = dot(matrix + (size_t)row * columns, x, columns);
    out[row] = add ? out[row] + sum : sum;
}

template <typename T>
__global__ void look_up(const T *embedding, unsigned token, float *hidden, unsigned count)
{
    for (unsigned i = threadIdx.x; i < count; i += LANES)
        hidden[i] = widen(embedding[(size_t)token * count + i]);
}

// RMSNorm. One lane takes the sum, in its order; the rest is element by element.
__global__ void normalise(const float *hidden, const float *weight, float *out, unsigned count, float epsilon)
{
    __shared__ float scale;
    if (threadIdx.x == 0) scale = 1.0f / sqrtf(dot(hidden, hidden, count) / (float)count + epsilon);
    __syncthreads();
    for (unsigned i = threadIdx.x; i < count; i += LANES) out[i] = weight[i] * (hidden[i] * scale);
}

// A group for each head, a lane for each pair. With a cache, the turned head goes there.
__global__ void rotate(const float *heads, float *out, size_t stride, const float *cosines,
                       const float *sines, unsigned half)
{
    const float *head = heads + (size_t)blockIdx.x * 2 * half;
    float *to = out + blockIdx.x * stride;
    for (unsigned i = threadIdx.x; i < half; i += LANES) {
        float a = head[i], b = head[i + half];
        to[i] = a * cosines[i] - b * sines[i];
        to[i + half] = b * cosines[i] + a * sines[i];
    }
}

__global__ void store(const float *heads, float *cache, size_t stride, unsigned size)
{
    for (unsigned i = threadIdx.x; i < size; i += LANES)
        cache[blockIdx.x * stride + i] = heads[blockIdx.x * size + i];
}

// A group for each head: scores of all positions, softmax, the sum of values weighted by them.
__global__ void attend(const float *query, const float *keys, const float *values, float *scores, float *out,
                       size_t stride, unsigned shared_by, unsigned size, unsigned count)
{
    __shared__ float largest, sum;
    unsigned head = blockIdx.x;
    const float *q = query + head * size, *k = keys + head / shared_by * stride,
                *v = values + head / shared_by * stride;
    float *s = scores + head * stride / size, root = 1.0f / sqrtf((float)size);

    for (unsigned t = threadIdx.x; t < count; t += LANES) s[t] = dot(q, k + (size_t)t * size, size) * root;
    __syncthreads();
    if (threadIdx.x == 0) {
        largest = s[0];
        for (unsigned t = 1; t < count; t++) largest = s[t] > largest ? s[t] : largest;
    }
    __syncthreads();
    for (unsigned t = threadIdx.x; t < count; t += LANES) s[t] = exponential(s[t] - largest);
    __syncthreads();
    if (threadIdx.x == 0) {
        sum = 0;
        for (unsigned t = 0; t < count; t++) sum += s[t];
    }
    __syncthreads();
    for (unsigned i = threadIdx.x; i < size; i += LANES) {
        float mixed = 0;
        for (unsigned t = 0; t < count; t++) mixed += s[t] / sum * v[(size_t)t * size + i];
        out[head * size + i] = mixed;
    }
}

// silu(gate) * up
__global__ void gate_up(float *gate, const float *up, unsigned count)
{
    unsigned i = blockIdx.x * LANES + threadIdx.x;
    if (i < count) gate[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

// ---- the weights on the device ----

struct device_matrix {
    void *at;
    matrix_type type;
    unsigned rows, columns;
};

struct device_layer {
    device_matrix attention_norm, query, key, value, output, mlp_norm, gate, up, down;
};

static struct {
    device_matrix embedding, norm, head;
    device_layer *layers;
    float *turns; // cosines, then sines, of the current position
    float *logits;
} on_device;

static float *floats(size_t count)
{
    float *at;
    HIP(hipMalloc((void **)&at, count * sizeof(float)));
    HIP(hipMemset(at, 0, count * sizeof(float)));
    return at;
}

static device_matrix upload(const matrix &m)
{
    device_matrix copy = { nullptr, m.type, m.rows, m.columns };
    size_t bytes = (size_t)m.rows * m.columns * (m.type == MATRIX_BF16 ? sizeof(uint16_t) : sizeof(float));
    HIP(hipMalloc(&copy.at, bytes));
    HIP(hipMemcpy(copy.at, m.data, bytes, hipMemcpyHostToDevice));
    return copy;
}

static device_layer upload_layer(const layer &l)
{
    return { upload(l.attention_norm), upload(l.query), upload(l.key), upload(l.value), upload(l.output),
             upload(l.mlp_norm),       upload(l.gate),  upload(l.up),  upload(l.down) };
}

extern "C" const char *decoder_device(void)
{
    static char text[320];
    hipDeviceProp_t properties;
    HIP(hipGetDeviceProperties(&properties, 0));
    snprintf(text, sizeof text, "the GPU %s with %d compute units, through HIP", properties.gcnArchName,
             properties.multiProcessorCount);
    return text;
}

static size_t cache_floats(const decoder *d)
{
    const config *c = &d->model->config;
    return (size_t)c->num_key_value_heads * d->capacity * c->head_dim; // of one layer
}

extern "C" void decoder_init(decoder *d, const model *model, uint32_t capacity)
{
    const config *c = &model->config;
    if (model->int8) {
        fprintf(stderr, "llama: --int8 is for the processor; the GPU takes weights as the file has them\n");
        exit(1);
    }
    *d = decoder();
    d->model = model;
    d->capacity = capacity;
    size_t queries = (size_t)c->num_attention_heads * c->head_dim;
    d->keys = floats(c->num_hidden_layers * cache_floats(d));
    d->values = floats(c->num_hidden_layers * cache_floats(d));
    d->frequencies = (float *)allocate(c->head_dim / 2, sizeof(float));
    d->cosines = (float *)allocate(c->head_dim, sizeof(float));
    d->sines = d->cosines + c->head_dim / 2;
    d->hidden = floats(c->hidden_size);
    d->query = floats(queries);
    d->scores = floats((size_t)c->num_attention_heads * capacity);
    d->up = floats(c->intermediate_size);
    d->logits = (float *)allocate(c->vocab_size, sizeof(float));
    d->normed.values = floats(c->hidden_size);
    d->attended.values = floats(queries);
    d->gated.values = floats(c->intermediate_size);
    rope_frequencies(&c->rope, c->head_dim, d->frequencies);

    on_device.embedding = upload(model->embedding);
    on_device.norm = upload(model->norm);
    on_device.head = upload(model->head);
    on_device.layers = (device_layer *)allocate(c->num_hidden_layers, sizeof(device_layer));
    for (uint32_t i = 0; i < c->num_hidden_layers; i++) on_device.layers[i] = upload_layer(model->layers[i]);
    on_device.turns = floats(c->head_dim);
    on_device.logits = floats(c->vocab_size);
}

extern "C" void decoder_fini(decoder *d)
{
    if (!d->model) return;
    float *memory[] = { d->keys,         d->values,       d->hidden,        d->query,
                        d->scores,       d->up,           d->normed.values, d->attended.values,
                        d->gated.values, on_device.turns, on_device.logits };
    for (float *at : memory) HIP(hipFree(at));
    for (device_matrix *m : { &on_device.embedding, &on_device.norm, &on_device.head }) HIP(hipFree(m->at));
    for (uint32_t i = 0; i < d->model->config.num_hidden_layers; i++) {
        device_layer *l = &on_device.layers[i];
        for (device_matrix *m : { &l->attention_norm, &l->query, &l->key, &l->value, &l->output, &l->mlp_norm,
                                  &l->gate, &l->up, &l->down })
            HIP(hipFree(m->at));
    }
    free(on_device.layers);
    free(d->frequencies);
    free(d->cosines);
    free(d->logits);
    *d = decoder();
}

// ---- a step ----

static void launch_apply(const device_matrix &m, const float *x, float *out, bool add)
{
    dim3 grid((m.rows + LANES - 1) / LANES);
    if (m.type == MATRIX_BF16)
        hipLaunchKernelGGL(apply<uint16_t>, grid, LANES, 0, 0, (const uint16_t *)m.at, x, out, m.rows,
                           m.columns, add);
    else
        hipLaunchKernelGGL(apply<float>, grid, LANES, 0, 0, (const float *)m.at, x, out, m.rows, m.columns,
                           add);
}

static void launch_normalise(decoder *d, const device_matrix &norm)
{
    hipLaunchKernelGGL(normalise, 1, LANES, 0, 0, d->hidden, (const float *)norm.at, d->normed.values,
                       norm.columns, d->model->config.rms_norm_eps);
}

static void attention(decoder *d, uint32_t index)
{
    const config *c = &d->model->config;
    const device_layer &l = on_device.layers[index];
    size_t size = c->head_dim, stride = d->capacity * size;
    float *keys = d->keys + index * cache_floats(d), *values = d->values + index * cache_floats(d);
    const float *cosines = on_device.turns, *sines = on_device.turns + size / 2;
    float *projected = d->attended.values; // free here, and at least as long

    launch_normalise(d, l.attention_norm);
    launch_apply(l.key, d->normed.values, projected, false);
    hipLaunchKernelGGL(rotate, c->num_key_value_heads, LANES, 0, 0, projected, keys + d->position * size,
                       stride, cosines, sines, size / 2);
    launch_apply(l.value, d->normed.values, projected, false);
    hipLaunchKernelGGL(store, c->num_key_value_heads, LANES, 0, 0, projected, values + d->position * size,
                       stride, size);
    launch_apply(l.query, d->normed.values, d->query, false);
    hipLaunchKernelGGL(rotate, c->num_attention_heads, LANES, 0, 0, d->query, d->query, size, cosines, sines,
                       size / 2);
    hipLaunchKernelGGL(attend, c->num_attention_heads, LANES, 0, 0, d->query, keys, values, d->scores,
                       d->attended.values, stride, c->num_attention_heads / c->num_key_value_heads, size,
                       d->position + 1);
    launch_apply(l.output, d->attended.values, d->hidden, true);
}

static void mlp(decoder *d, const device_layer &l)
{
    launch_normalise(d, l.mlp_norm);
    launch_apply(l.gate, d->normed.values, d->gated.values, false);
    launch_apply(l.up, d->normed.values, d->up, false);
    hipLaunchKernelGGL(gate_up, (l.gate.rows + LANES - 1) / LANES, LANES, 0, 0, d->gated.values, d->up,
                       l.gate.rows);
    launch_apply(l.down, d->gated.values, d->hidden, true);
}

extern "C" const float *decoder_step(decoder *d, uint32_t token, bool want_logits)
{
    const config *c = &d->model->config;
    const device_matrix &embedding = on_device.embedding;

    for (uint32_t i = 0; i < c->head_dim / 2; i++) {
        float angle = (float)d->position * d->frequencies[i];
        d->cosines[i] = cosf(angle);
        d->sines[i] = sinf(angle);
    }
    HIP(hipMemcpy(on_device.turns, d->cosines, c->head_dim * sizeof(float), hipMemcpyHostToDevice));
    if (embedding.type == MATRIX_BF16)
        hipLaunchKernelGGL(look_up<uint16_t>, 1, LANES, 0, 0, (const uint16_t *)embedding.at, token,
                           d->hidden, c->hidden_size);
    else
        hipLaunchKernelGGL(look_up<float>, 1, LANES, 0, 0, (const float *)embedding.at, token, d->hidden,
                           c->hidden_size);
    for (uint32_t i = 0; i < c->num_hidden_layers; i++) {
        attention(d, i);
        mlp(d, on_device.layers[i]);
    }
    d->position++;
    if (!want_logits) return NULL;
    launch_normalise(d, on_device.norm);
    launch_apply(on_device.head, d->normed.values, on_device.logits, false);
    HIP(hipGetLastError());
    HIP(hipMemcpy(d->logits, on_device.logits, c->vocab_size * sizeof(float), hipMemcpyDeviceToHost));
    return d->logits;
}
