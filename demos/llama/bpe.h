/* SPDX-License-Identifier: Apache-2.0 */
/* Byte-pair encoding of one word: start with characters, merge the pair of lowest rank until no
 * pair is left that the vocabulary merges. */
#pragma once
#include "vocabulary.h"

struct token_list {
    uint32_t *ids;
    size_t count, capacity;
};

void token_list_add(struct token_list *list, uint32_t id);
void token_list_free(struct token_list *list);

struct bpe_options {
    bool byte_fallback; /* a character that is no token becomes its bytes, <0xE2> */
    bool fuse_unknown;  /* several unknown characters become one unknown token */
    bool ignore_merges; /* a word that is a token is that token, merges or not */
    uint32_t unknown;   /* NO_TOKEN: unknown characters are dropped */
};

/* Append the tokens of the word, which must be valid UTF-8. */
void bpe_encode(const struct vocabulary *v, const struct bpe_options *options, const char *word,
                size_t length, struct token_list *out);
