/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader against archives built byte by byte. */
#include "host/ck/tar.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/test.h"

enum { ARCHIVE_MAX = 64 << 10, BLOCK = 512 };

static uint8_t archive[ARCHIVE_MAX];
static size_t archive_bytes;
static struct tar_reader reader;
static struct tar_entry entry;

static void begin(void)
{
    memset(archive, 0, sizeof archive);
    archive_bytes = 0;
}

static void set_field(uint8_t *header, size_t at, const char *text)
{
    memcpy(header + at, text, strlen(text));
}

static void seal(uint8_t *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

/* A header with `data` behind it; returns the header, to be changed and sealed again. */
static uint8_t *add_bytes(char type, const char *name, const void *data, size_t bytes)
{
    uint8_t *header = archive + archive_bytes;
    set_field(header, 0, name);
    set_field(header, 100, "0000644");
    set_field(header, 108, "0000001");
    set_field(header, 116, "0000002");
    snprintf((char *)header + 124, 12, "%011zo", bytes);
    set_field(header, 136, "00000001750");
    header[156] = (uint8_t)type;
    memcpy(header + 257, "ustar\00000", 8);
    seal(header);
    memcpy(header + BLOCK, data, bytes);
    archive_bytes += BLOCK + align_up(bytes, BLOCK);
    return header;
}

static uint8_t *add(char type, const char *name, const char *data)
{
    return add_bytes(type, name, data, strlen(data));
}

static uint8_t *add_link(char type, const char *name, const char *target)
{
    uint8_t *header = add(type, name, "");
    set_field(header, 157, target);
    seal(header);
    return header;
}

static void end(void)
{
    archive_bytes += 2 * BLOCK;
    tar_init(&reader, archive, archive_bytes);
}

static enum tar_step first(void)
{
    end();
    return tar_next(&reader, &entry);
}

/* The archive is refused, and the reason holds `part`. */
static void expect_broken(const char *part)
{
    EXPECT_EQ(tar_next(&reader, &entry), TAR_BROKEN);
    EXPECT(reader.why && strstr(reader.why, part));
    EXPECT_EQ(tar_next(&reader, &entry), TAR_BROKEN);
}

TEST(tar_hands_out_a_file_with_its_attributes_and_data)
{
    begin();
    add('0', "dir/file", "hello");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(entry.kind, TAR_FILE);
    EXPECT_STR(entry.path, "dir/file");
    EXPECT_STR(entry.link, "");
    EXPECT_EQ(entry.mode, 0644);
    EXPECT_EQ(entry.uid, 1);
    EXPECT_EQ(entry.gid, 2);
    EXPECT_EQ(entry.mtime_s, 1000);
    EXPECT_EQ(entry.bytes, 5);
    EXPECT(memcmp(entry.data, "hello", 5) == 0);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_END);
}

TEST(tar_tells_the_kinds_of_entries_apart)
{
    static const struct {
        char type;
        enum tar_kind kind;
    } cases[] = { { '0', TAR_FILE },      { '\0', TAR_FILE },        { '7', TAR_FILE },
                  { '1', TAR_HARD_LINK }, { '2', TAR_SYMLINK },      { '3', TAR_CHARACTER_DEVICE },
                  { '5', TAR_DIRECTORY }, { '4', TAR_BLOCK_DEVICE }, { '6', TAR_FIFO } };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        add_link(cases[i].type, "name", "target");
        EXPECT_EQ(first(), TAR_ENTRY);
        EXPECT_EQ(entry.kind, cases[i].kind);
        bool is_link = entry.kind == TAR_HARD_LINK || entry.kind == TAR_SYMLINK;
        EXPECT_STR(entry.link, is_link ? "target" : "");
    }
}

TEST(tar_takes_an_old_file_whose_name_ends_in_a_slash_for_a_directory)
{
    begin();
    add('\0', "old/", "");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(entry.kind, TAR_DIRECTORY);
}

TEST(tar_joins_prefix_and_name_in_posix_archives_only)
{
    begin();
    uint8_t *header = add('0', "name", "");
    set_field(header, 345, "prefix");
    seal(header);
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_STR(entry.path, "prefix/name");

    memcpy(header + 257, "ustar  ", 8); /* GNU: other things are there */
    seal(header);
    tar_init(&reader, archive, archive_bytes);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_STR(entry.path, "name");
}

