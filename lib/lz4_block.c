/* SPDX-License-Identifier: Apache-2.0 */
/* Upstream's decompressor, unmodified, with one entry: its source is included, not linked, because only
 * inside it is there a form that takes any amount of contents in front and comes in one variant. The
 * public forms choose among four by that amount, each a copy of all of it. */
#include "lib/lz4_block.h"

#include "lib/string.h"

#define LZ4_FREESTANDING  1 /* nothing of the C library but these three */
#define LZ4_memcpy        memcpy
#define LZ4_memset        memset
#define LZ4_memmove       memmove
#define LZ4_FAST_DEC_LOOP 0 /* one loop is enough for what runs once, at boot */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "build/lz4/lz4.c"
#pragma GCC diagnostic pop

int lz4_block_decompress(const void *block, size_t block_bytes, void *out, size_t capacity,
                         size_t bytes_before)
{
    return LZ4_decompress_safe_withSmallPrefix(block, out, (int)block_bytes, (int)capacity, bytes_before);
}
