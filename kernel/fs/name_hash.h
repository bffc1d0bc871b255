/* SPDX-License-Identifier: Apache-2.0 */
/* Names in paths: found, hashed and compared eight bytes at a time, since walks look at every byte of every path.
 *
 * Multiplication mixes upwards only, so the upper half is what is used, and of that its upper bits first. The odd
 * constant is the fraction bits of the golden ratio. */
#pragma once
#include "lib/bits.h"

struct vnode;

#define NAME_LANES   0x0101010101010101ull
#define NAME_SLASHES (NAME_LANES * '/')

static inline uint64_t name_hash_add(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 32;
}

/* `rest` is what follows the last whole word, and zeros; its top byte is free for the length. */
static inline uint32_t name_hash_end(uint64_t hash, uint64_t rest, size_t bytes)
{
    return (uint32_t)((hash ^ rest ^ (uint64_t)bytes << 56) * 0x9e3779b97f4a7c15ull >> 32);
}

/* Fewer than eight bytes as the low ones of a word: two loads that may overlap. */
static inline uint64_t name_load_rest(const char *at, size_t bytes)
{
    if (bytes >= 4) return load_u32(at) | (uint64_t)load_u32(at + bytes - 4) << 8 * (bytes - 4);
    if (bytes == 0) return 0;
    return (uint8_t)at[0] | (uint64_t)(uint8_t)at[bytes / 2] << 8 * (bytes / 2) |
           (uint64_t)(uint8_t)at[bytes - 1] << 8 * (bytes - 1);
}

/* Where the name at `at` ends: at a slash or at `end`. Up to `readable` bytes may be looked at. *hash is of the name
 * in this directory. */
static inline const char *name_scan(const struct vnode *directory, const char *at, const char *end,
                                    const char *readable, uint32_t *hash)
{
    const char *name = at;
    uint64_t mix = (uint64_t)directory;
    for (;; at += 8) {
        size_t left = (size_t)(end - at);
        uint64_t word = likely((size_t)(readable - at) >= 8) ? load_u64(at) : name_load_rest(at, left);
        uint64_t other = word ^ NAME_SLASHES, slash = (other - NAME_LANES) & ~other & NAME_LANES << 7;
        if (unlikely(left < 8)) slash |= 0x80ull << 8 * left; /* what ends there, ends */
        if (slash) {
            at += (size_t)__builtin_ctzll(slash) / 8;
            *hash = name_hash_end(mix, word & (slash ^ (slash - 1)) >> 8, (size_t)(at - name));
            return at;
        }
        mix = name_hash_add(mix, word);
    }
}

/* The same where the path ends with a NUL, and eight bytes behind that can be looked at, too. */
static inline const char *name_scan_text(const struct vnode *directory, const char *at, uint32_t *hash)
{
    const char *name = at;
    uint64_t mix = (uint64_t)directory;
    for (;; at += 8) {
        uint64_t word = load_u64(at), other = word ^ NAME_SLASHES;
        uint64_t end = (((word - NAME_LANES) & ~word) | ((other - NAME_LANES) & ~other)) & NAME_LANES << 7;
        if (end) {
            at += (uint32_t)__builtin_ctzll(end) / 8;
            *hash = name_hash_end(mix, word & (end ^ (end - 1)) >> 8, (size_t)(at - name));
            return at;
        }
        mix = name_hash_add(mix, word);
    }
}

static inline bool name_is_same(const char *a, const char *b, size_t bytes)
{
    if (bytes >= 8) {
        size_t at = 0;
        for (; at + 8 < bytes; at += 8)
            if (load_u64(a + at) != load_u64(b + at)) return false;
        return load_u64(a + bytes - 8) == load_u64(b + bytes - 8);
    }
    return name_load_rest(a, bytes) == name_load_rest(b, bytes);
}
