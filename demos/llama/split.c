/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"

#include "unicode.h"

#include <string.h>

#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define LLAMA3_HEAD  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
#define LLAMA3_TAIL  "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define METASPACE    0x2581

bool split_recognise(const char *pattern, size_t length, enum split_kind *out_kind)
{
    static const struct {
        const char *text;
        enum split_kind kind;
    } known[] = { { GPT2_PATTERN, SPLIT_GPT2 },
                  { LLAMA3_HEAD "\\p{N}{1,3}" LLAMA3_TAIL, SPLIT_LLAMA3 },
                  { LLAMA3_HEAD "\\p{N}" LLAMA3_TAIL, SPLIT_QWEN2 } };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strlen(known[i].text) != length || memcmp(known[i].text, pattern, length) != 0) continue;
        *out_kind = known[i].kind;
        return true;
    }
    return false;
}

enum class { LETTER = 1, NUMBER = 2, SPACE = 4, OTHER = 8, END = 16 };

/* The character at an offset, its class and its size; class END after the last one. */
struct character {
    uint32_t code;
    size_t size;
    enum class class;
};

static struct character look(const char *text, size_t length, size_t at)
{
    struct character c = { .class = END };
    if (at >= length) return c;
    c.size = utf8_decode(text + at, length - at, &c.code);
    if (c.size == 0) c.size = 1; /* not UTF-8: callers have checked */
    c.class = unicode_is_letter(c.code)       ? LETTER
              : unicode_is_number(c.code)     ? NUMBER
              : unicode_is_whitespace(c.code) ? SPACE
                                              : OTHER;
    return c;
}

/* Where the run of characters of these classes ends, at most `max` of them. */
static size_t skip(const char *text, size_t length, size_t at, unsigned classes, size_t max)
{
    for (struct character c; max > 0; max--, at += c.size) {
        c = look(text, length, at);
        if (!(c.class & classes)) break;
    }
    return at;
}

/* Letters of a contraction, without case when asked; U+017F, the long s, folds to s. */
static bool is_letter_of(struct character c, char letter, bool any_case)
{
    if (c.code == (uint32_t)letter) return true;
    return any_case && (c.code == (uint32_t)(letter - 32) || (letter == 's' && c.code == 0x17f));
}

/* 's 't 're 've 'm 'll 'd: its bytes, or 0. */
static size_t match_contraction(const char *text, size_t length, bool any_case)
{
    static const char *const endings[] = { "s", "t", "re", "ve", "m", "ll", "d" };
    if (text[0] != '\'') return 0;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t at = 1;
        const char *letter = endings[i];
        for (; *letter; letter++) {
            struct character c = look(text, length, at);
            if (c.class != LETTER || !is_letter_of(c, *letter, any_case)) break;
            at += c.size;
        }
        if (!*letter) return at;
    }
    return 0;
}

/* \s+(?!\S)|\s+ : a run of space leaves its last character to the word that follows. */
static size_t match_space(const char *text, size_t length)
{
    size_t end = skip(text, length, 0, SPACE, SIZE_MAX), last = 0;
    if (end == length) return end;
    for (size_t at = 0; at < end; at += look(text, length, at).size) last = at;
    return last ? last : end;
}

static size_t match_gpt2(const char *text, size_t length)
{
    size_t matched = match_contraction(text, length, false);
    if (matched) return matched;
    size_t first = text[0] == ' ' ? 1 : 0;
    struct character c = look(text, length, first);
    if (c.class & (LETTER | NUMBER | OTHER)) return skip(text, length, first, c.class, SIZE_MAX);
    return match_space(text, length);
}

static bool is_newline(uint32_t code) { return code == '\r' || code == '\n'; }

/* \s*[\r\n]+ : through the last newline of a run of space; 0 when it has none. */
static size_t match_lines(const char *text, size_t length)
{
    size_t end = 0;
    struct character c;
    for (size_t at = 0;; at += c.size) {
        c = look(text, length, at);
        if (c.class != SPACE) return end;
        if (is_newline(c.code)) end = at + c.size;
    }
}

static size_t match_llama3(const char *text, size_t length, size_t digits)
{
    size_t matched = match_contraction(text, length, true);
    if (matched) return matched;

    struct character first = look(text, length, 0), second = look(text, length, first.size);
    if (first.class == LETTER) return skip(text, length, 0, LETTER, SIZE_MAX);
    if (first.class != NUMBER && !is_newline(first.code) && second.class == LETTER)
        return skip(text, length, first.size, LETTER, SIZE_MAX);
    if (first.class == NUMBER) return skip(text, length, 0, NUMBER, digits);
    if (first.class == OTHER || (first.code == ' ' && second.class == OTHER)) {
        size_t end = skip(text, length, first.size, OTHER, SIZE_MAX);
        while (end < length && is_newline((unsigned char)text[end])) end++;
        return end;
    }
    matched = match_lines(text, length);
    return matched ? matched : match_space(text, length);
}

/* Through the last character before the next U+2581. */
static size_t match_metaspace(const char *text, size_t length)
{
    size_t at = look(text, length, 0).size;
    for (struct character c; at < length; at += c.size) {
        c = look(text, length, at);
        if (c.code == METASPACE) break;
    }
    return at;
}

static size_t match_numbers(const char *text, size_t length, size_t digits)
{
    size_t end = skip(text, length, 0, NUMBER, digits);
    return end ? end : skip(text, length, 0, LETTER | SPACE | OTHER, SIZE_MAX);
}

size_t split_next(enum split_kind kind, const char *text, size_t length)
{
    switch (kind) {
    case SPLIT_GPT2: return match_gpt2(text, length);
    case SPLIT_LLAMA3: return match_llama3(text, length, 3);
    case SPLIT_QWEN2: return match_llama3(text, length, 1);
    case SPLIT_DIGITS: return match_numbers(text, length, 1);
    case SPLIT_NUMBERS: return match_numbers(text, length, SIZE_MAX);
    case SPLIT_METASPACE: return match_metaspace(text, length);
    }
    return length;
}
