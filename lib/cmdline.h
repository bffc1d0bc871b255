/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's command line.
 *
 *   log=info memory=256M "env=GREETING=hello world" quiet -- /bin/program first "second one"
 *
 * Words are separated by white space. Options are `key=value` or a bare `key`; behind a bare `--`
 * follow the program and its arguments. A part of a word in "double quotes" may hold white space.
 * A backslash, inside quotes or outside, takes the next character as it is, except \n, \t and \xHH;
 * so every byte but NUL can be passed. Nothing is copied or changed until a value is decoded.
 *
 * Quotes may stand anywhere in a word: boot loaders put them around whole words on their own. */
#pragma once
#include "lib/base.h"

/* Encoded text up to the end of its word; what cmdline_decode() takes. */
struct cmdline_text {
    const char *at;
    bool in_quotes;
};

/* Names what is malformed: an open quote, a backslash at the end, a bad or NUL \xHH.
 * The other functions are safe on such a line, but their results are not meaningful. */
err_t cmdline_check(const char *cmdline, const char **why);

/* The value of an option in front of `--`; the last one counts, so that appending overrides. A bare
 * `key` has the empty value. */
bool cmdline_find(const char *cmdline, const char *key, struct cmdline_text *value);

/* Decodes to a terminated string; *length (may be NULL) is without the NUL.
 * ERR_RANGE, does not fit; ERR_INVALID, malformed: `out` is then the empty string. */
err_t cmdline_decode(struct cmdline_text text, char *out, size_t capacity, size_t *length);

bool cmdline_has(const char *cmdline, const char *key);
/* ERR_NOT_FOUND and those of cmdline_decode(); `out` is then the empty string. */
err_t cmdline_string(const char *cmdline, const char *key, char *out, size_t capacity);
/* ERR_NOT_FOUND and those of cmdline_decode() and cmdline_parse_number(); *out is then as it was. */
err_t cmdline_number(const char *cmdline, const char *key, uint64_t *out);

/* Decimal or 0x hexadecimal, then nothing or one of K, M, G, T (powers of 1024, either case).
 * ERR_INVALID, not a number; ERR_OVERFLOW, does not fit 64 bits. */
err_t cmdline_parse_number(const char *text, uint64_t *out);

/* One word after the other: of the options, or of the program and its arguments. */
struct cmdline_words {
    const char *at;
    bool is_program;
};
struct cmdline_words cmdline_options(const char *cmdline);
/* Without a `--` there are no words. */
struct cmdline_words cmdline_program(const char *cmdline);
/* The same from where a walk over the options has got to, mostly their end. */
struct cmdline_words cmdline_program_after(struct cmdline_words options);
bool cmdline_next(struct cmdline_words *words, struct cmdline_text *word);
/* True when the word is `key` or begins with `key=`; *value is what follows. */
bool cmdline_option_is(struct cmdline_text word, const char *key, struct cmdline_text *value);

/* The encoder: `word` so that it decodes to itself, as printable ASCII. Terminated like
 * format_string(): returns the bytes of the whole result, which is cut when they do not fit. */
size_t cmdline_quote(char *out, size_t capacity, const char *word);
