/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names from a hostile file end up in the text: none of them may drive the terminal. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
    }
}

bool fail(struct error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    make_printable(error->text);
    return false;
}

bool fail_in(struct error *error, const char *path)
{
    struct error inner = *error;
    return fail(error, "%.200s: %.110s", path, inner.text);
}

static void *check_memory(void *memory, size_t count, size_t bytes)
{
    if (memory || count == 0 || bytes == 0) return memory;
    fprintf(stderr, "llama: out of memory: %zu x %zu bytes wanted\n", count, bytes);
    exit(1);
}

void *allocate(size_t count, size_t bytes) { return check_memory(calloc(count, bytes), count, bytes); }

void *reallocate(void *old, size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes) return check_memory(NULL, count, bytes);
    return check_memory(realloc(old, count * bytes), count, bytes);
}
