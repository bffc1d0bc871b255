/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a safetensors file: every tensor that is handed out must lie within them.
 *
 * An input without its length field would nearly always be refused at once, so the length is made
 * from the input's first two bytes. */
#include "safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors file;
    struct error error;
    volatile uint8_t sum = 0;
    if (size < 2) return 0;

    size_t bytes = size + 6;
    uint8_t *copy = calloc(bytes, 1); /* exactly as long: a step outside is seen */
    if (!copy) return 0;
    memcpy(copy, data, 2);
    memcpy(copy + 8, data + 2, size - 2);
    if (safetensors_parse(&file, copy, bytes, &error)) {
        for (uint32_t i = 0; i < file.count; i++) {
            const struct tensor *tensor = &file.tensors[i];
            if (safetensors_find(&file, tensor->name) == NULL && strlen(tensor->name) == tensor->name_length)
                abort();
            for (uint64_t at = 0; at < tensor->end - tensor->begin; at++) sum += tensor->data[at];
        }
        safetensors_free(&file);
    }
    free(copy);
    return 0;
}
