/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that ck reads and lets go again: a file of the user's, or what was packed in one, unpacked into a file that has
 * no name and lives in memory. */
#pragma once
#include <sys/stat.h>

#include "lib/base.h"

struct memory_file {
    int fd; /* -1: closed, or handed over */
    struct stat stat;
    uint8_t *bytes; /* mapped to be read; NULL for a folder and for an empty file */
    size_t count;
};

/* A file or a folder. On failure errno says why, or is 0 for something that is neither. */
bool memory_file_open(struct memory_file *m, const char *path);
void memory_file_close(struct memory_file *m);

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };
enum packing packing_of(const void *bytes, size_t count);

/* What is packed in `bytes`, which packing_of() has told. `name` is for messages. False: reported. */
bool memory_file_unpack(struct memory_file *out, const void *bytes, size_t count, const char *name);
