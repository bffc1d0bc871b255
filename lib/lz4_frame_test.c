/* SPDX-License-Identifier: Apache-2.0 */
/* Frames made here byte by byte, and frames of the machine's lz4 program in all its variants. */
#include "lib/bits.h"
#include "lib/lz4_frame.h"
#include "lib/xxh32.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INDEPENDENT = 0x20, BLOCK_CHECKSUMS = 0x10, CONTENT_SIZE = 8, CONTENT_CHECKSUM = 4, DICTIONARY = 1 };

static struct {
    uint8_t bytes[1 << 12];
    size_t used;
} packed;

static const char *why;
static int refused;

static void put(const void *bytes, size_t count)
{
    memcpy(packed.bytes + packed.used, bytes, count);
    packed.used += count;
}

static void put_u32(uint32_t value)
{
    store_u32(packed.bytes + packed.used, value);
    packed.used += 4;
}

static void begin_frame(uint8_t flags, uint8_t block_code, uint64_t content_bytes)
{
    put_u32(0x184d2204);
    uint8_t *start = packed.bytes + packed.used;
    uint8_t descriptor[] = { (uint8_t)(0x40 | flags), (uint8_t)(block_code << 4) };
    put(descriptor, 2);
    if (flags & CONTENT_SIZE) put(&content_bytes, 8);
    uint8_t checksum = (uint8_t)(xxh32(start, (size_t)(packed.bytes + packed.used - start), 0) >> 8);
    put(&checksum, 1);
}

static const char block[] = "\x4f"
                            "abcd"
                            "\x04\x00"
                            "\x05"
                            "\x50"
                            "vwxyz"; /* abcd, 24 bytes of it again, vwxyz */
static const char block_contents[] = "abcdabcdabcdabcdabcdabcdabcdvwxyz";
enum { BLOCK = sizeof block - 1, CONTENTS = sizeof block_contents - 1 };

/* One block, all checksums. */
static void build(void)
{
    packed.used = 0;
    begin_frame(INDEPENDENT | BLOCK_CHECKSUMS | CONTENT_SIZE | CONTENT_CHECKSUM, 4, CONTENTS);
    put_u32(BLOCK);
    put(block, BLOCK);
    put_u32(xxh32(block, BLOCK, 0));
    put_u32(0);
    put_u32(xxh32(block_contents, CONTENTS, 0));
}
enum {
    HEADER = 15,
    BLOCK_AT = HEADER + 4,
    BLOCK_SUM_AT = BLOCK_AT + BLOCK,
    CONTENT_SUM_AT = BLOCK_SUM_AT + 8
};

static void build_legacy(void)
{
    packed.used = 0;
    put_u32(0x184c2102);
    put_u32(BLOCK);
    put(block, BLOCK);
}

/* Both walks, in blocks of exact size. */
static err_t unpack(size_t size, char *out, size_t capacity, size_t *out_bytes)
{
    uint8_t *copy = malloc(size ? size : 1);
    char *exact = malloc(capacity ? capacity : 1);
    uint64_t content_bytes = 0;
    memcpy(copy, packed.bytes, size);
    why = "";
    err_t sized = lz4_frame_content_bytes(copy, size, &content_bytes, &why);
    err_t e = lz4_frame_decompress(copy, size, exact, capacity, out_bytes, &why);
    if (!failed(e)) {
        EXPECT_OK(sized);
        EXPECT_EQ(content_bytes, *out_bytes);
        memcpy(out, exact, *out_bytes);
    }
    free(exact);
    free(copy);
    return e;
}

static void expect_contents(const char *expected)
{
    char out[1024];
    size_t bytes = 0;
    EXPECT_OK(unpack(packed.used, out, strlen(expected), &bytes));
    EXPECT(bytes == strlen(expected) && memcmp(out, expected, bytes) == 0);
}

