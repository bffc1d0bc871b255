/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes: entries lie in the buffer and have sound names, and an archive that can be read
 * to its end can be written again and then reads the same. */
#include "lib/cpio.h"
#include "lib/cpio_write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_sink {
    struct cpio_sink sink;
    uint8_t *bytes;
    size_t used, capacity;
};

static err_t write_memory(struct cpio_sink *sink, const void *bytes, size_t count)
{
    struct fuzz_sink *to = CONTAINER_OF(sink, struct fuzz_sink, sink);
    if (count > to->capacity - to->used) return ERR_NO_SPACE;
    memcpy(to->bytes + to->used, bytes, count);
    to->used += count;
    return OK;
}

static void check_entry(const struct cpio_entry *entry, const uint8_t *data, size_t size)
{
    const uint8_t *name = (const uint8_t *)entry->name, *end = data + size;
    ASSERT(name >= data && name + entry->name_bytes <= end);
    ASSERT(entry->data >= data && entry->data_bytes <= (size_t)(end - entry->data));
    ASSERT(entry->name_bytes <= CPIO_NAME_MAX && !memchr(name, 0, entry->name_bytes));
    ASSERT(entry->permissions <= 07777);
    ASSERT(entry->name_bytes > 0 || entry->type == CPIO_DIRECTORY);
    ASSERT(entry->name_bytes == 0 || (name[0] != '/' && name[entry->name_bytes - 1] != '/'));

    const char *rest = entry->name, *component;
    uint32_t left = entry->name_bytes, bytes, count = 0;
    while (cpio_component(&rest, &left, &component, &bytes)) {
        ASSERT(bytes > 0 && !memchr(component, '/', bytes));
        ASSERT(!(bytes == 1 && component[0] == '.') &&
               !(bytes == 2 && component[0] == '.' && component[1] == '.'));
        count++;
    }
    ASSERT((count > 0) == (entry->name_bytes > 0) && left == 0);
}

/* Writes what the writer takes; names with doubled slashes, for one, it does not. */
static bool rewrite(const uint8_t *data, size_t size, struct fuzz_sink *sink, struct cpio_entry *kept,
                    size_t *count)
{
    struct cpio_reader reader;
    struct cpio_writer writer;
    struct cpio_entry entry;
    const char *why;
    cpio_reader_init(&reader, data, size);
    cpio_writer_init(&writer, &sink->sink);
    *count = 0;
    while (!failed(cpio_next(&reader, &entry, &why))) {
        if (entry.name_bytes == 0) continue;
        err_t e = cpio_write_entry(&writer, &entry);
        if (e.code == ERR_INVALID.code) continue;
        if (failed(e) || *count == 64) return false; /* grown too large for this test */
        kept[(*count)++] = entry;
    }
    return !failed(cpio_write_end(&writer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpio_reader reader;
    struct cpio_entry entry, kept[64];
    const char *why = NULL;
    uint64_t before = 0;
    size_t count = 0;
    err_t e;
    cpio_reader_init(&reader, data, size);
    while (!failed(e = cpio_next(&reader, &entry, &why))) {
        check_entry(&entry, data, size);
        ASSERT(reader.offset >= before + CPIO_HEADER_BYTES && reader.offset <= size);
        before = reader.offset;
    }
    if (e.code != ERR_NOT_FOUND.code) {
        ASSERT(e.code == ERR_INVALID.code && why != NULL);
        return 0;
    }

    struct fuzz_sink sink = { { write_memory }, malloc(256 << 10), 0, 256 << 10 };
    if (rewrite(data, size, &sink, kept, &count)) {
        cpio_reader_init(&reader, sink.bytes, sink.used);
        for (size_t i = 0; i < count;) {
            ASSERT(!failed(cpio_next(&reader, &entry, &why)));
            if (entry.name_bytes == 0) continue; /* a filler of the writer */
            ASSERT(entry.name_bytes == kept[i].name_bytes && entry.type == kept[i].type);
            ASSERT(memcmp(entry.name, kept[i].name, entry.name_bytes) == 0);
            ASSERT(entry.data_bytes == kept[i].data_bytes);
            ASSERT(memcmp(entry.data, kept[i].data, entry.data_bytes) == 0);
            i++;
        }
    }
    free(sink.bytes);
    return 0;
}
