/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/xxh32.h"

#include "lib/bits.h"

#define PRIME_1 0x9e3779b1u
#define PRIME_2 0x85ebca77u
#define PRIME_3 0xc2b2ae3du
#define PRIME_4 0x27d4eb2fu
#define PRIME_5 0x165667b1u

enum { STRIPE_BYTES = 16 };

static uint32_t mix_lane(uint32_t lane, uint32_t input)
{
    return rotate_left_u32(lane + input * PRIME_2, 13) * PRIME_1;
}

uint32_t xxh32(const void *bytes, size_t count, uint32_t seed)
{
    const uint8_t *at = bytes;
    size_t left = count;
    uint32_t hash = seed + PRIME_5;
    if (left >= STRIPE_BYTES) {
        uint32_t lanes[4] = { seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1 };
        for (; left >= STRIPE_BYTES; left -= STRIPE_BYTES, at += STRIPE_BYTES) {
            for (int i = 0; i < 4; i++) lanes[i] = mix_lane(lanes[i], load_u32(at + 4 * i));
        }
        hash = rotate_left_u32(lanes[0], 1) + rotate_left_u32(lanes[1], 7) + rotate_left_u32(lanes[2], 12) +
               rotate_left_u32(lanes[3], 18);
    }
    hash += (uint32_t)count;
    for (; left >= 4; left -= 4, at += 4) hash = rotate_left_u32(hash + load_u32(at) * PRIME_3, 17) * PRIME_4;
    for (; left > 0; left--, at++) hash = rotate_left_u32(hash + *at * PRIME_5, 11) * PRIME_1;

    hash = (hash ^ hash >> 15) * PRIME_2;
    hash = (hash ^ hash >> 13) * PRIME_3;
    return hash ^ hash >> 16;
}
