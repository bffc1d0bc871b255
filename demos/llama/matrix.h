/* SPDX-License-Identifier: Apache-2.0 */
/* A weight matrix in the form it is computed with, and its product with a vector.
 *
 * F32 and BF16 stay in the mapped file: BF16 widens in one instruction, so a copy would only cost
 * memory. F16 takes several, so it is widened to F32 once, at load. */
#pragma once
#include "quant.h"
#include "safetensors.h"

enum matrix_type { MATRIX_F32, MATRIX_BF16, MATRIX_INT8 };

struct matrix {
    enum matrix_type type;
    uint32_t rows, columns;
    const void *data; /* row after row; for int8 in whole groups */
    float *scales;    /* int8 only: one per group of a row */
    void *owned;      /* what `data` points to when it is not in the file */
};

/* A vector that matrices are applied to. */
struct activation {
    float *values;
    int16_t *codes; /* NULL unless some matrix is int8; see quant.h */
    float *scales;
    uint32_t length;
};

/* Use the tensor, which must have that shape and be F32, F16 or BF16. */
bool matrix_init(struct matrix *matrix, const struct tensor *tensor, uint32_t rows, uint32_t columns,
                 struct error *error);
void matrix_fini(struct matrix *matrix);

/* `out` is a new int8 form of `from`. */
void matrix_quantise(struct matrix *out, const struct matrix *from);

/* Row `row`, widened. Not for int8: what is looked up stays as the checkpoint has it. */
void matrix_read_row(const struct matrix *matrix, uint32_t row, float *out);

/* out[rows] = matrix * x. The int8 form of `x` must be current, see activation_update(). */
void matrix_apply(const struct matrix *matrix, const struct activation *x, float *out);

void activation_init(struct activation *activation, uint32_t length, bool int8);
void activation_fini(struct activation *activation);

/* Call after the last write to `values` and before matrix_apply(). */
void activation_update(struct activation *activation);
