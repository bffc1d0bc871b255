/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any alignment: how tables of firmware, files and wires are read. */
#pragma once
#include "lib/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below are plain");

static inline uint16_t load_u16(const void *from)
{
    uint16_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load_u32(const void *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline uint64_t load_u64(const void *from)
{
    uint64_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline void store_u16(void *to, uint16_t value) { __builtin_memcpy(to, &value, sizeof value); }
static inline void store_u32(void *to, uint32_t value) { __builtin_memcpy(to, &value, sizeof value); }
static inline void store_u64(void *to, uint64_t value) { __builtin_memcpy(to, &value, sizeof value); }

static inline uint32_t rotate_left_u32(uint32_t value, unsigned count)
{
    return (value << count) | (value >> (32 - count));
}

/* True when all bytes are zero. Four words at a time: an archive that aligns its files has up to a page
 * of padding behind every name. */
static inline bool is_all_zero(const void *from, size_t bytes)
{
    const uint8_t *at = (const uint8_t *)from;
    for (; bytes >= 32; bytes -= 32, at += 32) {
        if (load_u64(at) | load_u64(at + 8) | load_u64(at + 16) | load_u64(at + 24)) return false;
    }
    for (; bytes >= 8; bytes -= 8, at += 8) {
        if (load_u64(at)) return false;
    }
    for (; bytes > 0; bytes--, at++) {
        if (*at) return false;
    }
    return true;
}
