/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include "vector.h"

#include <math.h>
#include <stdlib.h>

static uint16_t read_u16(const uint8_t *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof(bits));
    return bits;
}

/* IEEE binary16: 1 sign bit, 5 of exponent (bias 15), 10 of fraction. */
static float f16_to_f32(uint16_t bits)
{
    uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value = exponent == 0    ? ldexpf((float)fraction, -24)
                  : exponent == 31 ? (fraction ? NAN : INFINITY)
                                   : ldexpf((float)(fraction + 1024), (int)exponent - 25);
    return bits & 0x8000 ? -value : value;
}

static float read_element(const struct tensor *tensor, size_t index)
{
    float value;
    if (tensor->type == TENSOR_F16) return f16_to_f32(read_u16(tensor->data + 2 * index));
    if (tensor->type == TENSOR_BF16) return bf16_to_f32(read_u16(tensor->data + 2 * index));
    memcpy(&value, tensor->data + 4 * index, sizeof(value));
    return value;
}

static bool has_shape(const struct tensor *tensor, uint32_t rows, uint32_t columns)
{
    if (rows == 1 && tensor->rank == 1) return tensor->shape[0] == columns; /* a norm */
    return tensor->rank == 2 && tensor->shape[0] == rows && tensor->shape[1] == columns;
}

bool matrix_init(struct matrix *matrix, const struct tensor *tensor, uint32_t rows, uint32_t columns,
                 struct error *error)
{
    if (tensor->type == TENSOR_OTHER)
        return fail(error, "tensor %.80s: only F32, F16 and BF16 weights can be used", tensor->name);
    if (!has_shape(tensor, rows, columns))
        return fail(error, "tensor %.80s: config.json asks for %u x %u", tensor->name, rows, columns);

    *matrix = (struct matrix){ .rows = rows, .columns = columns, .data = tensor->data };
    matrix->type = tensor->type == TENSOR_BF16 ? MATRIX_BF16 : MATRIX_F32;
    uintptr_t alignment = tensor->type == TENSOR_F32 ? 4 : 2;
    if (tensor->type != TENSOR_F16 && (uintptr_t)tensor->data % alignment == 0) return true;

    /* F16, or a file whose header has an odd length: a copy in F32. */
    size_t count = (size_t)rows * columns;
    float *copy = allocate(count, sizeof(float));
    for (size_t i = 0; i < count; i++) copy[i] = read_element(tensor, i);
    matrix->type = MATRIX_F32;
    matrix->data = matrix->owned = copy;
    return true;
}

void matrix_fini(struct matrix *matrix)
{
    free(matrix->owned);
    free(matrix->scales);
    *matrix = (struct matrix){ 0 };
}

void matrix_quantise(struct matrix *out, const struct matrix *from)
{
    size_t groups = quant_groups(from->columns);
    int8_t *codes = allocate((size_t)from->rows * groups, QUANT_GROUP);
    float *row = allocate(from->columns, sizeof(float));

    *out = (struct matrix){
        .type = MATRIX_INT8, .rows = from->rows, .columns = from->columns, .data = codes, .owned = codes
    };
    out->scales = allocate((size_t)from->rows * groups, sizeof(float));
    for (size_t r = 0; r < from->rows; r++) {
        matrix_read_row(from, (uint32_t)r, row);
        quant_weights(row, from->columns, codes + r * groups * QUANT_GROUP, out->scales + r * groups);
    }
    free(row);
}

void matrix_read_row(const struct matrix *matrix, uint32_t row, float *out)
{
    size_t columns = matrix->columns, first = row * columns;
    if (matrix->type == MATRIX_F32) {
        memcpy(out, (const float *)matrix->data + first, columns * sizeof(float));
        return;
    }
    const uint16_t *bits = (const uint16_t *)matrix->data + first;
    for (size_t i = 0; i < columns; i++) out[i] = bf16_to_f32(bits[i]);
}

void matrix_apply(const struct matrix *matrix, const struct activation *x, float *out)
{
    size_t columns = matrix->columns, groups = quant_groups(columns);
    const float *f32 = matrix->data;
    const uint16_t *bf16 = matrix->data;
    const int8_t *codes = matrix->data;

    for (size_t r = 0; r < matrix->rows; r++) {
        switch (matrix->type) {
        case MATRIX_F32: out[r] = dot_f32(f32 + r * columns, x->values, columns); break;
        case MATRIX_BF16: out[r] = dot_bf16(bf16 + r * columns, x->values, columns); break;
        case MATRIX_INT8:
            out[r] = quant_dot(codes + r * groups * QUANT_GROUP, matrix->scales + r * groups, x->codes,
                               x->scales, groups);
            break;
        }
    }
}

void activation_init(struct activation *activation, uint32_t length, bool int8)
{
    size_t groups = quant_groups(length);
    *activation = (struct activation){ .length = length };
    activation->values = allocate(length, sizeof(float));
    if (!int8) return;
    activation->codes = allocate(groups, QUANT_GROUP * sizeof(int16_t));
    activation->scales = allocate(groups, sizeof(float));
}

void activation_fini(struct activation *activation)
{
    free(activation->values);
    free(activation->codes);
    free(activation->scales);
    *activation = (struct activation){ 0 };
}

void activation_update(struct activation *activation)
{
    if (!activation->codes) return;
    quant_activations(activation->values, activation->length, activation->codes, activation->scales);
}
