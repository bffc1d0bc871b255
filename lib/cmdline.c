/* SPDX-License-Identifier: Apache-2.0 */
/* All reading goes through next_byte(), a decoder with two states, inside quotes and outside. */
#include "lib/cmdline.h"

#include "lib/string.h"

enum {
    WORD_END = -1,
    BAD_QUOTE = -2,
    BAD_BACKSLASH = -3,
    BAD_HEX = -4,
    BAD_NUL = -5,
};

enum { ORDINARY, WHITE, SPECIAL, END };

/* One look per byte: the line is read many times on the way to the first program. */
static const uint8_t class_of[256] = {
    ['\0'] = END,   [' '] = WHITE,  ['\t'] = WHITE,  ['\n'] = WHITE,   ['\v'] = WHITE,
    ['\f'] = WHITE, ['\r'] = WHITE, ['"'] = SPECIAL, ['\\'] = SPECIAL,
};

static bool is_white(char c) { return class_of[(uint8_t)c] == WHITE; }

static const char *skip_ordinary(const char *at)
{
    while (class_of[(uint8_t)*at] == ORDINARY) at++;
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `text->at` is behind the backslash. */
static int next_escaped(struct cmdline_text *text)
{
    char c = *text->at;
    if (c == '\0') return BAD_BACKSLASH;
    text->at++;
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c != 'x') return (uint8_t)c;
    int high = hex_digit(text->at[0]);
    int low = high < 0 ? -1 : hex_digit(text->at[1]);
    if (low < 0) return BAD_HEX;
    text->at += 2;
    return high | low ? high << 4 | low : BAD_NUL;
}

/* The next decoded byte of the word, or a negative reason; at WORD_END `at` is the separator. */
static int next_byte(struct cmdline_text *text)
{
    for (;;) {
        char c = *text->at;
        if (c == '\0') return text->in_quotes ? BAD_QUOTE : WORD_END;
        if (!text->in_quotes && is_white(c)) return WORD_END;
        text->at++;
        if (c == '\\') return next_escaped(text);
        if (c != '"') return (uint8_t)c;
        text->in_quotes = !text->in_quotes;
    }
}

static const char *skip_white(const char *at)
{
    while (is_white(*at)) at++;
    return at;
}

/* Past the end of a word; malformed escapes are stepped over. */
static const char *skip_word(struct cmdline_text text)
{
    if (!text.in_quotes) {
        text.at = skip_ordinary(text.at);
        if (class_of[(uint8_t)*text.at] != SPECIAL) return text.at; /* most words */
    }
    for (;;) {
        int byte = next_byte(&text);
        if (byte == WORD_END || byte == BAD_QUOTE || byte == BAD_BACKSLASH) return text.at;
    }
}

static bool is_separator(const char *word)
{
    return word[0] == '-' && word[1] == '-' && (word[2] == '\0' || is_white(word[2]));
}

struct cmdline_words cmdline_options(const char *cmdline) { return (struct cmdline_words){ cmdline, false }; }

struct cmdline_words cmdline_program(const char *cmdline)
{
    return cmdline_program_after(cmdline_options(cmdline));
}

struct cmdline_words cmdline_program_after(struct cmdline_words words)
{
    struct cmdline_text word;
    while (cmdline_next(&words, &word)) {}
    words.is_program = true;
    if (*words.at) words.at += 2; /* the separator itself */
    return words;
}

bool cmdline_next(struct cmdline_words *words, struct cmdline_text *word)
{
    words->at = skip_white(words->at);
    if (*words->at == '\0') return false;
    if (!words->is_program && is_separator(words->at)) return false;
    *word = (struct cmdline_text){ words->at, false };
    words->at = skip_word(*word);
    return true;
}

bool cmdline_option_is(struct cmdline_text word, const char *key, struct cmdline_text *value)
{
    bool is_special = word.in_quotes || class_of[(uint8_t)*word.at] == SPECIAL;
    if (!is_special && *key && *word.at != *key) return false; /* most words */
    for (; *key; key++) {
        if (next_byte(&word) != (uint8_t)*key) return false;
    }
    *value = word;
    int byte = next_byte(&word);
    if (byte == '=') *value = word;
    return byte == '=' || byte == WORD_END;
}

bool cmdline_find(const char *cmdline, const char *key, struct cmdline_text *value)
{
    struct cmdline_words words = cmdline_options(cmdline);
    struct cmdline_text word, candidate;
    bool found = false;
    while (cmdline_next(&words, &word)) {
        if (!cmdline_option_is(word, key, &candidate)) continue;
        *value = candidate;
        found = true;
    }
    return found;
}

bool cmdline_has(const char *cmdline, const char *key)
{
    struct cmdline_text value;
    return cmdline_find(cmdline, key, &value);
}

