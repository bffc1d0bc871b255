/* SPDX-License-Identifier: Apache-2.0 */
/* Between heap.c, which hands out raw blocks, and heap_debug.c, which dresses them in debug builds. */
#pragma once
#include "lib/base.h"

/* Raw blocks: what heap_alloc and heap_free are without dress. */
void *heap_raw_alloc(size_t bytes);
void heap_raw_free(void *raw);
size_t heap_raw_capacity(const void *raw);

enum {
    HEAP_DRESS_FRONT = 80, /* bytes before the caller's: record and red zone */
    HEAP_DRESS_BACK = 16,  /* red zone after them */
};

void heap_dress_init(void);
/* Turns a raw block with room for the dress into the caller's block. NULL stays NULL. */
void *heap_dress(void *raw, size_t bytes, const void *owner);
/* Checks the caller's block, marks it free and gives the raw one back. */
void *heap_undress(void *block, const void *caller);
/* The size the caller asked for, after the same checks. */
size_t heap_dressed_bytes(const void *block, const void *caller);
