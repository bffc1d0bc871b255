/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON: what is accepted must be a tree whose spans fit into each other. */
#include "json.h"

#include <stdlib.h>

static void check_node(const struct json *node, const struct json *end)
{
    if (node >= end || node->span == 0 || node->span > (size_t)(end - node)) abort();
    if (node->type == JSON_STRING && node->string[node->length] != 0) abort();
    if (node->type != JSON_ARRAY && node->type != JSON_OBJECT) return;
    uint32_t count = 0;
    JSON_FOR_EACH(child, node)
    {
        check_node(child, node + node->span);
        if (node->type == JSON_OBJECT) check_node(child + 1, node + node->span);
        count++;
    }
    if (count != node->length) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_document document;
    struct error error;
    if (!json_parse(&document, (const char *)data, size, &error)) return 0;
    check_node(document.root, document.root + document.count);
    json_free(&document);
    return 0;
}
