/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is about to run, program, interpreter or script: opened, allowed to, and its bytes in one piece.
 * Nobody can write it before it is closed. Threads only. */
#pragma once
#include "process/exec.h"

struct exec_file {
    struct file *file; /* counted; NULL: somebody else's now, or there was none */
    const uint8_t *bytes;
    size_t size;
    void *copy; /* of the bytes, when they do not lie in the archive in one piece */
};

/* `path` is looked up from the working directory. On failure nothing is open, and *why says more than the error. */
err_t exec_file_open(struct fs_context *fs, const char *path, bool must_be_file, struct exec_file *out,
                     const char **why);
void exec_file_close(struct exec_file *file);
