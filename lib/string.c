/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and string functions of a freestanding program.
 *
 * The kernel uses no vector registers (but see arch/zero.c), so the wide path is `rep movsq` and `rep stosq`: one counted
 * step per 8 bytes, and microcoded fast on every x86-64 since Ivy Bridge. Starting it is dear
 * [intel-opt 3.7.6], so blocks up to REP_FROM bytes go by overlapping 8-byte moves instead: a block
 * of 8 to 16 bytes is its first 8 and its last 8, whatever its size. */
#include "lib/string.h"

#include "lib/bits.h"

enum { REP_FROM = 64 }; /* bytes */

#define BYTE_LANES 0x0101010101010101ull

/* True when some byte of the word is zero: a borrow leaves a lane's top bit set only there. */
static inline bool has_zero_byte(uint64_t word)
{
    return ((word - BYTE_LANES) & ~word & (BYTE_LANES << 7)) != 0;
}

/* Up to 16 bytes; every load comes before the first store, so the blocks may overlap. */
static inline void copy_small(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (bytes >= 8) {
        uint64_t first = load_u64(from), last = load_u64(from + bytes - 8);
        store_u64(to, first);
        store_u64(to + bytes - 8, last);
    } else if (bytes >= 4) {
        uint32_t first = load_u32(from), last = load_u32(from + bytes - 4);
        store_u32(to, first);
        store_u32(to + bytes - 4, last);
    } else if (bytes > 0) {
        uint8_t first = from[0], middle = from[bytes / 2], last = from[bytes - 1];
        to[0] = first;
        to[bytes / 2] = middle;
        to[bytes - 1] = last;
    }
}

void *(memcpy)(void *restrict dst, const void *restrict src, size_t bytes)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if (bytes <= 16) {
        copy_small(to, from, bytes);
        return dst;
    }
    uint64_t last[2] = { load_u64(from + bytes - 16), load_u64(from + bytes - 8) };
    uint8_t *end = to + bytes;
    if (bytes < REP_FROM) {
        for (; bytes > 16; bytes -= 16, to += 16, from += 16) {
            store_u64(to, load_u64(from));
            store_u64(to + 8, load_u64(from + 8));
        }
    } else {
        size_t words = bytes / 8;
        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
    }
    store_u64(end - 16, last[0]);
    store_u64(end - 8, last[1]);
    return dst;
}

/* From the high end down, for a destination that begins inside the source. */
static void copy_backward(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (; bytes >= 8; bytes -= 8) store_u64(to + bytes - 8, load_u64(from + bytes - 8));
    while (bytes--) to[bytes] = from[bytes];
}

void *(memmove)(void *dst, const void *src, size_t bytes)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if (bytes <= 16) {
        copy_small(to, from, bytes);
    } else if ((uintptr_t)to - (uintptr_t)from < bytes) {
        copy_backward(to, from, bytes);
    } else {
        /* Ascending order is safe here, but memcpy's early load of the tail is not. */
        size_t words = bytes / 8;
        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
        for (size_t i = 0; i < bytes % 8; i++) {
            to[i] = from[i];
            __asm__ volatile("" ::: "memory"); /* else compilers see a call to memmove here */
        }
    }
    return dst;
}

void *(memset)(void *dst, int value, size_t bytes)
{
    uint8_t *to = dst;
    uint64_t pattern = (uint8_t)value * BYTE_LANES;
    if (bytes >= 8) {
        store_u64(to + bytes - 8, pattern);
        size_t words = bytes / 8;
        if (bytes < REP_FROM) {
            for (; words > 0; words--, to += 8) store_u64(to, pattern);
        } else {
            __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
        }
    } else if (bytes >= 4) {
        store_u32(to, (uint32_t)pattern);
        store_u32(to + bytes - 4, (uint32_t)pattern);
    } else if (bytes > 0) {
        to[0] = to[bytes / 2] = to[bytes - 1] = (uint8_t)value;
    }
    return dst;
}

int(memcmp)(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;
    for (; bytes >= 8; bytes -= 8, left += 8, right += 8) {
        uint64_t x = load_u64(left), y = load_u64(right);
        if (x == y) continue;
        /* Byte-swapped, the first differing byte is the most significant one. */
        return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    }
    for (; bytes > 0; bytes--, left++, right++) {
        if (*left != *right) return *left - *right;
    }
    return 0;
}

/* Unlike C's, this one wants all `bytes` to be readable. */
void *memchr(const void *s, int byte, size_t bytes)
{
    const uint8_t *at = s;
    uint64_t pattern = (uint8_t)byte * BYTE_LANES;
    for (; bytes >= 8 && !has_zero_byte(load_u64(at) ^ pattern); bytes -= 8) at += 8;
    for (; bytes > 0; bytes--, at++) {
        if (*at == (uint8_t)byte) return (void *)at;
    }
    return NULL;
}

size_t(strlen)(const char *s)
{
    const char *at = s;
    while (*at) {
        at++;
        __asm__ volatile("" : "+r"(at)); /* else compilers see a call to strlen here */
    }
    return (size_t)(at - s);
}

/* Not by memchr: what lies behind the NUL need not be readable. */
size_t strnlen(const char *s, size_t max)
{
    size_t length = 0;
    while (length < max && s[length]) length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    while (max > 0 && *a && *a == *b) max--, a++, b++;
    return max == 0 ? 0 : (uint8_t)*a - (uint8_t)*b;
}

char *strchr(const char *s, int byte)
{
    for (;; s++) {
        if (*s == (char)byte) return (char *)s;
        if (!*s) return NULL;
    }
}

char *strrchr(const char *s, int byte)
{
    const char *found = NULL;
    for (;; s++) {
        if (*s == (char)byte) found = s;
        if (!*s) return (char *)found;
    }
}
