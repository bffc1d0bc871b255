/* SPDX-License-Identifier: Apache-2.0 */
#include "safetensors.h"

#include "tests/harness/test.h"

#include <string.h>

static struct safetensors file;
static struct error error;

/* A file with that header and that many bytes of data, every byte its own offset. */
static bool parses(const char *header, size_t data_bytes)
{
    static uint8_t bytes[1024];
    size_t length = strlen(header);
    memset(bytes, 0, 8);
    bytes[0] = (uint8_t)length;
    bytes[1] = (uint8_t)(length >> 8);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data_bytes; i++) bytes[8 + length + i] = (uint8_t)i;
    return safetensors_parse(&file, bytes, 8 + length + data_bytes, &error);
}

static void expect_refused(const char *header, size_t data_bytes, const char *why)
{
    EXPECT(!parses(header, data_bytes));
    EXPECT(strstr(error.text, why));
}

TEST(safetensors_finds_a_tensor_by_its_name)
{
    EXPECT(parses("{\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[8,12]},"
                  "\"__metadata__\":{\"format\":\"pt\"},"
                  "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}   ",
                  12));
    const struct tensor *a = safetensors_find(&file, "a"), *b = safetensors_find(&file, "b");
    EXPECT(file.count == 2 && a && b && !safetensors_find(&file, "c"));
    EXPECT(a->type == TENSOR_F32 && a->rank == 2 && a->shape[0] == 1 && a->shape[1] == 2);
    EXPECT(a->data[0] == 0 && b->type == TENSOR_F16 && b->data[0] == 8);
    safetensors_free(&file);
}

TEST(safetensors_takes_a_scalar_and_an_empty_tensor)
{
    EXPECT(parses("{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                  "\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}}",
                  4));
    safetensors_free(&file);
}

TEST(safetensors_refuses_a_torn_file)
{
    const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    expect_refused(header, 7, "ends 1 bytes after the file");
    expect_refused(header, 9, "belong to no tensor");
    uint8_t bytes[12] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{' };
    EXPECT(!safetensors_parse(&file, bytes, 7, &error));
    EXPECT(!safetensors_parse(&file, bytes, 12, &error));
    memcpy(bytes, "\5\0\0\0\0\0\0\0", 8);
    EXPECT(!safetensors_parse(&file, bytes, 12, &error));
}

TEST(safetensors_refuses_overlaps_holes_and_reversed_offsets)
{
#define TWO(from, to)                                                 \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}," \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" from "," to "]}}"
    expect_refused(TWO("2", "6"), 6, "overlaps");
    expect_refused(TWO("5", "9"), 9, "hole");
    expect_refused(TWO("8", "4"), 8, "data_offsets");
    expect_refused(TWO("-4", "0"), 8, "data_offsets");
    EXPECT(parses(TWO("4", "8"), 8));
    safetensors_free(&file);
}

TEST(safetensors_refuses_shapes_that_overflow_or_disagree)
{
#define SHAPED(shape, end) "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[0," end "]}}"
    expect_refused(SHAPED("[4294967296,4294967296]", "0"), 0, "shape");
    expect_refused(SHAPED("[4611686018427387904]", "0"), 0, "shape");
    expect_refused(SHAPED("[3]", "8"), 8, "disagree");
    expect_refused(SHAPED("[-2]", "8"), 8, "shape");
    expect_refused(SHAPED("[1.5]", "6"), 6, "shape");
    expect_refused(SHAPED("[1,1,1,1,1,1,1,1,1]", "4"), 4, "shape");
    expect_refused(SHAPED("2", "8"), 8, "shape");
}

TEST(safetensors_refuses_headers_that_are_none)
{
    expect_refused("[]", 0, "no JSON object");
    expect_refused("{", 0, "JSON, byte");
    expect_refused("{\"a\":1}", 0, "dtype");
    expect_refused("{\"a\":{\"dtype\":\"F31\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "dtype");
    expect_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
                   "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                   0, "twice");
}

TEST(safetensors_error_text_cannot_drive_a_terminal)
{
    EXPECT(!parses("{\"\\u001b[2J\":1}", 0));
    EXPECT(!strchr(error.text, 0x1b));
}