static void expect_refused_size(size_t size, const char *reason)
{
    char out[1024];
    size_t bytes;
    EXPECT_ERR(unpack(size, out, sizeof out, &bytes), ERR_INVALID);
    EXPECT_STR(why, reason);
    refused++;
}
static void expect_refused(const char *reason) { expect_refused_size(packed.used, reason); }

TEST(xxh32_gives_the_published_values)
{
    EXPECT_EQ(xxh32("", 0, 0), 0x02cc5d05);
    EXPECT_EQ(xxh32("", 0, 0x9e3779b1), 0x36b78ae7);
    EXPECT_EQ(xxh32("abc", 3, 0), 0x32d153ff);
    EXPECT_EQ(xxh32("Nobody inspects the spammish repetition", 39, 0), 0xe2293b2f);
}

TEST(both_formats_are_unpacked)
{
    build();
    expect_contents(block_contents);
    build_legacy();
    expect_contents(block_contents);
    packed.used = 0;
    begin_frame(INDEPENDENT, 4, 0);
    put_u32(0x80000000 | 5);
    put("plain", 5);
    put_u32(BLOCK);
    put(block, BLOCK);
    put_u32(0);
    expect_contents("plainabcdabcdabcdabcdabcdabcdabcdvwxyz");
    packed.used = 0;
    begin_frame(INDEPENDENT, 7, 0); /* an empty frame */
    put_u32(0);
    expect_contents("");
}

TEST(an_empty_block_needs_no_room)
{
    for (uint8_t token = 0; token < 16; token++) {
        build_legacy();
        put_u32(1);
        put(&token, 1);
        expect_contents(block_contents);
    }
}

TEST(a_linked_block_refers_to_the_block_before_but_not_to_another_frame)
{
    /* 6 bytes from 5 back, then plain ones: a block's last match starts 12 bytes or more from its end. */
    static const char referring[] = "\x02\x05\x00\xa0"
                                    "1234567890";
    packed.used = 0;
    begin_frame(0, 4, 0);
    put_u32(0x80000000 | 5);
    put("plain", 5);
    put_u32(sizeof referring - 1);
    put(referring, sizeof referring - 1);
    put_u32(0);
    expect_contents("plainplainp1234567890");
    refused = 0;
    for (int linked = 0; linked < 2; linked++) {
        build();
        begin_frame(linked ? 0 : INDEPENDENT, 4, 0);
        put_u32(sizeof referring - 1);
        put(referring, sizeof referring - 1);
        put_u32(0);
        expect_refused("an LZ4 block refers to data in front of the frame");
    }
}

TEST(frames_may_follow_each_other_with_skippable_ones_and_padding)
{
    build();
    put_u32(0x184d2a57);
    put_u32(3);
    put("xyz", 3);
    put_u32(0x184c2102);
    put_u32(BLOCK);
    put(block, BLOCK);
    put_u32(0x184c2102);
    put_u32(BLOCK);
    put(block, BLOCK);
    put("\0\0\0\0\0\0\0", 7);
    char expected[200];
    snprintf(expected, sizeof expected, "%s%s%s", block_contents, block_contents, block_contents);
    expect_contents(expected);
    for (size_t padding = 0; padding < 9; padding++) {
        build_legacy();
        put("\0\0\0\0\0\0\0\0", padding);
        expect_contents(block_contents);
    }
}

TEST(contents_that_do_not_fit_are_refused_without_a_byte_too_many)
{
    char out[64];
    size_t bytes;
    for (size_t capacity = 0; capacity < CONTENTS; capacity++) {
        build();
        EXPECT_ERR(unpack(packed.used, out, capacity, &bytes), ERR_NO_SPACE);
        EXPECT_STR(why, "the LZ4 contents do not fit");
        build_legacy();
        EXPECT_ERR(unpack(packed.used, out, capacity, &bytes), ERR_NO_SPACE);
    }
    packed.used = 0;
    begin_frame(INDEPENDENT, 4, 0);
    put_u32(0x80000000 | 5);
    put("plain", 5);
    put_u32(0);
    EXPECT_ERR(unpack(packed.used, out, 4, &bytes), ERR_NO_SPACE);
}

