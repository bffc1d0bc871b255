/* SPDX-License-Identifier: Apache-2.0 */
/* A run of bytes that grows. Zeroed is empty. */
#pragma once
#include "error.h"

struct text {
    char *bytes;
    size_t length, capacity;
};

void text_append(struct text *text, const char *bytes, size_t length);
void text_free(struct text *text);
