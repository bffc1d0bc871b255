/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes: the two walks agree about the size, and neither leaves its buffers. */
#include "lib/lz4_frame.h"

#include <stdlib.h>

enum { CONTENTS_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t content_bytes = 0;
    size_t bytes = 0;
    const char *why = NULL;
    err_t sized = lz4_frame_content_bytes(data, size, &content_bytes, &why);
    ASSERT(!failed(sized) || (sized.code == ERR_INVALID.code && why));
    size_t capacity = failed(sized) ? 100 : content_bytes;
    if (capacity > CONTENTS_MAX) return 0;

    uint8_t *out = malloc(capacity ? capacity : 1);
    err_t e = lz4_frame_decompress(data, size, out, capacity, &bytes, &why);
    ASSERT(!failed(e) || why);
    if (!failed(sized)) ASSERT(failed(e) ? e.code == ERR_INVALID.code : bytes == content_bytes);
    if (!failed(e) && bytes > 0) {
        ASSERT(lz4_frame_decompress(data, size, out, bytes - 1, &bytes, &why).code == ERR_NO_SPACE.code);
    }
    free(out);
    return 0;
}
