/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text without a C library: %d %i %u %x %X %o %c %s %p %%, the lengths hh h l ll z t j,
 * width and precision (also `*`) and the flags 0 - + # and space. Anything else is copied as it stands. */
#pragma once
#include "lib/base.h"

#include <stdarg.h>

/* Where the text goes, piece by piece; pieces are not terminated and never empty. */
struct format_sink {
    void (*put)(struct format_sink *sink, const char *text, size_t bytes);
};

/* All return the bytes of the whole text. */
size_t format_sink(struct format_sink *sink, const char *format, ...) PRINTF_LIKE(2, 3);
size_t format_sink_va(struct format_sink *sink, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* A text that does not fit is cut; the result is terminated unless `capacity` is 0. */
size_t format_string(char *out, size_t capacity, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_string_va(char *out, size_t capacity, const char *format, va_list args) PRINTF_LIKE(3, 0);
