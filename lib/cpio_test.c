/* SPDX-License-Identifier: Apache-2.0 */
/* Archives are put together field by field, so that every field can be wrong; the good ones also come
 * from the machine's cpio program. Each is read from a block of its exact size, whose end the address
 * sanitizer guards. */
#include "lib/cpio.h"
#include "lib/cpio_write.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fields { /* one entry as it will be written */
    const char *magic;
    uint32_t inode, mode, uid, gid, nlink, mtime, file_bytes, device_major, device_minor, rdev_major,
        rdev_minor;
    uint32_t name_bytes, checksum;
    const char *name, *data;
};

static struct {
    char bytes[1 << 16];
    size_t used;
} archive;

static const char *why;
static int refused;

static struct fields file(const char *name, const char *data)
{
    return (struct fields){
        .magic = "070701",
        .inode = 7,
        .mode = 0100644,
        .nlink = 1,
        .file_bytes = (uint32_t)strlen(data),
        .name_bytes = (uint32_t)strlen(name) + 1,
        .name = name,
        .data = data,
    };
}

static struct fields special(const char *name, uint32_t mode)
{
    struct fields f = file(name, "");
    f.mode = mode;
    return f;
}

static struct fields trailer(void) { return special("TRAILER!!!", 0); }

static void begin(void) { archive.used = 0; }

static void pad(void)
{
    while (archive.used % 4) archive.bytes[archive.used++] = 0;
}

/* Sizes are written as the fields say; what is appended is the real name and data. */
static void add(struct fields f)
{
    archive.used += (size_t)sprintf(
        archive.bytes + archive.used, "%s%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x", f.magic,
        f.inode, f.mode, f.uid, f.gid, f.nlink, f.mtime, f.file_bytes, f.device_major, f.device_minor,
        f.rdev_major, f.rdev_minor, f.name_bytes, f.checksum);
    size_t name = strlen(f.name) + 1;
    memcpy(archive.bytes + archive.used, f.name, name);
    archive.used += name;
    for (; name < f.name_bytes && f.name_bytes < 0x2000; name++) archive.bytes[archive.used++] = 0;
    pad();
    memcpy(archive.bytes + archive.used, f.data, strlen(f.data));
    archive.used += strlen(f.data);
    pad();
}

/* Reads to the end or to the first error, and leaves the last entry in *entry. */
static err_t read_all(const void *bytes, size_t size, struct cpio_entry *entry, int *count)
{
    uint8_t *copy = malloc(size ? size : 1);
    struct cpio_reader reader;
    memcpy(copy, bytes, size);
    cpio_reader_init(&reader, copy, size);
    err_t e;
    struct cpio_entry found;
    *count = 0;
    why = "";
    while (!failed(e = cpio_next(&reader, &found, &why))) {
        EXPECT((const uint8_t *)found.name >= copy &&
               (const uint8_t *)found.name + found.name_bytes <= copy + size);
        EXPECT(found.data >= copy && found.data + found.data_bytes <= copy + size);
        *entry = found;
        (*count)++;
    }
    EXPECT_ERR(cpio_next(&reader, &found, &why), e); /* and it stays at that */
    free(copy);
    return e;
}

static void expect_refused_bytes(const char *bytes, size_t size, const char *reason)
{
    struct cpio_entry entry;
    int count;
    EXPECT_ERR(read_all(bytes, size, &entry, &count), ERR_INVALID);
    EXPECT_STR(why, reason);
    refused++;
}

static void expect_refused(struct fields f, const char *reason)
{
    begin();
    add(f);
    add(trailer());
    expect_refused_bytes(archive.bytes, archive.used, reason);
}

static void expect_accepted(struct fields f, const char *name)
{
    struct cpio_entry entry = { 0 };
    int count;
    begin();
    add(f);
    add(trailer());
    EXPECT_ERR(read_all(archive.bytes, archive.used, &entry, &count), ERR_NOT_FOUND);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(entry.name_bytes, strlen(name));
}

