/* SPDX-License-Identifier: Apache-2.0 */
/* One LZ4 block. [lz4-block-format] */
#pragma once
#include "lib/base.h"

/* Returns how many bytes it wrote to `out`, at most `capacity`, or a negative number for a block that is
 * torn or too large. It may refer to the `bytes_before` bytes in front of `out`. */
int lz4_block_decompress(const void *block, size_t block_bytes, void *out, size_t capacity,
                         size_t bytes_before);
