/* SPDX-License-Identifier: Apache-2.0 */
/* A strict JSON reader [rfc8259]: no comments, no trailing commas, valid UTF-8 only.
 *
 * A document is one array of nodes in the order of the text. A container is followed by what it
 * contains, and `span` counts both, so node + 1 is the first child and node + span the next
 * sibling. An object's children alternate: name, value, name, value. */
#pragma once
#include "error.h"

#include <stdint.h>

#define JSON_DEPTH_MAX 64                  /* real files need 8; the parser recurses */
#define JSON_BYTES_MAX ((size_t)256 << 20) /* the largest tokenizer.json in use has 33 MB */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    uint32_t span;   /* nodes in this value, itself included */
    uint32_t length; /* bytes of a string; elements or members of a container */
    union {
        double number;
        const char *string; /* decoded, NUL-terminated, may contain NUL too */
    };
};

struct json_document {
    struct json *root;
    char *strings;
    uint32_t count, capacity;
};

/* Read all of `text`. On failure nothing is left behind. */
bool json_parse(struct json_document *document, const char *text, size_t size, struct error *error);
void json_free(struct json_document *document);

/* The member of that name (the first one), or NULL; NULL too when `object` is NULL or no object. */
const struct json *json_get(const struct json *object, const char *name);

/* Whether the node is there and is a string equal to `text`. */
bool json_is(const struct json *node, const char *text);

/* Whether there is no node or it is null: optional fields are written both ways. */
static inline bool json_is_absent(const struct json *node) { return !node || node->type == JSON_NULL; }

/* The node as an integer from 0 to `max`, exactly; false when it is anything else. */
bool json_integer(const struct json *node, uint64_t max, uint64_t *out_value);

/* for (child of container), where a child of an object is its name and child + 1 its value. */
#define JSON_FOR_EACH(child, container)                                                              \
    for (const struct json *child = (container) + 1, *child##_end = (container) + (container)->span; \
         child < child##_end; child = json_next(container, child))

static inline const struct json *json_next(const struct json *container, const struct json *child)
{
    const struct json *value = container->type == JSON_OBJECT ? child + 1 : child;
    return value + value->span;
}