TEST(every_field_of_an_entry_is_read)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    begin();
    add((struct fields){ "070701", 1, 0104755, 2, 0xabcdef, 1, 0x65000000, 5, 3, 4, 5, 6, 4, 0, "a/b",
                         "hello" });
    add(trailer());
    cpio_reader_init(&reader, archive.bytes, archive.used);
    EXPECT_OK(cpio_next(&reader, &entry, &why));
    EXPECT(entry.name_bytes == 3 && memcmp(entry.name, "a/b", 3) == 0);
    EXPECT_EQ(entry.type, CPIO_REGULAR);
    EXPECT_EQ(entry.permissions, 04755);
    EXPECT_EQ(entry.inode, 1);
    EXPECT_EQ(entry.uid, 2);
    EXPECT_EQ(entry.gid, 0xabcdef);
    EXPECT_EQ(entry.nlink, 1);
    EXPECT_EQ(entry.mtime_s, 0x65000000);
    EXPECT(entry.device_major == 3 && entry.device_minor == 4 && entry.rdev_major == 5 &&
           entry.rdev_minor == 6);
    EXPECT(entry.data_bytes == 5 && memcmp(entry.data, "hello", 5) == 0);
    EXPECT_ERR(cpio_next(&reader, &entry, &why), ERR_NOT_FOUND);
}

TEST(names_are_trimmed_to_what_lies_below_the_root)
{
    static const char *const pairs[][2] = {
        { "a", "a" },         { "/a", "a" },        { "./a", "a" },           { "//.//a", "a" },
        { "././a/b", "a/b" }, { "a/", "a" },        { "a/.", "a" },           { "a//", "a" },
        { "a//b", "a//b" },   { "a/./b", "a/./b" }, { ".hidden", ".hidden" }, { "..a", "..a" },
        { "a..", "a.." },     { "...", "..." },     { "a/...b", "a/...b" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) expect_accepted(file(pairs[i][0], "x"), pairs[i][1]);
    static const char *const roots[] = { ".", "/", "./", "//", "/.", "././." };
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++) expect_accepted(special(roots[i], 040755), "");
}

TEST(components_step_over_slashes_and_dots)
{
    const char *rest = "./a//b/./.c/..d/.", *component;
    uint32_t rest_bytes = (uint32_t)strlen(rest), bytes;
    static const char *const expected[] = { "a", "b", ".c", "..d" };
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        EXPECT(cpio_component(&rest, &rest_bytes, &component, &bytes));
        EXPECT(bytes == strlen(expected[i]) && memcmp(component, expected[i], bytes) == 0);
    }
    EXPECT(!cpio_component(&rest, &rest_bytes, &component, &bytes));
}

TEST(all_file_types_are_accepted)
{
    static const uint32_t types[] = { CPIO_FIFO, CPIO_CHARACTER_DEVICE, CPIO_DIRECTORY, CPIO_BLOCK_DEVICE };
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) expect_accepted(special("x", types[i] | 0644), "x");
    struct fields link = file("x", "target");
    link.mode = 0120777;
    expect_accepted(link, "x");
}

TEST(extra_nuls_behind_a_name_are_padding)
{
    struct fields f = file("bin/sh", "data");
    for (f.name_bytes = 7; f.name_bytes <= 4096; f.name_bytes += 61) expect_accepted(f, "bin/sh");
}

TEST(a_checksum_is_verified_where_the_format_has_one)
{
    struct fields f = file("x", "abc");
    f.magic = "070702";
    f.checksum = 'a' + 'b' + 'c';
    expect_accepted(f, "x");
    refused = 0;
    for (int bit = 0; bit < 32; bit++) {
        f.checksum = ('a' + 'b' + 'c') ^ 1u << bit;
        expect_refused(f, "a file has a wrong checksum");
    }
    f.magic = "070701"; /* there it means nothing */
    expect_accepted(f, "x");
}

TEST(archives_may_follow_each_other_with_padding_between)
{
    struct cpio_entry entry;
    int count;
    begin();
    add(file("a", "1"));
    add(trailer());
    memset(archive.bytes + archive.used, 0, 600);
    archive.used += 600;
    add(file("b", "2"));
    add(file("./TRAILER!!!", "not one"));
    add(trailer());
    add(trailer());
    memset(archive.bytes + archive.used, 0, 13);
    archive.used += 13;
    EXPECT_ERR(read_all(archive.bytes, archive.used, &entry, &count), ERR_NOT_FOUND);
    EXPECT_EQ(count, 3);
}

