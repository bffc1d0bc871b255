/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a tar: whatever comes out must lie inside it. Checksums would stop the fuzzer at the door,
 * so every block that says "ustar" gets a right one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/ck/tar.h"

enum { BLOCK = 512 };

static void seal(uint8_t *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct tar_reader reader;
    struct tar_entry entry;
    uint8_t *archive = malloc(count ? count : 1);
    if (!archive) return 0;
    if (count) memcpy(archive, data, count);
    for (size_t at = 0; count - at >= BLOCK; at += BLOCK)
        if (memcmp(archive + at + 257, "ustar", 5) == 0) seal(archive + at);
    tar_init(&reader, archive, count);
    for (;;) {
        enum tar_step step = tar_next(&reader, &entry);
        ASSERT((step == TAR_BROKEN) == (reader.why != NULL));
        if (step != TAR_ENTRY) break;
        ASSERT(reader.at <= count);
        ASSERT(entry.data >= archive && entry.bytes <= (uint64_t)(archive + count - entry.data));
        ASSERT(entry.path[0] && strlen(entry.path) < TAR_TEXT_MAX && strlen(entry.link) < TAR_TEXT_MAX);
    }
    free(archive);
    return 0;
}