TEST(torn_and_damaged_frames_are_refused)
{
    refused = 0;
    build();
    for (size_t size = 0; size < 4; size++) expect_refused_size(size, "not LZ4 data");
    for (size_t size = 4; size < HEADER; size++)
        expect_refused_size(size, "the LZ4 data ends inside a frame header");
    for (size_t size = HEADER; size < BLOCK_AT; size++)
        expect_refused_size(size, "the LZ4 data ends inside a frame");
    for (size_t size = BLOCK_AT; size < BLOCK_SUM_AT + 4; size++)
        expect_refused_size(size, "the LZ4 data ends inside a block");
    for (size_t size = BLOCK_SUM_AT + 4; size < CONTENT_SUM_AT; size++)
        expect_refused_size(size, "the LZ4 data ends inside a frame");
    for (size_t size = CONTENT_SUM_AT; size < packed.used; size++)
        expect_refused_size(size, "the LZ4 data ends in front of a frame's checksum");
    for (size_t at = 0; at < packed.used; at++) {
        build();
        packed.bytes[at] ^= 0x40;
        char out[1024];
        size_t bytes;
        EXPECT_ERR(unpack(packed.used, out, sizeof out, &bytes), ERR_INVALID); /* no byte goes unchecked */
        EXPECT(why[0] != 0);
        refused++;
    }
    build_legacy();
    for (size_t size = 5; size < 8; size++) expect_refused_size(size, "the LZ4 data ends inside a block");
    for (size_t size = 8; size < packed.used; size++)
        expect_refused_size(size, "the LZ4 data ends inside a block");
    test_note("lz4: %d torn and damaged frames refused", refused);
}

TEST(wrong_headers_and_blocks_are_refused)
{
    refused = 0;
    packed.used = 0;
    begin_frame(INDEPENDENT | DICTIONARY, 4, 0);
    expect_refused("an LZ4 frame wants a dictionary");
    packed.used = 0;
    begin_frame(INDEPENDENT | 2, 4, 0);
    expect_refused("an LZ4 frame has reserved bits set");
    for (uint8_t code = 8; code < 16; code++) {
        packed.used = 0;
        begin_frame(INDEPENDENT, code, 0);
        expect_refused("an LZ4 frame has reserved bits set");
    }
    for (uint8_t code = 0; code < 4; code++) {
        packed.used = 0;
        begin_frame(INDEPENDENT, code, 0);
        expect_refused("an LZ4 frame has an unknown block size");
    }
    static const uint8_t versions[] = { 0x00, 0x80, 0xc0 };
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
        build();
        packed.bytes[4] = (uint8_t)((packed.bytes[4] & 0x3f) | versions[i]);
        expect_refused("an LZ4 frame has an unknown version");
    }
    for (int bit = 0; bit < 8; bit++) {
        build();
        packed.bytes[HEADER - 1] ^= (uint8_t)(1 << bit);
        expect_refused("an LZ4 frame header has a wrong checksum");
    }
    static const uint32_t sizes[] = { 65537, 1 << 20, 0x7fffffff, 0xffffffff, 0x80010001 };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        build();
        store_u32(packed.bytes + HEADER, sizes[i]);
        expect_refused("an LZ4 block is too large");
        build_legacy();
        store_u32(packed.bytes + 4, sizes[i] | 0x80000000);
        expect_refused("an LZ4 block is too large");
    }
    static const uint64_t announced[] = { 0, CONTENTS - 1, CONTENTS + 1, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_LENGTH(announced); i++) {
        packed.used = 0;
        begin_frame(INDEPENDENT | CONTENT_SIZE, 4, announced[i]);
        put_u32(BLOCK);
        put(block, BLOCK);
        put_u32(0);
        expect_refused("an LZ4 frame's contents do not have the size it announced");
    }
    static const struct {
        const char *bytes;
        uint32_t count;
    } torn[] = {
        { "\xf0", 1 },
        { "\xf0\xff\xff", 3 },
        { "\x50"
          "abc",
          4 },
        { "\x10"
          "a"
          "\x01",
          3 },
        { "\x1f"
          "a"
          "\x01\x00",
          4 },
        { "\x1f"
          "a"
          "\x01\x00\xff\xff",
          6 },
        { "\x10"
          "a"
          "\x01\x00",
          4 },
        { "", 0 },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(torn); i++) {
        packed.used = 0;
        begin_frame(INDEPENDENT | BLOCK_CHECKSUMS, 4, 0);
        put_u32(torn[i].count ? torn[i].count : 0x7fffffff);
        put(torn[i].bytes, torn[i].count);
        put_u32(xxh32(torn[i].bytes, torn[i].count, 0));
        put_u32(0);
        expect_refused(torn[i].count ? "an LZ4 block is torn" : "an LZ4 block is too large");
    }
    build();
    put("junk", 4);
    expect_refused("no LZ4 frame where one should start");
    build();
    put_u32(0x184d2a50);
    put_u32(1);
    expect_refused("the LZ4 data ends inside a skippable frame");
    test_note("lz4: %d wrong headers and blocks refused", refused);
}

