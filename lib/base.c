/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base.h"

#include "lib/string.h"

const char *err_text(err_t e)
{
    /* One string after the other: small, and only reports look for them. */
    static const uint8_t numbers[] = {
#define ERR(name, errno_, text) errno_,
#include "abi/errors.def"
#undef ERR
    };
    static const char texts[] =
#define ERR(name, errno_, text) text "\0"
#include "abi/errors.def"
#undef ERR
        ;
    if (!failed(e)) return "success";
    const char *text = texts;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++, text += strlen(text) + 1)
        if (e.code == -numbers[i]) return text;
    return "unknown error";
}
