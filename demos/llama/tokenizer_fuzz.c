/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as tokenizer.json; one that is accepted then encodes and decodes a difficult text, and
 * the file itself. */
#include "tokenizer.h"

#include <stdlib.h>
#include <string.h>

static void use(const struct tokenizer *t, const char *text, size_t length)
{
    struct token_list list = { 0 };
    struct text back = { 0 };
    struct error error;
    if (tokenizer_encode(t, text, length, &list, &error)) {
        for (size_t i = 0; i < list.count; i++) tokenizer_decode(t, list.ids[i], &back);
    }
    text_free(&back);
    token_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "It's 1234 \xe2\x96\x81<s> \n\n \xc3\xa9\xf0\x9f\x99\x82  ab";
    struct tokenizer t;
    struct error error;
    if (!tokenizer_parse(&t, (const char *)data, size, &error)) return 0;
    use(&t, text, sizeof(text) - 1);
    use(&t, (const char *)data, size < 4096 ? size : 4096);
    tokenizer_free(&t);
    return 0;
}