TEST(tar_reads_names_that_fill_their_fields)
{
    char name[101] = { 0 }, prefix[156] = { 0 };
    memset(name, 'n', 100);
    memset(prefix, 'p', 155);
    begin();
    uint8_t *header = add('0', name, "");
    set_field(header, 345, prefix);
    seal(header);
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(strlen(entry.path), 256);
    EXPECT_EQ(entry.path[155], '/');
}

TEST(tar_applies_gnu_long_names_to_the_next_entry_only)
{
    char path[601], target[701];
    memset(path, 'a', 600);
    memset(target, 'b', 700);
    path[600] = target[700] = '\0';
    begin();
    add_bytes('L', "././@LongLink", path, sizeof path);
    add_bytes('K', "././@LongLink", target, sizeof target);
    add_link('2', "short", "short target");
    add_link('2', "next", "next target");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_STR(entry.path, path);
    EXPECT_STR(entry.link, target);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_STR(entry.path, "next");
    EXPECT_STR(entry.link, "next target");
}

TEST(tar_applies_pax_records_to_the_next_entry_only)
{
    begin();
    add('x', "pax",
        "15 path=a=b\nc/d\n19 linkpath=target\n12 uid=4000\n20 mtime=1234.56789\n19 comment=ignored\n");
    add_link('2', "short", "t");
    add('0', "next", "");
    EXPECT_EQ(first(), TAR_BROKEN); /* 15 is one byte short of the record with a newline in it */

    begin();
    add('x', "pax", "16 path=a=b\nc/d\n19 linkpath=target\n12 uid=4000\n20 mtime=1234.56789\n");
    add_link('2', "short", "t");
    add('0', "next", "");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_STR(entry.path, "a=b\nc/d");
    EXPECT_STR(entry.link, "target");
    EXPECT_EQ(entry.uid, 4000);
    EXPECT_EQ(entry.mtime_s, 1234);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_STR(entry.path, "next");
    EXPECT_EQ(entry.uid, 1);
}

TEST(tar_lets_a_pax_size_override_the_header)
{
    begin();
    add('x', "pax", "10 size=3\n");
    uint8_t *header = add('0', "file", "abc");
    set_field(header, 124, "00000000000");
    seal(header);
    add('0', "next", "");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(entry.bytes, 3);
    EXPECT(memcmp(entry.data, "abc", 3) == 0);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_STR(entry.path, "next");
}

TEST(tar_skips_global_headers_and_volume_names)
{
    begin();
    add('g', "pax_global_header", "19 comment=anything\n");
    add('V', "volume", "");
    add('0', "file", "");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_STR(entry.path, "file");
}

TEST(tar_gives_links_and_directories_no_data_whatever_size_they_claim)
{
    begin();
    uint8_t *header = add_link('1', "link", "target");
    set_field(header, 124, "00000001000");
    seal(header);
    add('0', "next", "");
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(entry.bytes, 0);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_STR(entry.path, "next");
}

TEST(tar_reads_numbers_that_octal_cannot_hold)
{
    begin();
    uint8_t *header = add('0', "file", "");
    memcpy(header + 108, "\x80\0\0\0\xff\xff\xff\xff", 8);
    memcpy(header + 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12); /* before 1970 */
    seal(header);
    EXPECT_EQ(first(), TAR_ENTRY);
    EXPECT_EQ(entry.uid, UINT32_MAX);
    EXPECT_EQ(entry.mtime_s, 0);
}

TEST(tar_accepts_checksums_over_signed_bytes)
{
    begin();
    uint8_t *header = add('0', "f\xc3\xbc", "");
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += (unsigned)(int8_t)header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    EXPECT_EQ(first(), TAR_ENTRY);
}

TEST(tar_accepts_one_block_of_zeroes_as_the_end)
{
    begin();
    add('0', "file", "");
    tar_init(&reader, archive, archive_bytes + BLOCK);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_ENTRY);
    EXPECT_EQ(tar_next(&reader, &entry), TAR_END);
}

