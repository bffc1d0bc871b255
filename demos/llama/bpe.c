/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols of a word are a linked list in an array; candidates for merging wait in a heap by
 * rank, then by position. A candidate may be stale, because a neighbour was merged after it was
 * queued: it is checked again when it comes out. So a word of n characters takes n log n, and a
 * Llama 2 prompt, which is one single word, is no problem. */
#include "bpe.h"

#include "unicode.h"

#include <stdio.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct symbol {
    uint32_t token;          /* NO_TOKEN: merged into the one on its left */
    uint32_t previous, next; /* NONE at the ends */
};

struct candidate {
    uint32_t rank, position, result;
};

struct word {
    const struct vocabulary *vocabulary;
    struct symbol *symbols;
    struct candidate *heap;
    uint32_t symbol_count, heap_count;
};

void token_list_add(struct token_list *list, uint32_t id)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->ids = reallocate(list->ids, list->capacity, sizeof(*list->ids));
    }
    list->ids[list->count++] = id;
}

void token_list_free(struct token_list *list)
{
    free(list->ids);
    *list = (struct token_list){ 0 };
}

static bool comes_first(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->position < b->position;
}

static void heap_push(struct word *w, struct candidate candidate)
{
    uint32_t at = w->heap_count++;
    while (at > 0 && comes_first(&candidate, &w->heap[(at - 1) / 2])) {
        w->heap[at] = w->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->heap[at] = candidate;
}

static struct candidate heap_pop(struct word *w)
{
    struct candidate top = w->heap[0], moved = w->heap[--w->heap_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= w->heap_count) break;
        if (child + 1 < w->heap_count && comes_first(&w->heap[child + 1], &w->heap[child])) child++;
        if (!comes_first(&w->heap[child], &moved)) break;
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = moved;
    return top;
}

/* Queue the pair that begins at `position`, if there is one and it merges. */
static void queue_pair(struct word *w, uint32_t position)
{
    if (position == NONE || w->symbols[position].next == NONE) return;
    const struct symbol *left = &w->symbols[position], *right = &w->symbols[left->next];
    const struct merge *merge = vocabulary_find_merge(w->vocabulary, left->token, right->token);
    if (merge) heap_push(w, (struct candidate){ merge->rank, position, merge->result });
}

static bool is_current(const struct word *w, const struct candidate *candidate)
{
    const struct symbol *left = &w->symbols[candidate->position];
    if (left->token == NO_TOKEN || left->next == NONE) return false;
    const struct merge *merge =
        vocabulary_find_merge(w->vocabulary, left->token, w->symbols[left->next].token);
    return merge && merge->result == candidate->result;
}

static void merge_symbols(struct word *w)
{
    for (uint32_t i = 0; i + 1 < w->symbol_count; i++) queue_pair(w, i);
    while (w->heap_count) {
        struct candidate candidate = heap_pop(w);
        if (!is_current(w, &candidate)) continue;

        struct symbol *left = &w->symbols[candidate.position], *right = &w->symbols[left->next];
        left->token = candidate.result;
        left->next = right->next;
        right->token = NO_TOKEN;
        if (left->next != NONE) w->symbols[left->next].previous = candidate.position;
        queue_pair(w, left->previous);
        queue_pair(w, candidate.position);
    }
}

static void add_symbol(struct word *w, uint32_t token)
{
    uint32_t at = w->symbol_count++;
    w->symbols[at] = (struct symbol){ token, at ? at - 1 : NONE, NONE };
    if (at) w->symbols[at - 1].next = at;
}

/* All bytes of the character as tokens <0x00> to <0xFF>, or nothing when one is missing. */
static bool add_bytes(struct word *w, const char *text, size_t length)
{
    uint32_t tokens[UTF8_BYTES_MAX];
    for (size_t i = 0; i < length; i++) {
        char name[8];
        int size = snprintf(name, sizeof(name), "<0x%02X>", (unsigned char)text[i]);
        tokens[i] = vocabulary_find(w->vocabulary, name, (size_t)size);
        if (tokens[i] == NO_TOKEN) return false;
    }
    for (size_t i = 0; i < length; i++) add_symbol(w, tokens[i]);
    return true;
}

static void add_characters(struct word *w, const struct bpe_options *options, const char *text, size_t length)
{
    bool unknown = false; /* an unknown token is due: it is added once it cannot grow any more */
    for (size_t at = 0, size; at < length; at += size) {
        uint32_t code;
        size = utf8_decode(text + at, length - at, &code);
        if (size == 0) return; /* not UTF-8: callers have checked */
        uint32_t token = vocabulary_find(w->vocabulary, text + at, size);
        if (token != NO_TOKEN) {
            if (unknown) add_symbol(w, options->unknown);
            unknown = false;
            add_symbol(w, token);
        } else if (!(options->byte_fallback && add_bytes(w, text + at, size))) {
            if (unknown && !options->fuse_unknown) add_symbol(w, options->unknown);
            unknown = options->unknown != NO_TOKEN;
        }
    }
    if (unknown) add_symbol(w, options->unknown);
}

void bpe_encode(const struct vocabulary *v, const struct bpe_options *options, const char *word,
                size_t length, struct token_list *out)
{
    if (options->ignore_merges) {
        uint32_t whole = vocabulary_find(v, word, length);
        if (whole != NO_TOKEN) {
            token_list_add(out, whole);
            return;
        }
    }
    /* At most one symbol per byte; each starts one candidate, and each merge adds two. */
    struct word w = { .vocabulary = v };
    w.symbols = allocate(length + 1, sizeof(*w.symbols));
    w.heap = allocate(3 * length + 1, sizeof(*w.heap));
    add_characters(&w, options, word, length);
    merge_symbols(&w);
    for (uint32_t i = 0; i < w.symbol_count; i++) {
        if (w.symbols[i].token != NO_TOKEN) token_list_add(out, w.symbols[i].token);
    }
    free(w.symbols);
    free(w.heap);
}
