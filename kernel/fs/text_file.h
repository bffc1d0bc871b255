/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose text is made when it is read, piece by piece: /proc.
 *
 * A reader sees each piece as it was when the reader came to it, whole, however small its reads are. Going
 * back, or to a place further on, makes the pieces before it again. */
#pragma once
#include "fs/file.h"

/* A piece under construction. */
struct text {
    char *bytes;
    size_t used, capacity;
    bool is_short; /* memory was out; what was added since is lost */
};

/* Room for so many bytes more, to be written at bytes + used; NULL when memory is out. */
char *text_reserve(struct text *text, size_t bytes);
void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* "Name:    12345678 kB", the line that most of these files are made of; `name` is padded to 16. */
void text_add_kib(struct text *text, const char *name, uint64_t bytes);

struct text_source {
    /* Adds the piece that `*cursor` stands for, 0 at first, and moves the cursor on; adds nothing at the
     * end. Sleeping is fine. */
    void (*write)(struct text *text, uint64_t *cursor);
};

/* On a regular vnode with MAGIC_TEXT; the context is made by the first read. */
extern const struct file_ops text_file_ops;
