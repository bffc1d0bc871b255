/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/random.h"

#include "lib/bits.h"
#include "lib/string.h"

static inline void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate_left_u32(*d ^ *a, 16);
    *c += *d;
    *b = rotate_left_u32(*b ^ *c, 12);
    *a += *b;
    *d = rotate_left_u32(*d ^ *a, 8);
    *c += *d;
    *b = rotate_left_u32(*b ^ *c, 7);
}

void chacha20_block(const uint32_t state[16], uint8_t out[CHACHA20_BLOCK_BYTES])
{
    uint32_t x[16];
    memcpy(x, state, sizeof x);
    for (int round = 0; round < 20; round += 2) {
        for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        for (int i = 0; i < 4; i++)
            quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < 16; i++) store_u32(out + 4 * i, x[i] + state[i]);
}

/* Keystream block `counter` under `key`, with a nonce of zero: a key is used for one request only. */
static void keystream(const uint8_t key[RANDOM_KEY_BYTES], uint64_t counter,
                      uint8_t out[CHACHA20_BLOCK_BYTES])
{
    uint32_t state[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }; /* [rfc8439 2.3] */
    memcpy(state + 4, key, RANDOM_KEY_BYTES);
    state[12] = (uint32_t)counter;
    state[13] = (uint32_t)(counter >> 32);
    chacha20_block(state, out);
}

/* A wipe that the compiler does not drop as a dead store. */
static void wipe(void *secret, size_t bytes)
{
    memset(secret, 0, bytes);
    __asm__ volatile("" ::"r"(secret) : "memory");
}

/* The first half of a block replaces the key; the second half is there to be given out. */
static void refill(struct random *random)
{
    uint8_t block[CHACHA20_BLOCK_BYTES];
    keystream(random->key, 0, block);
    memcpy(random->key, block, sizeof random->key);
    memcpy(random->ready, block + sizeof random->key, sizeof random->ready);
    random->ready_bytes = sizeof random->ready;
    wipe(block, sizeof block);
}

void random_init(struct random *random, const void *seed, size_t bytes)
{
    memset(random, 0, sizeof *random);
    random_mix(random, seed, bytes);
}

void random_mix(struct random *random, const void *entropy, size_t bytes)
{
    const uint8_t *from = entropy;
    /* The length goes in too, so that a trailing zero byte makes a difference. */
    store_u64(random->key, load_u64(random->key) ^ bytes);
    do {
        size_t part = MIN(bytes, sizeof random->key);
        for (size_t i = 0; i < part; i++) random->key[i] ^= from[i];
        refill(random);
        from += part;
        bytes -= part;
    } while (bytes > 0);
    random->ready_bytes = 0; /* what a reader gets next depends on everything mixed so far */
}

static void take_ready(struct random *random, uint8_t *out, size_t bytes)
{
    uint8_t *first = random->ready + sizeof random->ready - random->ready_bytes;
    memcpy(out, first, bytes);
    wipe(first, bytes);
    random->ready_bytes -= (uint32_t)bytes;
}

/* Whole blocks come from a key of their own, which is forgotten afterwards. */
static void read_long(struct random *random, uint8_t *out, size_t blocks)
{
    uint8_t key[RANDOM_KEY_BYTES];
    refill(random);
    take_ready(random, key, sizeof key);
    for (size_t i = 0; i < blocks; i++) keystream(key, i, out + i * CHACHA20_BLOCK_BYTES);
    wipe(key, sizeof key);
}

void random_read(struct random *random, void *out, size_t bytes)
{
    uint8_t *to = out;
    size_t blocks = bytes / CHACHA20_BLOCK_BYTES;
    if (blocks > 0) {
        read_long(random, to, blocks);
        to += blocks * CHACHA20_BLOCK_BYTES;
        bytes %= CHACHA20_BLOCK_BYTES;
    }
    while (bytes > 0) {
        if (random->ready_bytes == 0) refill(random);
        size_t part = MIN(bytes, random->ready_bytes);
        take_ready(random, to, part);
        to += part;
        bytes -= part;
    }
}

uint64_t random_u64(struct random *random)
{
    uint64_t value;
    random_read(random, &value, sizeof value);
    return value;
}
