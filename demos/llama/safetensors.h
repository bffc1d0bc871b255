/* SPDX-License-Identifier: Apache-2.0 */
/* The safetensors container: eight bytes of header length, a JSON header, then the data.
 * [safetensors README, "Format"]
 *
 * Everything the header claims is checked against the size of the file before a tensor is handed
 * out: the tensors must tile the data exactly, without holes and overlaps, and each must be as
 * large as its shape says. */
#pragma once
#include "error.h"
#include "json.h"

#include <stdint.h>

#define TENSOR_RANK_MAX 8

enum tensor_type { TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_OTHER };

struct tensor {
    const char *name; /* in the header's JSON; may contain NUL */
    uint32_t name_length;
    enum tensor_type type;
    uint32_t rank;
    uint64_t shape[TENSOR_RANK_MAX];
    uint64_t begin, end; /* byte offsets into the data */
    const uint8_t *data; /* in the file: any alignment */
};

struct safetensors {
    struct json_document header;
    struct tensor *tensors; /* sorted by name */
    uint32_t count;
};

/* Read the header. Tensors point into `bytes`, which must stay. Nothing is left on failure. */
bool safetensors_parse(struct safetensors *file, const uint8_t *bytes, size_t size, struct error *error);
void safetensors_free(struct safetensors *file);

const struct tensor *safetensors_find(const struct safetensors *file, const char *name);
