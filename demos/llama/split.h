/* SPDX-License-Identifier: Apache-2.0 */
/* The pre-tokenizers: where a text is cut into words before BPE.
 *
 * tokenizer.json holds regular expressions, but in Llama-shaped models only a few of them; those
 * are recognised by their text and written here as code. Any other is refused. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum split_kind {
    SPLIT_GPT2,      /* the pattern inside ByteLevel with use_regex */
    SPLIT_LLAMA3,    /* numbers in groups of three, contractions in any case */
    SPLIT_QWEN2,     /* the same with single digits */
    SPLIT_DIGITS,    /* each digit alone, all else together */
    SPLIT_NUMBERS,   /* each run of digits, all else together */
    SPLIT_METASPACE, /* before each U+2581 */
};

/* Whether the regular expression is one of those above. */
bool split_recognise(const char *pattern, size_t length, enum split_kind *out_kind);

/* Bytes of the first word of a text that is not empty and is valid UTF-8; at least 1. */
size_t split_next(enum split_kind kind, const char *text, size_t length);
