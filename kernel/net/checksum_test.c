/* SPDX-License-Identifier: Apache-2.0 */
#include "net/checksum.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness/test.h"

/* [rfc1071 4.1], word by word. */
static uint16_t reference(const uint8_t *data, size_t bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < bytes; i += 2) {
        sum += (uint32_t)data[i] | (uint32_t)data[i + 1] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    if (bytes & 1) sum += data[bytes - 1];
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* In a block of exactly its length, so that a byte too many is noticed. */
static bool is_right(const uint8_t *contents, size_t bytes, size_t offset)
{
    uint8_t *block = malloc(bytes + offset + 1);
    memcpy(block + offset, contents, bytes);
    block = realloc(block, bytes + offset ? bytes + offset : 1);
    bool is_same = net_checksum(block + offset, bytes) == reference(block + offset, bytes);
    free(block);
    return is_same;
}

TEST(the_checksum_is_that_of_the_specification_for_every_length_and_alignment)
{
    uint8_t contents[300];
    for (size_t i = 0; i < sizeof(contents); i++) contents[i] = (uint8_t)(i * 167 + 13);
    for (size_t bytes = 0; bytes <= sizeof(contents); bytes++)
        for (size_t offset = 0; offset < 16; offset++) EXPECT(is_right(contents, bytes, offset));
}

TEST(carries_go_around_as_often_as_they_come)
{
    static uint8_t contents[65535];
    memset(contents, 0xff, sizeof(contents));
    for (size_t bytes = 65000; bytes <= sizeof(contents); bytes++) EXPECT(is_right(contents, bytes, 1));
    contents[0] = 1;
    EXPECT(is_right(contents, 64, 0) && is_right(contents, 65535, 0));
}
