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

/* Written out, so that the compiler keeps the sixteen words in registers as far as it has them. */
void chacha20_block(const uint32_t state[16], uint8_t out[CHACHA20_BLOCK_BYTES])
{
    uint32_t x[16];
    for (int i = 0; i < 16; i++) x[i] = state[i];
    for (int round = 0; round < 20; round += 2) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
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

/* Whoever reads next makes a block first, so that all of the input counts. */
static void absorb(struct random *random, const uint8_t *from, size_t bytes)
{
    /* The length goes in too, so that a trailing zero byte makes a difference. */
    store_u64(random->key, load_u64(random->key) ^ bytes);
    for (;;) {
        size_t part = MIN(bytes, sizeof random->key);
        for (size_t i = 0; i < part; i++) random->key[i] ^= from[i];
        from += part;
        bytes -= part;
        if (bytes == 0) break;
        refill(random);
    }
    random->ready_bytes = 0;
}

void random_init(struct random *random, const void *seed, size_t bytes)
{
    memset(random, 0, sizeof *random);
    absorb(random, seed, bytes);
}

void random_mix(struct random *random, const void *entropy, size_t bytes)
{
    refill(random); /* else mixing the same bytes twice would undo itself */
    absorb(random, entropy, bytes);
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
