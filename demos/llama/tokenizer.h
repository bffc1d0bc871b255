/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.json, the format of the Hugging Face tokenizers library: BPE in its two families,
 * byte-level (Llama 3, GPT-2) and SentencePiece with byte fallback (Llama 2, TinyLlama).
 *
 * Whatever the file does to a text becomes a list of steps: `normaliser` before added tokens such
 * as <|eot_id|> are looked for a second time, `splitter` after. tokenizer_load.c fills the lists,
 * tokenizer.c runs them. */
#pragma once
#include "bpe.h"
#include "split.h"
#include "text.h"

#define STEPS_MAX    12
#define TEMPLATE_MAX 8

enum step_kind {
    STEP_PREPEND,         /* `to` before every piece */
    STEP_PREPEND_MISSING, /* unless it begins with it already */
    STEP_PREPEND_FIRST,   /* the same, and only at the start of the whole text */
    STEP_REPLACE,         /* each `from` by `to` */
    STEP_SPLIT,           /* into words */
    STEP_BYTES,           /* each byte becomes a printable character, as in GPT-2 */
};

struct step {
    enum step_kind kind;
    enum split_kind split;
    struct text from, to;
};

struct step_list {
    struct step steps[STEPS_MAX];
    uint32_t count;
};

struct added_token {
    uint32_t id;
    bool normalised;  /* looked for in the normalised text, not in the text itself */
    struct text text; /* in that form */
};

struct tokenizer {
    struct vocabulary vocabulary;
    struct bpe_options bpe;
    struct step_list normaliser, splitter;
    struct added_token *added;
    uint32_t added_count;
    bool is_byte_level;
    uint32_t prefix[TEMPLATE_MAX], suffix[TEMPLATE_MAX]; /* such as <s> */
    uint32_t prefix_count, suffix_count;
};

/* Read a tokenizer.json. On failure nothing is left behind. */
bool tokenizer_parse(struct tokenizer *t, const char *text, size_t size, struct error *error);

/* Read `directory`/tokenizer.json. */
bool tokenizer_load(struct tokenizer *t, const char *directory, struct error *error);
void tokenizer_free(struct tokenizer *t);

/* Append the tokens of a text, with what the file's template puts around it. Fails when the text
 * is not UTF-8. */
bool tokenizer_encode(const struct tokenizer *t, const char *text, size_t length, struct token_list *out,
                      struct error *error);

/* Append what the token prints as; nothing for special tokens and unknown ids. The bytes of one
 * character may come from several tokens. */
void tokenizer_decode(const struct tokenizer *t, uint32_t id, struct text *out);

/* Run the normaliser over a text; `out` is appended to. For tokenizer_load.c. */
void tokenizer_normalise(const struct tokenizer *t, const char *text, size_t length, struct text *out);
