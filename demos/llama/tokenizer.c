/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer.h"

#include "unicode.h"

#include <stdlib.h>
#include <string.h>

#define METASPACE "\xe2\x96\x81" /* U+2581, which SentencePiece writes for a space */

/* GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the others for U+0100 onward. */
static bool is_plain_byte(unsigned byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
}

static uint32_t byte_to_code(unsigned char byte)
{
    if (is_plain_byte(byte)) return byte;
    if (byte <= 32) return 256u + byte;
    if (byte <= 160) return 256u + 33 + (byte - 127u);
    return 256u + 67; /* 173 */
}

/* The byte that a character stands for, or -1. */
static int code_to_byte(uint32_t code)
{
    if (code < 256) return is_plain_byte(code) ? (int)code : -1;
    if (code <= 288) return (int)code - 256;
    if (code <= 322) return (int)code - 289 + 127;
    return code == 323 ? 173 : -1;
}

static bool starts_with(const char *text, size_t length, const struct text *start)
{
    if (start->length == 0 || length < start->length) return start->length == 0;
    return memcmp(text, start->bytes, start->length) == 0;
}

static void replace(const struct step *step, const char *text, size_t length, struct text *out)
{
    for (size_t at = 0; at < length;) {
        if (starts_with(text + at, length - at, &step->from)) {
            text_append(out, step->to.bytes, step->to.length);
            at += step->from.length;
        } else {
            text_append(out, text + at++, 1);
        }
    }
}

/* One step that gives one piece for one piece. */
static void transform(const struct step *step, const char *text, size_t length, bool at_start,
                      struct text *out)
{
    char character[UTF8_BYTES_MAX];
    bool missing = !starts_with(text, length, &step->to);
    switch (step->kind) {
    case STEP_PREPEND_FIRST: missing = missing && at_start; /* fallthrough */
    case STEP_PREPEND_MISSING:
    case STEP_PREPEND:
        if (missing || step->kind == STEP_PREPEND) text_append(out, step->to.bytes, step->to.length);
        text_append(out, text, length);
        break;
    case STEP_REPLACE: replace(step, text, length, out); break;
    case STEP_BYTES:
        for (size_t i = 0; i < length; i++)
            text_append(out, character, utf8_encode(character, byte_to_code((unsigned char)text[i])));
        break;
    case STEP_SPLIT: text_append(out, text, length); break;
    }
}

void tokenizer_normalise(const struct tokenizer *t, const char *text, size_t length, struct text *out)
{
    struct text now = { 0 };
    text_append(&now, text, length);
    for (uint32_t i = 0; i < t->normaliser.count && now.length; i++) {
        struct text next = { 0 };
        transform(&t->normaliser.steps[i], now.bytes, now.length, false, &next);
        text_free(&now);
        now = next;
    }
    text_append(out, now.bytes, now.length);
    text_free(&now);
}

/* Run the steps from `index` on; a split continues with each of its pieces. */
static void run_splitter(const struct tokenizer *t, uint32_t index, const char *text, size_t length,
                         bool at_start, struct token_list *out)
{
    if (length == 0) return;
    if (index == t->splitter.count) {
        bpe_encode(&t->vocabulary, &t->bpe, text, length, out);
        return;
    }
    const struct step *step = &t->splitter.steps[index];
    if (step->kind != STEP_SPLIT) {
        struct text changed = { 0 };
        transform(step, text, length, at_start, &changed);
        run_splitter(t, index + 1, changed.bytes, changed.length, at_start, out);
        text_free(&changed);
        return;
    }
    for (size_t at = 0, size; at < length; at += size) {
        size = split_next(step->split, text + at, length - at);
        run_splitter(t, index + 1, text + at, size, at_start && at == 0, out);
    }
}

/* The longest added token that begins here, or NULL. */
static const struct added_token *find_added(const struct tokenizer *t, bool normalised, const char *text,
                                            size_t length)
{
    const struct added_token *best = NULL;
    for (uint32_t i = 0; i < t->added_count; i++) {
        const struct added_token *added = &t->added[i];
        if (added->normalised != normalised || !starts_with(text, length, &added->text)) continue;
        if (!best || added->text.length > best->text.length) best = added;
    }
    return best;
}

static void encode_part(const struct tokenizer *t, bool normalised, const char *text, size_t length,
                        bool at_start, struct token_list *out);

/* Text between added tokens: normalise it and look again, or, the second time, split it. */
static void encode_between(const struct tokenizer *t, bool normalised, const char *text, size_t length,
                           bool at_start, struct token_list *out)
{
    if (length == 0) return;
    if (normalised) {
        run_splitter(t, 0, text, length, at_start, out);
        return;
    }
    struct text changed = { 0 };
    tokenizer_normalise(t, text, length, &changed);
    encode_part(t, true, changed.bytes, changed.length, at_start, out);
    text_free(&changed);
}

static void encode_part(const struct tokenizer *t, bool normalised, const char *text, size_t length,
                        bool at_start, struct token_list *out)
{
    size_t first = 0;
    for (size_t at = 0; at < length;) {
        const struct added_token *added = find_added(t, normalised, text + at, length - at);
        if (!added) {
            at++;
            continue;
        }
        encode_between(t, normalised, text + first, at - first, at_start && first == 0, out);
        token_list_add(out, added->id);
        first = at += added->text.length;
    }
    encode_between(t, normalised, text + first, length - first, at_start && first == 0, out);
}

bool tokenizer_encode(const struct tokenizer *t, const char *text, size_t length, struct token_list *out,
                      struct error *error)
{
    if (!utf8_is_valid(text, length)) return fail(error, "the text is not valid UTF-8");
    for (uint32_t i = 0; i < t->prefix_count; i++) token_list_add(out, t->prefix[i]);
    encode_part(t, false, text, length, true, out);
    for (uint32_t i = 0; i < t->suffix_count; i++) token_list_add(out, t->suffix[i]);
    return true;
}

static void decode_byte_level(const struct token *token, struct text *out)
{
    uint32_t code = 0;
    for (size_t at = 0, size; at < token->length; at += size) {
        size = utf8_decode(token->text + at, token->length - at, &code);
        int byte = size ? code_to_byte(code) : -1;
        char character = (char)byte;
        if (size == 0) size = 1;
        if (byte >= 0)
            text_append(out, &character, 1);
        else
            text_append(out, token->text + at, size);
    }
}

/* <0xE2> is a byte; anything else is text with U+2581 for its spaces. */
static void decode_sentencepiece(const struct token *token, struct text *out)
{
    if (token->length == 6 && memcmp(token->text, "<0x", 3) == 0 && token->text[5] == '>') {
        char *end, byte = (char)strtoul(token->text + 3, &end, 16);
        if (end == token->text + 5) {
            text_append(out, &byte, 1);
            return;
        }
    }
    for (size_t at = 0; at < token->length;) {
        bool space = token->length - at >= 3 && memcmp(token->text + at, METASPACE, 3) == 0;
        text_append(out, space ? " " : token->text + at, 1);
        at += space ? 3 : 1;
    }
}

void tokenizer_decode(const struct tokenizer *t, uint32_t id, struct text *out)
{
    if (id >= t->vocabulary.count) return;
    const struct token *token = &t->vocabulary.tokens[id];
    if (token->kind == TOKEN_ADDED) text_append(out, token->text, token->length);
    if (token->kind != TOKEN_NORMAL) return;
    if (t->is_byte_level)
        decode_byte_level(token, out);
    else
        decode_sentencepiece(token, out);
}
