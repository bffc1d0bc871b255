/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

void text_append(struct text *text, const char *bytes, size_t length)
{
    if (length == 0) return;
    if (text->capacity - text->length < length) {
        text->capacity = 2 * text->capacity + length;
        text->bytes = reallocate(text->bytes, text->capacity, 1);
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){ 0 };
}