TEST(tar_refuses_an_archive_that_is_cut_off_anywhere)
{
    begin();
    add('x', "pax", "10 path=a\n");
    add('0', "file", "data that is there");
    end();
    for (size_t bytes = 0; bytes < archive_bytes - BLOCK; bytes++) {
        tar_init(&reader, archive, bytes);
        enum tar_step step;
        while ((step = tar_next(&reader, &entry)) == TAR_ENTRY)
            EXPECT(entry.data + entry.bytes <= archive + bytes);
        if (bytes < archive_bytes - 2 * BLOCK || bytes > archive_bytes - 2 * BLOCK)
            EXPECT_EQ(step, TAR_BROKEN);
    }
}

TEST(tar_refuses_any_flipped_bit_in_a_header)
{
    begin();
    add('0', "file", "");
    end();
    for (size_t bit = 0; bit < BLOCK * 8; bit++) {
        bool is_in_checksum = bit / 8 >= 148 && bit / 8 < 156;
        archive[bit / 8] ^= (uint8_t)(1 << bit % 8);
        tar_init(&reader, archive, archive_bytes);
        if (!is_in_checksum) EXPECT_EQ(tar_next(&reader, &entry), TAR_BROKEN);
        archive[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(tar_refuses_malformed_numbers)
{
    static const struct {
        size_t at;
        const char *text;
        const char *why;
    } cases[] = { { 100, "rw-r--r", "number that is none" },
                  { 108, "00008", "number that is none" },
                  { 116, "7 7", "number that is none" },
                  { 136, "-1", "number that is none" },
                  { 329, "x", "number that is none" },
                  { 124, "1 2", "not a number of bytes" },
                  { 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not a number of bytes" },
                  { 124, "77777777777", "longer than the rest" },
                  { 108, "\x80\x01\x01\x01\x01\x01\x01\x01", "more than 32 bits" } };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        uint8_t *header = add('0', "file", "");
        set_field(header, cases[i].at, cases[i].text);
        seal(header);
        end();
        expect_broken(cases[i].why);
    }
}

TEST(tar_refuses_malformed_pax_headers)
{
    static const char *const cases[][2] = {
        { "path=x\n", "do not add up" },
        { "0 path=x\n", "do not add up" },
        { "3 p\n", "do not add up" },
        { "11 path=x\n", "do not add up" },
        { "8 path=x\n", "do not add up" },
        { "10 path=x\n5", "do not add up" },
        { "99999999999999999999999999 path=x\n", "do not add up" },
        { "10\tpath=x\n", "do not add up" },
        { "8 pathx\n", "without '='" },
        { "11 size=xx\n", "number that is none" },
        { "8 size=\n", "number that is none" },
        { "11 size=-1\n", "negative size" },
        { "36 size=999999999999999999999999999\n", "number that is none" },
        { "22 GNU.sparse.major=1\n", "sparse" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        add('x', "pax", cases[i][0]);
        add('0', "file", "");
        end();
        expect_broken(cases[i][1]);
    }
}

TEST(tar_refuses_what_it_does_not_know)
{
    static const struct {
        char type;
        const char *why;
    } cases[] = { { 'S', "sparse" }, { 'M', "another volume" }, { 'Z', "unknown" }, { 'D', "unknown" } };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        add(cases[i].type, "name", "");
        end();
        expect_broken(cases[i].why);
    }
}

TEST(tar_refuses_entries_without_a_name_and_links_without_a_target)
{
    begin();
    add('0', "", "");
    end();
    expect_broken("without a name");
    begin();
    add('2', "link", "");
    end();
    expect_broken("without a target");
}

TEST(tar_refuses_names_longer_than_a_path_can_be)
{
    char path[5000];
    memset(path, 'a', sizeof path);
    begin();
    add_bytes('L', "././@LongLink", path, sizeof path);
    add('0', "file", "");
    end();
    expect_broken("longer than 4095");
}

TEST(tar_refuses_a_long_name_with_nothing_behind_it)
{
    begin();
    add('L', "././@LongLink", "name");
    end();
    expect_broken("no entry behind it");
}
