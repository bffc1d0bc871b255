/* SPDX-License-Identifier: Apache-2.0 */
#include "safetensors.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES     8
#define HEADER_BYTES_MAX 100000000u /* the limit of the reference implementation */

static const struct {
    const char *name;
    uint32_t bits;
    enum tensor_type type;
} types[] = {
    { "F32", 32, TENSOR_F32 },   { "F16", 16, TENSOR_F16 },      { "BF16", 16, TENSOR_BF16 },
    { "F64", 64, TENSOR_OTHER }, { "I64", 64, TENSOR_OTHER },    { "I32", 32, TENSOR_OTHER },
    { "I16", 16, TENSOR_OTHER }, { "I8", 8, TENSOR_OTHER },      { "U64", 64, TENSOR_OTHER },
    { "U32", 32, TENSOR_OTHER }, { "U16", 16, TENSOR_OTHER },    { "U8", 8, TENSOR_OTHER },
    { "BOOL", 8, TENSOR_OTHER }, { "F8_E4M3", 8, TENSOR_OTHER }, { "F8_E5M2", 8, TENSOR_OTHER },
};

/* A header's length is little-endian, whatever reads it. */
static uint64_t read_length(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

static bool parse_type(struct tensor *tensor, const struct json *node, uint32_t *out_bits)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!json_is(node, types[i].name)) continue;
        tensor->type = types[i].type;
        *out_bits = types[i].bits;
        return true;
    }
    return false;
}

/* The shape, and the bytes it takes; the product is checked at every step. */
static bool parse_shape(struct tensor *tensor, const struct json *node, uint64_t *bytes)
{
    if (!node || node->type != JSON_ARRAY || node->length > TENSOR_RANK_MAX) return false;
    JSON_FOR_EACH(dimension, node)
    {
        uint64_t *size = &tensor->shape[tensor->rank++];
        if (!json_integer(dimension, UINT64_MAX, size)) return false;
        if (__builtin_mul_overflow(*bytes, *size, bytes)) return false;
    }
    return true;
}

static bool parse_offsets(struct tensor *tensor, const struct json *node)
{
    return node && node->type == JSON_ARRAY && node->length == 2 &&
           json_integer(node + 1, UINT64_MAX, &tensor->begin) &&
           json_integer(node + 2, UINT64_MAX, &tensor->end) && tensor->begin <= tensor->end;
}

static bool parse_tensor(struct tensor *tensor, const struct json *name, struct error *error)
{
    const struct json *value = name + 1;
    uint32_t bits;
    *tensor = (struct tensor){ .name = name->string, .name_length = name->length };

    if (!parse_type(tensor, json_get(value, "dtype"), &bits))
        return fail(error, "tensor %.80s: missing or unknown dtype", tensor->name);
    uint64_t bytes = bits / 8;
    if (!parse_shape(tensor, json_get(value, "shape"), &bytes))
        return fail(error, "tensor %.80s: missing or impossible shape", tensor->name);
    if (!parse_offsets(tensor, json_get(value, "data_offsets")))
        return fail(error, "tensor %.80s: missing or impossible data_offsets", tensor->name);
    if (tensor->end - tensor->begin != bytes)
        return fail(error, "tensor %.80s: shape and data_offsets disagree", tensor->name);
    return true;
}

static int compare_begin(const void *a, const void *b)
{
    const struct tensor *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end; /* an empty one comes first */
}

static int compare_name(const void *a, const void *b)
{
    const struct tensor *left = a, *right = b;
    uint32_t shorter = left->name_length < right->name_length ? left->name_length : right->name_length;
    int order = memcmp(left->name, right->name, shorter);
    if (order) return order;
    return left->name_length < right->name_length ? -1 : left->name_length > right->name_length;
}

/* Each tensor begins where the one before ended, and the last ends with the file. */
static bool check_layout(struct safetensors *file, const uint8_t *data, uint64_t data_bytes,
                         struct error *error)
{
    uint64_t expected = 0;
    if (file->count) qsort(file->tensors, file->count, sizeof(struct tensor), compare_begin);
    for (uint32_t i = 0; i < file->count; i++) {
        struct tensor *tensor = &file->tensors[i];
        if (tensor->begin != expected)
            return fail(error, "tensor %.80s: overlaps another or leaves a hole", tensor->name);
        if (tensor->end > data_bytes)
            return fail(error, "tensor %.80s: ends %llu bytes after the file", tensor->name,
                        (unsigned long long)(tensor->end - data_bytes));
        tensor->data = data + tensor->begin;
        expected = tensor->end;
    }
    if (expected != data_bytes)
        return fail(error, "%llu bytes at the end belong to no tensor",
                    (unsigned long long)(data_bytes - expected));
    return true;
}

static bool check_names(struct safetensors *file, struct error *error)
{
    if (file->count) qsort(file->tensors, file->count, sizeof(struct tensor), compare_name);
    for (uint32_t i = 1; i < file->count; i++) {
        if (compare_name(&file->tensors[i - 1], &file->tensors[i]) == 0)
            return fail(error, "tensor %.80s: is there twice", file->tensors[i].name);
    }
    return true;
}

static bool parse_tensors(struct safetensors *file, struct error *error)
{
    const struct json *root = file->header.root;
    if (root->type != JSON_OBJECT) return fail(error, "the header is no JSON object");
    file->tensors = allocate(root->length, sizeof(struct tensor));
    JSON_FOR_EACH(name, root)
    {
        if (json_is(name, "__metadata__")) continue;
        if (!parse_tensor(&file->tensors[file->count], name, error)) return false;
        file->count++;
    }
    return true;
}

bool safetensors_parse(struct safetensors *file, const uint8_t *bytes, size_t size, struct error *error)
{
    *file = (struct safetensors){ 0 };
    if (size < LENGTH_BYTES) return fail(error, "too short for a safetensors header");
    uint64_t header_bytes = read_length(bytes);
    if (header_bytes > HEADER_BYTES_MAX || header_bytes > size - LENGTH_BYTES)
        return fail(error, "header of %llu bytes in a file of %zu", (unsigned long long)header_bytes, size);

    const uint8_t *header = bytes + LENGTH_BYTES, *data = header + header_bytes;
    if (!json_parse(&file->header, (const char *)header, header_bytes, error)) return false;
    if (parse_tensors(file, error) && check_layout(file, data, size - LENGTH_BYTES - header_bytes, error) &&
        check_names(file, error))
        return true;
    safetensors_free(file);
    return false;
}

void safetensors_free(struct safetensors *file)
{
    free(file->tensors);
    json_free(&file->header);
    *file = (struct safetensors){ 0 };
}

const struct tensor *safetensors_find(const struct safetensors *file, const char *name)
{
    struct tensor key = { .name = name, .name_length = (uint32_t)strlen(name) };
    if (!file->count) return NULL;
    return bsearch(&key, file->tensors, file->count, sizeof(key), compare_name);
}
