/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command line, one option after the other, and the numbers in them. */
#pragma once
#include "lib/base.h"

struct string_list {
    char **items; /* owned, and each of them */
    size_t count;
};

void string_list_add(struct string_list *list, const char *text);
void string_list_free(struct string_list *list);

/* Words as a shell cuts them: blanks, quotes and backslashes. False: a quote is left open. */
bool split_words(const char *text, struct string_list *out);

/* Digits at the front of `text`; *out_rest is what follows them. False: none, or too many for a number. */
bool parse_digits(const char *text, uint64_t *out_value, const char **out_rest);

/* One option out of an argument list, as --name, --name VALUE or --name=VALUE. */
struct option_cursor {
    int count;
    char *const *arguments;
    int at;
    const char *attached; /* after '=', until it is used */
    const char *name;     /* of the option being looked at, for messages */
};
/* The next option's name without '='; NULL at the first word that is none, or after "--". */
const char *option_next(struct option_cursor *cursor);
/* The value of the current option; NULL: reported as missing. */
const char *option_value(struct option_cursor *cursor);
/* False: the option was given a value it does not take; reported. */
bool option_done(const struct option_cursor *cursor);
