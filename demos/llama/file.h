/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file, mapped read-only: weights are used where they lie, nothing is copied. */
#pragma once
#include "error.h"

#include <stdint.h>

struct file {
    const uint8_t *bytes;
    size_t size; /* never 0 after file_map() */
};

bool file_map(struct file *file, const char *path, struct error *error);
void file_unmap(struct file *file);

/* "directory/name" in new memory that the caller frees. */
char *path_join(const char *directory, const char *name);