TEST(malformed_headers_are_refused)
{
    refused = 0;
    static const char *const magics[] = { "070700", "070703", "070707",
                                          "170701", "0 0701", "07a701",
                                          "070x01", "0707a1", "\x30\x37\x30\x37\x30\xb1",
                                          "cpio!!" };
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
        struct fields f = file("x", "data");
        f.magic = magics[i];
        expect_refused(f, "an entry has a wrong magic number");
    }
    /* Every digit of the header, each with characters next to the hexadecimal ones. */
    static const char bad_digits[] = "/:@G`g \x01\x7f\xb0\xff\xe1-x";
    for (size_t i = 6; i < CPIO_HEADER_BYTES; i++) {
        begin();
        add(file("x", "data"));
        add(trailer());
        archive.bytes[i] = bad_digits[i % (sizeof bad_digits - 1)];
        expect_refused_bytes(archive.bytes, archive.used, "a header field is not hexadecimal");
    }
    begin();
    add(file("x", "data"));
    add(trailer());
    for (size_t i = 0; i < sizeof bad_digits - 1; i++) {
        archive.bytes[6] = bad_digits[i];
        expect_refused_bytes(archive.bytes, archive.used, "a header field is not hexadecimal");
    }
    test_note("cpio: %d malformed headers refused", refused);
}

TEST(archives_that_end_too_early_are_refused_at_every_length)
{
    refused = 0;
    begin();
    add(file("name", "some data"));
    size_t first = archive.used;
    add(trailer());
    expect_refused_bytes(archive.bytes, 0, "the archive ends without its trailer");
    for (size_t size = 1; size < CPIO_HEADER_BYTES; size++)
        expect_refused_bytes(archive.bytes, size, "the archive ends inside a header");
    for (size_t size = CPIO_HEADER_BYTES; size < CPIO_HEADER_BYTES + 5; size++)
        expect_refused_bytes(archive.bytes, size, "the archive ends inside a name");
    for (size_t size = CPIO_HEADER_BYTES + 5; size < first - 3; size++)
        expect_refused_bytes(archive.bytes, size, "the archive ends inside a file");
    for (size_t size = first - 3; size <= first; size++)
        expect_refused_bytes(archive.bytes, size, "the archive ends without its trailer");
    for (size_t size = first + 1; size < first + CPIO_HEADER_BYTES; size++)
        expect_refused_bytes(archive.bytes, size, "the archive ends inside a header");
    test_note("cpio: %d torn archives refused", refused);
}

TEST(malformed_names_are_refused)
{
    refused = 0;
    static const char *const tricks[] = { "..",   "../x",      "a/..",      "a/../b", "/..",
                                          "./..", "a/b/../..", "//..//etc", ".././x" };
    for (size_t i = 0; i < ARRAY_LENGTH(tricks); i++)
        expect_refused(file(tricks[i], "x"), "an entry's name holds a .. component");
    struct fields f = file("", "");
    expect_refused(f, "an entry has an empty name");
    f.name_bytes = 0;
    expect_refused(f, "an entry has an empty name");
    f.name_bytes = 5;
    expect_refused(f, "an entry has an empty name");
    f = file("abc", "x");
    for (f.name_bytes = 1; f.name_bytes < 4; f.name_bytes++)
        expect_refused(f, "an entry's name lacks its NUL");
    f = file("abc", "xxxxxxxx");
    f.name_bytes = 8; /* reaches into the data */
    begin();
    add(f);
    add(trailer());
    archive.bytes[CPIO_HEADER_BYTES + 5] = 'y';
    expect_refused_bytes(archive.bytes, archive.used, "an entry's name goes on behind its NUL");
    static const uint32_t long_names[] = {
        4097, 5000, 0x10000, 0x7fffffff, 0x80000000, 0xffffff91, 0xffffffff
    };
    for (size_t i = 0; i < ARRAY_LENGTH(long_names); i++) {
        f = file("abc", "x");
        f.name_bytes = long_names[i];
        expect_refused(f, "an entry's name is too long");
    }
    static const char *const root_names[] = { ".", "/", "./.", "//" };
    for (size_t i = 0; i < ARRAY_LENGTH(root_names); i++)
        expect_refused(file(root_names[i], "x"), "the root is not a directory");
    test_note("cpio: %d malformed names refused", refused);
}

TEST(the_longest_name_fits_and_one_more_byte_does_not)
{
    static char name[4098];
    memset(name, 'n', 4095);
    expect_accepted(file(name, "x"), name);
    name[4095] = 'n';
    expect_refused(file(name, "x"), "an entry's name is too long");
}

