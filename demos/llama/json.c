/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_CHARACTERS_MAX 64

struct parser {
    const char *text, *at, *end;
    char *strings; /* decoded strings; never longer than the text they come from */
    struct json_document *document;
    struct error *error;
    int depth;
};

static bool parse_value(struct parser *p);

static bool wrong(struct parser *p, const char *what)
{
    return fail(p->error, "JSON, byte %zu: %s", (size_t)(p->at - p->text), what);
}

/* Nodes move when the array grows, so the parser holds indices and no pointers. */
static uint32_t node_add(struct parser *p, enum json_type type)
{
    struct json_document *d = p->document;
    if (d->count == d->capacity) {
        d->capacity = d->capacity ? d->capacity * 2 : 64;
        d->root = reallocate(d->root, d->capacity, sizeof(*d->root));
    }
    d->root[d->count] = (struct json){ .type = type, .span = 1 };
    return d->count++;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')) p->at++;
}

/* Skip space, then take the character if it is the next one. */
static bool take(struct parser *p, char character)
{
    skip_space(p);
    if (p->at == p->end || *p->at != character) return false;
    p->at++;
    return true;
}

static bool parse_word(struct parser *p, const char *word, enum json_type type)
{
    size_t length = strlen(word);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
        return wrong(p, "a value was expected");
    p->at += length;
    node_add(p, type);
    return true;
}

static size_t count_digits(struct parser *p)
{
    const char *first = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') p->at++;
    return (size_t)(p->at - first);
}

/* The grammar is checked here because strtod() accepts more (hex, inf, leading zeros). */
static bool parse_number(struct parser *p)
{
    char buffer[NUMBER_CHARACTERS_MAX + 1];
    const char *first = p->at;

    if (*p->at == '-') p->at++;
    bool zero = p->at < p->end && *p->at == '0';
    size_t digits = count_digits(p);
    if (digits == 0 || (zero && digits > 1)) return wrong(p, "not a number");
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        if (count_digits(p) == 0) return wrong(p, "digits expected after the point");
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        p->at++;
        if (p->at < p->end && (*p->at == '+' || *p->at == '-')) p->at++;
        if (count_digits(p) == 0) return wrong(p, "digits expected in the exponent");
    }
    size_t length = (size_t)(p->at - first);
    if (length > NUMBER_CHARACTERS_MAX) return wrong(p, "number too long");
    memcpy(buffer, first, length);
    buffer[length] = 0;

    double number = strtod(buffer, NULL);
    if (!isfinite(number)) return wrong(p, "number too large");
    uint32_t node = node_add(p, JSON_NUMBER);
    p->document->root[node].number = number;
    return true;
}

static bool parse_hex4(struct parser *p, uint32_t *out_value)
{
    uint32_t value = 0;
    if (p->end - p->at < 4) return wrong(p, "\\u needs four digits");
    for (int i = 0; i < 4; i++) {
        char c = *p->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return wrong(p, "\\u needs four hexadecimal digits");
        value = value << 4 | digit;
    }
    *out_value = value;
    return true;
}

/* \uXXXX, or a pair of them for what lies above U+FFFF; half a pair is no character. */
static bool parse_unicode_escape(struct parser *p)
{
    uint32_t code, low;
    if (!parse_hex4(p, &code)) return false;
    if (code >= 0xdc00 && code < 0xe000) return wrong(p, "half of a surrogate pair");
    if (code >= 0xd800 && code < 0xdc00) {
        if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
            return wrong(p, "half of a surrogate pair");
        p->at += 2;
        if (!parse_hex4(p, &low)) return false;
        if (low < 0xdc00 || low >= 0xe000) return wrong(p, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    p->strings += utf8_encode(p->strings, code);
    return true;
}

static bool parse_escape(struct parser *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) return wrong(p, "string without an end");
    char c = *p->at++;
    if (c == 'u') return parse_unicode_escape(p);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found) return wrong(p, "unknown escape");
    *p->strings++ = to[found - from];
    return true;
}