err_t cmdline_decode(struct cmdline_text text, char *out, size_t capacity, size_t *length)
{
    const char *end = skip_ordinary(text.at);
    size_t used = (size_t)(end - text.at);
    if (!text.in_quotes && class_of[(uint8_t)*end] != SPECIAL && used < capacity) { /* most words */
        memcpy(out, text.at, used);
        out[used] = '\0';
        if (length) *length = used;
        return OK;
    }
    for (used = 0;;) {
        int byte = next_byte(&text);
        if (byte >= 0 && used + 1 < capacity) {
            out[used++] = (char)byte;
            continue;
        }
        bool good = byte == WORD_END && capacity > 0;
        if (!good) used = 0;
        if (capacity > 0) out[used] = '\0';
        if (length) *length = used;
        return good ? OK : byte < WORD_END ? ERR_INVALID : ERR_RANGE;
    }
}

err_t cmdline_string(const char *cmdline, const char *key, char *out, size_t capacity)
{
    struct cmdline_text value;
    if (cmdline_find(cmdline, key, &value)) return cmdline_decode(value, out, capacity, NULL);
    if (capacity > 0) out[0] = '\0';
    return ERR_NOT_FOUND;
}

/* The power of 1024 that a suffix stands for; -1 for another character. */
static int suffix_shift(char c)
{
    switch (c) {
    case '\0': return 0;
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
    case 't':
    case 'T': return 40;
    default: return -1;
    }
}

err_t cmdline_parse_number(const char *text, uint64_t *out)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    int base = is_hex ? 16 : 10;
    uint64_t value = 0;
    bool overflow = false;
    const char *first = text + (is_hex ? 2 : 0), *at = first;
    for (;; at++) {
        int digit = hex_digit(*at);
        if (digit < 0 || digit >= base) break;
        overflow |= __builtin_mul_overflow(value, (uint64_t)base, &value);
        overflow |= add_overflows(value, (uint64_t)digit, &value);
    }
    int shift = suffix_shift(*at);
    if (at == first || shift < 0 || (*at && at[1])) return ERR_INVALID;
    if (overflow || value > UINT64_MAX >> shift) return ERR_OVERFLOW;
    *out = value << shift;
    return OK;
}

err_t cmdline_number(const char *cmdline, const char *key, uint64_t *out)
{
    char text[32]; /* longer than any number that fits, leading zeros aside */
    err_t e = cmdline_string(cmdline, key, text, sizeof text);
    return failed(e) ? e : cmdline_parse_number(text, out);
}

/* Nothing but quotes and backslashes can be malformed, and most lines have none. */
static bool is_plain_line(const char *at)
{
    for (;; at++) {
        at = skip_ordinary(at);
        if (class_of[(uint8_t)*at] != WHITE) return *at == '\0';
    }
}

err_t cmdline_check(const char *cmdline, const char **why)
{
    if (is_plain_line(cmdline)) return OK;
    struct cmdline_text text = { cmdline, false };
    for (;;) {
        int byte = next_byte(&text);
        switch (byte) {
        case BAD_QUOTE: *why = "a quote on the command line is not closed"; return ERR_INVALID;
        case BAD_BACKSLASH: *why = "the command line ends in a backslash"; return ERR_INVALID;
        case BAD_HEX: *why = "a \\x on the command line lacks its two hexadecimal digits"; return ERR_INVALID;
        case BAD_NUL: *why = "the command line holds a \\x00"; return ERR_INVALID;
        case WORD_END:
            text.at = skip_white(text.at);
            if (*text.at == '\0') return OK;
        }
    }
}

struct quoting {
    char *out;
    size_t capacity, bytes;
};

static void emit(struct quoting *q, char c)
{
    if (q->bytes + 1 < q->capacity) q->out[q->bytes] = c;
    q->bytes++;
}

static bool is_plain(char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '\'' && c != '$' && c != '`';
}

size_t cmdline_quote(char *out, size_t capacity, const char *word)
{
    struct quoting q = { out, capacity, 0 };
    bool plain = *word != '\0' && !is_separator(word);
    for (const char *at = word; *at && plain; at++) plain = is_plain(*at);

    if (!plain) emit(&q, '"');
    for (const char *at = word; *at; at++) {
        uint8_t c = (uint8_t)*at;
        if (c == '"' || c == '\\') emit(&q, '\\');
        if (c >= ' ' && c < 0x7f) {
            emit(&q, *at);
        } else {
            emit(&q, '\\');
            emit(&q, 'x');
            emit(&q, "0123456789abcdef"[c >> 4]);
            emit(&q, "0123456789abcdef"[c & 15]);
        }
    }
    if (!plain) emit(&q, '"');
    if (capacity > 0) out[MIN(q.bytes, capacity - 1)] = '\0';
    return q.bytes;
}
