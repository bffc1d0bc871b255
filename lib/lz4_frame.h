/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4 files, as `lz4` (frame format) and `lz4 -l` (legacy format) write them: how an initramfs may be
 * packed. Frames may follow each other, with NULs behind the last. Checksums are verified where the
 * frame has them; dictionaries are refused. Blocks are decoded by the LZ4 project's own decompressor.
 * [lz4-frame-format 1.6.2]
 *
 * Errors: ERR_INVALID, malformed; ERR_NO_SPACE, the contents do not fit; the reason is in *why (static). */
#pragma once
#include "lib/base.h"

/* True when the bytes begin like one of the two formats. */
bool lz4_is_frame(const void *in, size_t in_bytes);

/* The size of the contents: exact, found by stepping through the blocks without decoding them. */
err_t lz4_frame_content_bytes(const void *in, size_t in_bytes, uint64_t *out_bytes, const char **why);

err_t lz4_frame_decompress(const void *in, size_t in_bytes, void *out, size_t capacity, size_t *out_bytes,
                           const char **why);
