/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose text is made when it is read, piece by piece: /proc.
 *
 * A reader sees each piece as it was when the reader came to it, whole, however small its reads are. Going
 * back, or to a place further on, makes the pieces before it again. */
#pragma once
#include "fs/file.h"
#include "fs/made.h"

/* A piece under construction. */
struct text {
    char *bytes;
    size_t used, capacity;
    bool is_short;                /* memory was out; what was added since is lost */
    err_t error;                  /* why there is no more */
    const struct made_node *node; /* whose text it is */
};

/* Room for so many bytes more, to be written at bytes + used; NULL when memory is out. */
char *text_reserve(struct text *text, size_t bytes);
void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* "Name:    12345678 kB", the line that most of these files are made of; `name` is padded to 16. */
void text_add_kib(struct text *text, const char *name, uint64_t bytes);

/* The numbers of the set's bits, such as "0-3,8". */
void text_add_set(struct text *text, uint64_t set);

struct text_source {
    /* Adds the piece that `*cursor` stands for, 0 at first, and moves the cursor on; adds nothing at the
     * end. Sleeping is fine. */
    void (*write)(struct text *text, uint64_t *cursor);
    /* Takes what was written, `bytes` and a NUL, at most TEXT_STORE_MAX. NULL: it is not for writing. */
    err_t (*store)(const struct made_node *node, const char *bytes, size_t count);
    /* Asked before it is opened; NULL: anybody may. */
    err_t (*open)(const struct made_node *node, uint32_t flags);
};
enum { TEXT_STORE_MAX = PAGE_BYTES - 1 };

/* What was written as a number, surrounded by white space. INVALID. */
err_t text_parse_number(const char *bytes, uint64_t most, uint64_t *out);

/* A constant: the row's argument is the text. */
extern const struct text_source text_constant;
/* A line with the number that the row's argument, a uint64_t (*)(void), tells. */
extern const struct text_source text_number;
/* A line with the number at the row's argument, a uint32_t *, which root may set up to INT32_MAX; atomic. */
extern const struct text_source text_limit;

/* On a regular vnode of kind MADE_TEXT (fs/made.h); the context is made by the first read. */
extern const struct file_ops text_file_ops;
