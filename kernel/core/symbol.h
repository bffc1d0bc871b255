/* SPDX-License-Identifier: Apache-2.0 */
/* Names for code addresses, from the table tools/make_symbols.py links into the image. */
#pragma once
#include "lib/base.h"

/* The function that contains `address`, and how far in; NULL when there is none. Any context. */
const char *symbol_name(uint64_t address, uint64_t *offset);
