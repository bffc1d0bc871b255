/* SPDX-License-Identifier: Apache-2.0 */
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* A power of two with at least half of the slots free, so that a search always ends. */
static uint32_t slot_count(uint32_t entries)
{
    uint32_t slots = 16;
    while (slots / 2 < entries) slots *= 2;
    return slots;
}

static uint32_t hash_text(const char *text, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t hash_pair(uint32_t left, uint32_t right)
{
    uint64_t hash = ((uint64_t)left << 32 | right) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

void vocabulary_init(struct vocabulary *v, uint32_t tokens, uint32_t merges)
{
    *v = (struct vocabulary){ .slot_mask = slot_count(tokens) - 1, .merge_mask = slot_count(merges) - 1 };
    v->slots = allocate(v->slot_mask + 1, sizeof(*v->slots));
    v->merges = allocate(v->merge_mask + 1, sizeof(*v->merges));
    for (uint32_t i = 0; i <= v->merge_mask; i++) v->merges[i].left = NO_TOKEN;
}

void vocabulary_fini(struct vocabulary *v)
{
    for (uint32_t i = 0; i < v->count; i++) free((void *)(uintptr_t)v->tokens[i].text);
    free(v->tokens);
    free(v->slots);
    free(v->merges);
    *v = (struct vocabulary){ 0 };
}

/* The slot that holds the text, or the free one where it belongs. */
static uint32_t *find_slot(const struct vocabulary *v, const char *text, size_t length)
{
    uint32_t at = hash_text(text, length) & v->slot_mask;
    for (; v->slots[at]; at = (at + 1) & v->slot_mask) {
        const struct token *token = &v->tokens[v->slots[at] - 1];
        if (token->length == length && memcmp(token->text, text, length) == 0) break;
    }
    return &v->slots[at];
}

static struct merge *find_merge_slot(const struct vocabulary *v, uint32_t left, uint32_t right)
{
    uint32_t at = hash_pair(left, right) & v->merge_mask;
    while (v->merges[at].left != NO_TOKEN && (v->merges[at].left != left || v->merges[at].right != right))
        at = (at + 1) & v->merge_mask;
    return &v->merges[at];
}

/* Ids come in any order; the array grows by doubling so that loading stays linear. */
static void make_room(struct vocabulary *v, uint32_t id)
{
    if (id < v->count) return;
    uint32_t old = v->count ? slot_count(v->count) : 0, wanted = slot_count(id + 1);
    if (wanted != old) {
        v->tokens = reallocate(v->tokens, wanted, sizeof(*v->tokens));
        memset(v->tokens + old, 0, (wanted - old) * sizeof(*v->tokens));
    }
    v->count = id + 1;
}

static void set_token(struct vocabulary *v, uint32_t id, const char *text, uint32_t length,
                      enum token_kind kind)
{
    char *copy = allocate((size_t)length + 1, 1);
    memcpy(copy, text, length);
    v->tokens[id] = (struct token){ .text = copy, .length = length, .kind = kind };
}

bool vocabulary_add(struct vocabulary *v, uint32_t id, const char *text, uint32_t length,
                    enum token_kind kind, struct error *error)
{
    if (id >= TOKENS_MAX || length == 0)
        return fail(error, "token \"%.40s\": empty, or its id %u is too large", text, id);
    make_room(v, id);
    struct token *token = &v->tokens[id];

    if (kind == TOKEN_NORMAL) {
        if (token->kind != TOKEN_ABSENT) return fail(error, "token id %u is there twice", id);
        uint32_t *slot = find_slot(v, text, length);
        if (*slot) return fail(error, "token \"%.40s\" is there twice", text);
        set_token(v, id, text, length, kind);
        *slot = id + 1;
        return true;
    }
    if (token->kind == TOKEN_ABSENT) {
        set_token(v, id, text, length, kind);
        return true;
    }
    /* Llama 2 lists <s> in the vocabulary and again here: the same text, now special. */
    if (token->kind != TOKEN_NORMAL || token->length != length || memcmp(token->text, text, length) != 0)
        return fail(error, "added token \"%.40s\": id %u is taken", text, id);
    token->kind = kind;
    return true;
}

bool vocabulary_add_merge(struct vocabulary *v, const char *left, uint32_t left_length, const char *right,
                          uint32_t right_length, struct error *error)
{
    uint32_t left_id = vocabulary_find(v, left, left_length);
    uint32_t right_id = vocabulary_find(v, right, right_length);
    char *both = allocate((size_t)left_length + right_length + 1, 1);
    memcpy(both, left, left_length);
    memcpy(both + left_length, right, right_length);
    uint32_t result = vocabulary_find(v, both, (size_t)left_length + right_length);
    free(both);
    if (left_id == NO_TOKEN || right_id == NO_TOKEN || result == NO_TOKEN)
        return fail(error, "merge %u: it or a part of it is no token", v->merge_count);

    struct merge *merge = find_merge_slot(v, left_id, right_id);
    *merge = (struct merge){ left_id, right_id, v->merge_count++, result };
    return true;
}

uint32_t vocabulary_find(const struct vocabulary *v, const char *text, size_t length)
{
    return *find_slot(v, text, length) - 1; /* 0, a free slot, becomes NO_TOKEN */
}

const struct merge *vocabulary_find_merge(const struct vocabulary *v, uint32_t left, uint32_t right)
{
    struct merge *merge = find_merge_slot(v, left, right);
    return merge->left == NO_TOKEN ? NULL : merge;
}
