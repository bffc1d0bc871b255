/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/option_cursor.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"

void string_list_add(struct string_list *list, const char *text)
{
    list->items = must_realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = must_copy_string(text);
}

void string_list_free(struct string_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
    *list = (struct string_list){ 0 };
}

const char *option_next(struct option_cursor *c)
{
    if (c->at >= c->count) return NULL;
    const char *word = c->arguments[c->at];
    if (word[0] != '-' || word[1] == '\0') return NULL;
    c->at++;
    if (strcmp(word, "--") == 0) return NULL;

    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    c->attached = equals ? equals + 1 : NULL;
    static char name[64];
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    length = MIN(length, sizeof name - 1);
    memcpy(name, word, length);
    name[length] = '\0';
    c->name = name;
    return name;
}

const char *option_value(struct option_cursor *c)
{
    const char *value = c->attached;
    c->attached = NULL;
    if (!value && c->at < c->count) value = c->arguments[c->at++];
    if (!value) report("%s needs a value; see ck --help", c->name);
    return value;
}

bool option_done(const struct option_cursor *c)
{
    if (c->attached) report("%s takes no value", c->name);
    return !c->attached;
}

bool parse_digits(const char *text, uint64_t *out_value, const char **out_rest)
{
    if (*text < '0' || *text > '9') return false;
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) return false;
    }
    *out_value = value;
    *out_rest = text;
    return true;
}

bool split_words(const char *text, struct string_list *out)
{
    char *word = must_calloc(strlen(text) + 1);
    size_t length = 0;
    bool has_word = false;
    char quote = '\0';
    for (; *text; text++) {
        bool is_blank = *text == ' ' || *text == '\t' || *text == '\n';
        if (!quote && is_blank) {
            if (has_word) string_list_add(out, word);
            memset(word, 0, length);
            length = 0;
            has_word = false;
            continue;
        }
        has_word = true;
        if (*text == quote)
            quote = '\0';
        else if (!quote && (*text == '"' || *text == '\''))
            quote = *text;
        else if (*text == '\\' && quote != '\'' && text[1])
            word[length++] = *++text;
        else
            word[length++] = *text;
    }
    if (has_word) string_list_add(out, word);
    free(word);
    return quote == '\0';
}
