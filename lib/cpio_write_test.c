/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cpio_write.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct memory_sink {
    struct cpio_sink sink;
    uint8_t *bytes;
    size_t used, capacity;
} memory;

static struct cpio_writer writer;
static const char *why;

static err_t write_memory(struct cpio_sink *sink, const void *bytes, size_t count)
{
    struct memory_sink *to = CONTAINER_OF(sink, struct memory_sink, sink);
    if (count > to->capacity - to->used) return ERR_NO_SPACE;
    memcpy(to->bytes + to->used, bytes, count);
    to->used += count;
    return OK;
}

static void begin(size_t capacity)
{
    free(memory.bytes);
    memory = (struct memory_sink){ { write_memory }, calloc(1, capacity), 0, capacity };
    cpio_writer_init(&writer, &memory.sink);
}

static struct cpio_entry file(const char *name, const void *data, uint32_t bytes)
{
    return (struct cpio_entry){
        .name = name,
        .name_bytes = (uint32_t)strlen(name),
        .type = CPIO_REGULAR,
        .permissions = 0644,
        .nlink = 1,
        .data = data,
        .data_bytes = bytes,
    };
}

static char content[3 * PAGE_BYTES + 17];

/* Reads back, passing over the fillers for the root. */
static bool next_named(struct cpio_reader *reader, struct cpio_entry *entry)
{
    err_t e;
    do {
        e = cpio_next(reader, entry, &why);
    } while (!failed(e) && entry->name_bytes == 0);
    if (failed(e)) EXPECT_ERR(e, ERR_NOT_FOUND);
    return !failed(e);
}

TEST(large_files_start_on_page_boundaries_whatever_is_in_front)
{
    for (size_t i = 0; i < sizeof content; i++) content[i] = (char)(i * 31);
    char name[4200];
    for (uint32_t length = 1; length < 4096; length += length < 300 || length > 3700 ? 1 : 97) {
        memset(name, 'n', length);
        name[length] = 0;
        begin(64 << 10);
        struct cpio_entry small = file("small", "abc", length % 4),
                          large = file(name, content, sizeof content);
        EXPECT_OK(cpio_write_entry(&writer, &small));
        EXPECT_OK(cpio_write_entry(&writer, &large));
        EXPECT_OK(cpio_write_entry(&writer, &large));
        EXPECT_OK(cpio_write_end(&writer));
        EXPECT_EQ(memory.used % 512, 0);
        EXPECT_EQ(writer.offset, memory.used);

        struct cpio_reader reader;
        struct cpio_entry entry;
        cpio_reader_init(&reader, memory.bytes, memory.used);
        EXPECT(next_named(&reader, &entry));
        for (int i = 0; i < 2; i++) {
            EXPECT(next_named(&reader, &entry));
            EXPECT_EQ(entry.name_bytes, length);
            EXPECT(entry.data_bytes == sizeof content && memcmp(entry.data, content, sizeof content) == 0);
            if (length < 4094) EXPECT_EQ((size_t)(entry.data - memory.bytes) % PAGE_BYTES, 0);
        }
        EXPECT(!next_named(&reader, &entry));
    }
}

TEST(data_may_come_in_pieces_but_neither_more_nor_less)
{
    begin(64 << 10);
    struct cpio_entry entry = file("x", NULL, 10);
    EXPECT_OK(cpio_write_entry(&writer, &entry));
    EXPECT_OK(cpio_write_data(&writer, "01234", 5));
    EXPECT_ERR(cpio_write_data(&writer, "567890", 6), ERR_INVALID);
    EXPECT_ERR(cpio_write_end(&writer), ERR_INVALID);
    EXPECT_ERR(cpio_write_entry(&writer, &entry), ERR_INVALID);
    EXPECT_OK(cpio_write_data(&writer, "56789", 5));
    EXPECT_OK(cpio_write_end(&writer));
    struct cpio_reader reader;
    cpio_reader_init(&reader, memory.bytes, memory.used);
    EXPECT(next_named(&reader, &entry));
    EXPECT(memcmp(entry.data, "0123456789", 10) == 0);
}

TEST(names_a_reader_would_not_give_back_are_refused)
{
    static const char *const bad[] = { "",   "/a",     "./a",  "a/", "a//b", "a/./b",
                                       "..", "a/../b", "../a", "//", "./.",  "TRAILER!!!" };
    begin(4096);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct cpio_entry entry = file(bad[i], "x", 1);
        EXPECT_ERR(cpio_write_entry(&writer, &entry), ERR_INVALID);
    }
    struct cpio_entry entry = file("a?b", "x", 1);
    entry.name = "a\0b";
    EXPECT_ERR(cpio_write_entry(&writer, &entry), ERR_INVALID);
    entry.name_bytes = 5000;
    EXPECT_ERR(cpio_write_entry(&writer, &entry), ERR_NAME_TOO_LONG);
    entry = file("d", "x", 1);
    entry.type = CPIO_DIRECTORY;
    EXPECT_ERR(cpio_write_entry(&writer, &entry), ERR_INVALID);
    EXPECT_EQ(memory.used, 0);
}

TEST(an_error_of_the_sink_is_passed_on)
{
    for (size_t capacity = 0; capacity < 1024; capacity += 7) {
        begin(capacity);
        struct cpio_entry entry = file("x", "0123456789", 10);
        err_t e = cpio_write_entry(&writer, &entry);
        if (!failed(e)) e = cpio_write_end(&writer);
        EXPECT_EQ(e.code, capacity < 512 ? ERR_NO_SPACE.code : 0);
    }
}

TEST(the_cpio_program_unpacks_what_was_written)
{
    if (system("command -v cpio >/dev/null") != 0) {
        test_note("skipped: there is no cpio program");
        return;
    }
    begin(256 << 10);
    struct cpio_entry folder = file("d", NULL, 0), link = file("d/link", "file", 4);
    folder.type = CPIO_DIRECTORY, folder.permissions = 0755, folder.nlink = 2;
    link.type = CPIO_SYMLINK, link.permissions = 0777;
    struct cpio_entry large = file("d/file", content, sizeof content), other = file("d/other", content, 4096);
    EXPECT_OK(cpio_write_entry(&writer, &folder));
    EXPECT_OK(cpio_write_entry(&writer, &large));
    EXPECT_OK(cpio_write_entry(&writer, &link));
    EXPECT_OK(cpio_write_entry(&writer, &other));
    EXPECT_OK(cpio_write_end(&writer));

    char path[] = "/tmp/cpio_write_test.XXXXXX", command[256];
    int fd = mkstemp(path);
    EXPECT(fd >= 0 && write(fd, memory.bytes, memory.used) == (ssize_t)memory.used);
    close(fd);
    snprintf(command, sizeof command,
             "set -e; D=$(mktemp -d); cd $D; cpio -i -d --quiet <%s; wc -c <d/link; readlink d/link; "
             "wc -c <d/other; rm -rf $D",
             path);
    FILE *pipe = popen(command, "r");
    char out[64] = "";
    EXPECT(pipe && fread(out, 1, sizeof out - 1, pipe) > 0);
    EXPECT_EQ(pipe ? pclose(pipe) : 1, 0);
    EXPECT_STR(out, "12305\nfile\n4096\n");
    unlink(path);
}