TEST(a_block_that_grows_beyond_its_frames_limit_is_refused)
{
    refused = 0;
    packed.used = 0;
    begin_frame(INDEPENDENT, 4, 0);
    uint8_t grown[600] = { 0x1f, 'a', 1, 0 }; /* one byte, repeated 65,536 + ... times */
    memset(grown + 4, 255, 300);
    grown[304] = 0;
    memcpy(grown + 305,
           "\x50"
           "12345",
           6);
    put_u32(311);
    put(grown, 311);
    put_u32(0);
    static char out[128 << 10];
    size_t bytes;
    EXPECT_ERR(unpack(packed.used, out, sizeof out, &bytes), ERR_INVALID);
    EXPECT_STR(why, "an LZ4 block's contents are too large");
}

TEST(files_of_the_lz4_program_are_unpacked_in_every_variant)
{
    static const char *const options[] = {
        "-1", "-9", "-l", "-l -9", "-9 -BD", "-B4", "-B5 -BX", "--content-size", "--no-frame-crc"
    };
    if (system("command -v lz4 >/dev/null") != 0) {
        test_note("skipped: there is no lz4 program");
        return;
    }
    /* Text with long and short repetitions, larger than the smaller blocks and the window. */
    enum { TEXT = 300000, PACKED_MAX = 400000 };
    char *text = malloc(TEXT), *out = malloc(TEXT);
    uint8_t *in = malloc(PACKED_MAX);
    uint32_t state = 1;
    for (size_t i = 0; i < TEXT; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = i > 1000 && state >> 30 ? text[i - 997] : (char)('a' + (state >> 24) % 16);
    }
    char path[] = "/tmp/lz4_frame_test.XXXXXX", command[128];
    int fd = mkstemp(path);
    EXPECT(fd >= 0 && write(fd, text, TEXT) == TEXT);
    close(fd);
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        snprintf(command, sizeof command, "lz4 -q -c %s %s", options[i], path);
        FILE *pipe = popen(command, "r");
        size_t size = pipe ? fread(in, 1, PACKED_MAX, pipe) : 0, bytes = 0;
        EXPECT_EQ(pipe ? pclose(pipe) : 1, 0);
        uint64_t content_bytes = 0;
        why = "";
        EXPECT_OK(lz4_frame_content_bytes(in, size, &content_bytes, &why));
        EXPECT_EQ(content_bytes, TEXT);
        EXPECT_OK(lz4_frame_decompress(in, size, out, TEXT, &bytes, &why));
        EXPECT(bytes == TEXT && memcmp(out, text, TEXT) == 0);
    }
    unlink(path);
    free(text), free(out), free(in);
}