static bool parse_string(struct parser *p)
{
    char *first = p->strings;
    if (!take(p, '"')) return wrong(p, "a string was expected");
    for (;;) {
        if (p->at == p->end) return wrong(p, "string without an end");
        unsigned char c = (unsigned char)*p->at;
        uint32_t code;
        size_t length = 1;
        if (c >= 0x80) length = utf8_decode(p->at, (size_t)(p->end - p->at), &code);
        if (length == 0) return wrong(p, "not valid UTF-8");
        if (c < 0x20) return wrong(p, "control character in a string");

        if (c == '"' || c == '\\') {
            p->at++;
            if (c == '"') break;
            if (!parse_escape(p)) return false;
            continue;
        }
        memcpy(p->strings, p->at, length);
        p->strings += length;
        p->at += length;
    }
    uint32_t node = node_add(p, JSON_STRING);
    p->document->root[node].string = first;
    p->document->root[node].length = (uint32_t)(p->strings - first);
    *p->strings++ = 0; /* fits: the two quotes took two bytes of text */
    return true;
}

static bool parse_member(struct parser *p)
{
    if (!parse_string(p)) return false;
    if (!take(p, ':')) return wrong(p, "':' expected");
    return parse_value(p);
}

static bool parse_container(struct parser *p, enum json_type type)
{
    char close = type == JSON_OBJECT ? '}' : ']';
    uint32_t node = node_add(p, type), length = 0;

    if (++p->depth > JSON_DEPTH_MAX) return wrong(p, "nested too deeply");
    p->at++;
    if (!take(p, close)) {
        do {
            if (!(type == JSON_OBJECT ? parse_member(p) : parse_value(p))) return false;
            length++;
        } while (take(p, ','));
        if (!take(p, close)) return wrong(p, "',' or a closing bracket expected");
    }
    p->depth--;
    p->document->root[node].length = length;
    p->document->root[node].span = p->document->count - node;
    return true;
}

static bool parse_value(struct parser *p)
{
    skip_space(p);
    if (p->at == p->end) return wrong(p, "the text ends too early");
    switch (*p->at) {
    case '{': return parse_container(p, JSON_OBJECT);
    case '[': return parse_container(p, JSON_ARRAY);
    case '"': return parse_string(p);
    case 't': return parse_word(p, "true", JSON_TRUE);
    case 'f': return parse_word(p, "false", JSON_FALSE);
    case 'n': return parse_word(p, "null", JSON_NULL);
    default: return parse_number(p);
    }
}

static bool parse_document(struct parser *p)
{
    if (!parse_value(p)) return false;
    skip_space(p);
    return p->at == p->end || wrong(p, "something follows the value");
}

bool json_parse(struct json_document *document, const char *text, size_t size, struct error *error)
{
    *document = (struct json_document){ 0 };
    if (size > JSON_BYTES_MAX) return fail(error, "JSON of %zu bytes is too large", size);

    document->strings = allocate(size + 1, 1);
    struct parser p = { .text = text,
                        .at = text,
                        .end = text + size,
                        .document = document,
                        .strings = document->strings,
                        .error = error };
    if (parse_document(&p)) return true;
    json_free(document);
    return false;
}

void json_free(struct json_document *document)
{
    free(document->root);
    free(document->strings);
    *document = (struct json_document){ 0 };
}

const struct json *json_get(const struct json *object, const char *name)
{
    if (!object || object->type != JSON_OBJECT) return NULL;
    JSON_FOR_EACH(member, object)
    {
        if (json_is(member, name)) return member + 1;
    }
    return NULL;
}

bool json_is(const struct json *node, const char *text)
{
    return node && node->type == JSON_STRING && node->length == strlen(text) &&
           memcmp(node->string, text, node->length) == 0;
}

bool json_integer(const struct json *node, uint64_t max, uint64_t *out_value)
{
    /* Above 2^53 a double no longer tells neighbouring integers apart. */
    if (!node || node->type != JSON_NUMBER) return false;
    if (node->number < 0 || node->number > 9007199254740992.0) return false;
    uint64_t value = (uint64_t)node->number;
    if ((double)value != node->number || value > max) return false;
    *out_value = value;
    return true;
}
