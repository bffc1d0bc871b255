/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bits.h"
#include "lib/random.h"
#include "lib/ring.h"
#include "tests/harness/test.h"

#include <string.h>

TEST(chacha20_gives_the_block_of_its_rfc)
{
    /* [rfc8439 2.3.2] key 00..1f, counter 1, nonce 000000090000004a00000000 */
    uint32_t state[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    for (uint32_t i = 0; i < 8; i++) state[4 + i] = 0x03020100 + 0x04040404 * i;
    state[12] = 1, state[13] = 0x09000000, state[14] = 0x4a000000;
    static const uint8_t expected[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
        0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
        0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
        0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
    };
    uint8_t block[64];
    chacha20_block(state, block);
    EXPECT(memcmp(block, expected, sizeof block) == 0);
}

TEST(equal_seeds_give_equal_bytes_and_different_seeds_different_ones)
{
    struct random a, b, c;
    uint8_t x[200], y[200], z[200];
    random_init(&a, "seed", 4);
    random_init(&b, "seed", 4);
    random_init(&c, "seed\0", 5);
    random_read(&a, x, sizeof x);
    random_read(&b, y, sizeof y);
    random_read(&c, z, sizeof z);
    EXPECT(memcmp(x, y, sizeof x) == 0);
    EXPECT(memcmp(x, z, sizeof x) != 0);
    random_mix(&b, "", 0);
    random_read(&a, x, sizeof x);
    random_read(&b, y, sizeof y);
    EXPECT(memcmp(x, y, sizeof x) != 0);
}

TEST(mixing_the_same_bytes_twice_does_not_undo_itself)
{
    struct random once, twice, never;
    random_init(&once, "seed", 4);
    twice = never = once;
    random_mix(&once, "x", 1);
    random_mix(&twice, "x", 1);
    random_mix(&twice, "x", 1);
    uint64_t values[] = { random_u64(&once), random_u64(&twice), random_u64(&never) };
    EXPECT(values[0] != values[1] && values[1] != values[2] && values[0] != values[2]);
}

TEST(a_long_seed_counts_to_its_last_byte)
{
    uint8_t seed[100] = { 0 };
    struct random a, b;
    random_init(&a, seed, sizeof seed);
    seed[99] = 1;
    random_init(&b, seed, sizeof seed);
    EXPECT(random_u64(&a) != random_u64(&b));
}

TEST(bytes_that_were_given_out_do_not_stay_in_the_state)
{
    struct random random;
    random_init(&random, "x", 1);
    for (size_t bytes = 8; bytes <= 160; bytes += 8) {
        uint8_t out[160];
        random_read(&random, out, bytes);
        for (size_t at = 0; at + 8 <= sizeof random; at++) {
            for (size_t from = 0; from + 8 <= bytes; from++)
                EXPECT(load_u64((const uint8_t *)&random + at) != load_u64(out + from));
        }
    }
}

TEST(random_bits_are_set_half_of_the_time)
{
    struct random random;
    uint64_t ones = 0;
    random_init(&random, "y", 1);
    for (int i = 0; i < 10000; i++) ones += (uint64_t)__builtin_popcountll(random_u64(&random));
    EXPECT(ones > 318000 && ones < 322000); /* five standard deviations of 640,000 coin tosses */
}

TEST(a_byte_ring_gives_back_what_went_in_across_its_end)
{
    uint8_t storage[8], out[8];
    struct byte_ring ring;
    byte_ring_init(&ring, storage, sizeof storage);
    for (int round = 0; round < 50; round++) {
        EXPECT_EQ(byte_ring_write(&ring, "abcde", 5), 5);
        EXPECT_EQ(byte_ring_write(&ring, "fghij", 5), 3);
        EXPECT(!byte_ring_push(&ring, 'x'));
        EXPECT_EQ(byte_ring_free(&ring), 0);
        EXPECT_EQ(byte_ring_read(&ring, out, 3), 3);
        EXPECT(memcmp(out, "abc", 3) == 0);
        EXPECT(byte_ring_push(&ring, 'z'));
        EXPECT_EQ(byte_ring_read(&ring, out, 100), 6);
        EXPECT(memcmp(out, "defghz", 6) == 0);
        EXPECT(!byte_ring_pop(&ring, out));
        EXPECT_EQ(byte_ring_used(&ring), 0);
    }
}

TEST(a_byte_rings_counters_may_wrap)
{
    uint8_t storage[4], byte = 0;
    struct byte_ring ring;
    byte_ring_init(&ring, storage, sizeof storage);
    ring.head = ring.tail = UINT32_MAX - 1;
    for (uint8_t i = 0; i < 4; i++) EXPECT(byte_ring_push(&ring, i));
    EXPECT(!byte_ring_push(&ring, 9));
    for (uint8_t i = 0; i < 4; i++) {
        EXPECT(byte_ring_pop(&ring, &byte));
        EXPECT_EQ(byte, i);
    }
}
