/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a BPE tokenizer: text to token, token to text, pair of tokens to merged token. */
#pragma once
#include "error.h"

#include <stdint.h>

#define TOKENS_MAX (1u << 20)
#define NO_TOKEN   UINT32_MAX

enum token_kind { TOKEN_ABSENT, TOKEN_NORMAL, TOKEN_ADDED, TOKEN_SPECIAL };

struct token {
    const char *text; /* owned by the vocabulary, NUL-terminated */
    uint32_t length;
    enum token_kind kind;
};

struct merge {
    uint32_t left, right;  /* left is NO_TOKEN in a free slot */
    uint32_t rank, result; /* the lowest rank is merged first */
};

struct vocabulary {
    struct token *tokens; /* by id */
    uint32_t count;       /* the largest id + 1 */
    uint32_t *slots;      /* open addressing, by text: id + 1, or 0 */
    struct merge *merges; /* open addressing, by pair */
    uint32_t slot_mask, merge_mask;
    uint32_t merge_count;
};

/* Room for that many tokens and merges; more must not be added. */
void vocabulary_init(struct vocabulary *v, uint32_t tokens, uint32_t merges);
void vocabulary_fini(struct vocabulary *v);

/* Set what an id stands for. Only normal tokens are found by text; a normal one may be declared
 * added or special afterwards, which changes how it is printed. */
bool vocabulary_add(struct vocabulary *v, uint32_t id, const char *text, uint32_t length,
                    enum token_kind kind, struct error *error);

/* Both sides and what they give together must be tokens. Call in order of rank. */
bool vocabulary_add_merge(struct vocabulary *v, const char *left, uint32_t left_length, const char *right,
                          uint32_t right_length, struct error *error);

/* NO_TOKEN when there is none. */
uint32_t vocabulary_find(const struct vocabulary *v, const char *text, size_t length);

/* NULL when the two are never merged. */
const struct merge *vocabulary_find_merge(const struct vocabulary *v, uint32_t left, uint32_t right);
