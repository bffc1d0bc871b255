/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of bytes that lie in memory. [fips180-4 6.2] */
#pragma once
#include "lib/base.h"

enum { SHA256_HEX_BYTES = 65 }; /* NUL included */

/* In hexadecimal digits, lower case. */
void sha256_hex(const void *bytes, size_t count, char out[SHA256_HEX_BYTES]);