TEST(malformed_sizes_and_types_are_refused)
{
    refused = 0;
    static const uint32_t sizes[] = { 1000, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct fields f = file("x", "data");
        f.file_bytes = sizes[i];
        expect_refused(f, "the archive ends inside a file");
        f.mode = 040755;
        expect_refused(f, "the archive ends inside a file");
    }
    for (uint32_t type = 0; type < 16; type++) {
        if (type == 1 || type == 2 || type == 4 || type == 6 || type == 8 || type == 10) continue;
        expect_refused(special("x", type << 12 | 0644), "an entry has an unknown file type");
    }
    for (int bit = 16; bit < 32; bit++)
        expect_refused(special("x", 0100644 | 1u << bit), "an entry has an absurd mode");
    static const uint32_t dataless[] = { CPIO_FIFO, CPIO_CHARACTER_DEVICE, CPIO_DIRECTORY,
                                         CPIO_BLOCK_DEVICE };
    for (size_t i = 0; i < ARRAY_LENGTH(dataless); i++) {
        struct fields f = file("x", "data");
        f.mode = dataless[i] | 0644;
        expect_refused(f, "an entry that is no file has data");
    }
    struct fields link = special("x", 0120777);
    expect_refused(link, "a symbolic link has no target");
    static char target[4200];
    memset(target, 't', 4096);
    link = file("x", target);
    link.mode = 0120777;
    expect_refused(link, "a symbolic link's target is too long");
    link = file("x", "tar?get");
    link.mode = 0120777;
    begin();
    add(link);
    add(trailer());
    *(char *)memchr(archive.bytes + CPIO_HEADER_BYTES, '?', 20) = 0;
    expect_refused_bytes(archive.bytes, archive.used, "a symbolic link's target holds a NUL");
    test_note("cpio: %d malformed sizes and types refused", refused);
}

TEST(malformed_trailers_and_joints_are_refused)
{
    refused = 0;
    struct fields end = trailer();
    end.data = "xx", end.file_bytes = 2;
    begin();
    add(end);
    expect_refused_bytes(archive.bytes, archive.used, "the trailer has data");
    begin();
    add(trailer());
    archive.bytes[archive.used++] = 'x';
    expect_refused_bytes(archive.bytes, archive.used, "the archive ends inside a header");
    for (size_t shift = 1; shift < 4; shift++) {
        begin();
        add(trailer());
        memset(archive.bytes + archive.used, 0, shift);
        archive.used += shift;
        add(trailer());
        expect_refused_bytes(archive.bytes, archive.used,
                             "an archive starts at an offset that is no multiple of 4");
    }
    begin();
    add(trailer());
    memset(archive.bytes + archive.used, 'z', 200);
    expect_refused_bytes(archive.bytes, archive.used + 200, "an entry has a wrong magic number");
    test_note("cpio: %d malformed trailers refused", refused);
}

/* ---- the machine's own cpio ---- */

static size_t run(const char *command, char *out, size_t capacity)
{
    FILE *pipe = popen(command, "r");
    size_t used = pipe ? fread(out, 1, capacity, pipe) : 0;
    return pipe && pclose(pipe) == 0 ? used : 0;
}

TEST(archives_of_the_cpio_program_are_read_with_links_and_padding)
{
    static char out[1 << 16];
    size_t size =
        run("command -v cpio >/dev/null && D=$(mktemp -d) && cd $D && mkdir -p a/b && echo hello >a/b/c && "
            "ln a/b/c a/d && ln -s ../x l && mkfifo p && "
            "(find . | LC_ALL=C sort | cpio -o -H newc; echo a/b/c | cpio -o -H crc) 2>/dev/null; "
            "S=$?; rm -rf $D; exit $S",
            out, sizeof out);
    if (size == 0) {
        test_note("skipped: there is no cpio program");
        return;
    }
    struct cpio_reader reader;
    struct cpio_entry entry, first_link = { 0 };
    static const struct {
        const char *name;
        uint32_t type, data_bytes;
    } expected[] = {
        { "", CPIO_DIRECTORY, 0 },    { "a", CPIO_DIRECTORY, 0 },   { "a/b", CPIO_DIRECTORY, 0 },
        { "a/b/c", CPIO_REGULAR, 0 }, { "a/d", CPIO_REGULAR, 6 },   { "l", CPIO_SYMLINK, 4 },
        { "p", CPIO_FIFO, 0 },        { "a/b/c", CPIO_REGULAR, 6 },
    };
    cpio_reader_init(&reader, out, size);
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        EXPECT_OK(cpio_next(&reader, &entry, &why));
        EXPECT(entry.name_bytes == strlen(expected[i].name) &&
               memcmp(entry.name, expected[i].name, entry.name_bytes) == 0);
        EXPECT_EQ(entry.type, expected[i].type);
        EXPECT_EQ(entry.data_bytes, expected[i].data_bytes);
        if (i == 3) first_link = entry;
        if (i == 4) EXPECT(entry.inode == first_link.inode && entry.nlink == 2 && first_link.nlink == 2);
    }
    EXPECT_ERR(cpio_next(&reader, &entry, &why), ERR_NOT_FOUND);
}
