/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from ChaCha20 with fast key erasure: each refill replaces the key, so what was given
 * out cannot be recomputed from the state that remains. No locking; one state per owner. */
#pragma once
#include "lib/base.h"

enum { RANDOM_KEY_BYTES = 32, CHACHA20_BLOCK_BYTES = 64 };

struct random {
    uint8_t key[RANDOM_KEY_BYTES];
    uint8_t ready[CHACHA20_BLOCK_BYTES - RANDOM_KEY_BYTES];
    uint32_t ready_bytes; /* unused ones, at the end of `ready` */
};

/* Starts from `seed` alone: the same seed gives the same bytes. */
void random_init(struct random *random, const void *seed, size_t bytes);
/* Adds entropy; never takes any away, so that hostile input does no harm. */
void random_mix(struct random *random, const void *entropy, size_t bytes);
void random_read(struct random *random, void *out, size_t bytes);
uint64_t random_u64(struct random *random);

/* The block function, [rfc8439 2.3]: four constants, key, counter and nonce are in `state`. */
void chacha20_block(const uint32_t state[16], uint8_t out[CHACHA20_BLOCK_BYTES]);
