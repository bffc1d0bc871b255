/* SPDX-License-Identifier: Apache-2.0 */
/* Names for code addresses, from the table tools/make_symbols.py links into the image. */
#pragma once
#include "lib/base.h"

enum { SYMBOL_NAME_MAX = 64 }; /* with its NUL; longer names are cut */

struct symbol {
    uint64_t offset; /* of the address from the function's start */
    char name[SYMBOL_NAME_MAX];
};

/* The function that contains `address`; false, and "?", when there is none. Any context. */
bool symbol_find(uint64_t address, struct symbol *out);
