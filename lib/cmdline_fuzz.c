/* SPDX-License-Identifier: Apache-2.0 */
/* Twice over the same bytes: as a command line, of which everything must hang together, and as a list
 * of words, which must survive being quoted and taken apart again. */
#include "lib/cmdline.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct cmdline_words words, const char *line, char *out, size_t capacity, bool is_good)
{
    struct cmdline_text word, value;
    const char *before = line, *end = line + strlen(line);
    while (cmdline_next(&words, &word)) {
        ASSERT(words.at > before && words.at <= end);
        before = words.at;
        size_t length;
        err_t e = cmdline_decode(word, out, capacity, &length);
        ASSERT(!is_good || !failed(e));
        if (failed(e)) continue;
        ASSERT(strlen(out) == length && length <= (size_t)(end - word.at));
        char *equals = strchr(out, '=');
        if (equals) *equals = 0;
        ASSERT(cmdline_option_is(word, out, &value));
    }
}

static void take_apart(const char *line, size_t size)
{
    char *out = malloc(size + 1);
    const char *why = NULL;
    uint64_t number;
    err_t e = cmdline_check(line, &why);
    ASSERT(!failed(e) || why);
    walk(cmdline_options(line), line, out, size + 1, !failed(e));
    walk(cmdline_program(line), line, out, size + 1, !failed(e));
    e = cmdline_number(line, "a", &number);
    ASSERT(!failed(e) || e.code != ERR_NO_MEMORY.code);
    e = cmdline_string(line, "a", out, size + 1);
    ASSERT(cmdline_has(line, "a") == (e.code != ERR_NOT_FOUND.code));
    free(out);
}

/* `words` are NUL-terminated, one after the other. */
static void round_trip(const char *words, size_t size)
{
    size_t capacity = 5 * size + 64, used = 3, count = 0;
    char *line = malloc(capacity), *out = malloc(size + 1);
    const char *why;
    memcpy(line, " --", 4);
    for (const char *word = words; word < words + size; word += strlen(word) + 1, count++) {
        line[used++] = ' ';
        used += cmdline_quote(line + used, capacity - used, word);
        ASSERT(used < capacity);
    }
    ASSERT(!failed(cmdline_check(line, &why)));
    for (const char *at = line; *at; at++) ASSERT(*at >= ' ' && *at < 0x7f);
    struct cmdline_words reader = cmdline_program(line);
    struct cmdline_text text;
    for (const char *word = words; word < words + size; word += strlen(word) + 1) {
        ASSERT(cmdline_next(&reader, &text));
        ASSERT(!failed(cmdline_decode(text, out, size + 1, NULL)));
        ASSERT(strcmp(out, word) == 0);
    }
    ASSERT(!cmdline_next(&reader, &text));
    free(line);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    take_apart(text, size);
    round_trip(text, size + 1);
    free(text);
    return 0;
}
