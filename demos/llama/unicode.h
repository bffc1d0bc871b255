/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 and the three character classes that the tokenizers' split patterns ask about. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4

/* Bytes of the character at `text` (1 to 4), or 0 when it is no valid UTF-8: overlong forms,
 * surrogates, more than U+10FFFF and a character cut off by `size` are refused. */
size_t utf8_decode(const char *text, size_t size, uint32_t *out_code);

/* Write the character and return its bytes. `code` is at most U+10FFFF. */
size_t utf8_encode(char *out, uint32_t code);

bool utf8_is_valid(const char *text, size_t size);

bool unicode_is_letter(uint32_t code);     /* \p{L} */
bool unicode_is_number(uint32_t code);     /* \p{N} */
bool unicode_is_whitespace(uint32_t code); /* \s: the White_Space property */
