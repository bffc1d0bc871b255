/* SPDX-License-Identifier: Apache-2.0 */
/* One line of text about what went wrong: written where it is noticed, printed by main(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct error {
    char text[320];
};

/* Set the text. Always false, so that a parser can say `return fail(error, ...)`. */
bool fail(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put the name of the file in front of the text. Always false. */
bool fail_in(struct error *error, const char *path);

/* Zeroed memory for `count` things of `bytes` each. Ends the program when there is none: this
 * program has one task, and nothing useful is left to do without its memory. */
void *allocate(size_t count, size_t bytes);

/* The same for an array that grows; what is added is not zeroed. */
void *reallocate(void *old, size_t count, size_t bytes);
