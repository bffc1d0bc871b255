/* SPDX-License-Identifier: Apache-2.0 */
/* A sum of 16-bit words with end-around carry is the same modulo 2^16 - 1 whatever the size of the words it is added
 * up in, so 64 bits are added at a time and folded in the end. */
#include "net/checksum.h"

#include "arch/checksum.h"
#include "lib/string.h"

static uint64_t add(uint64_t sum, uint64_t value)
{
    uint64_t carry = add_overflows(sum, value, &sum);
    return sum + carry;
}

/* The last bytes, as if zeros followed. Headers are no longer than this, so nothing is looped over bytes. */
static uint64_t add_tail(uint64_t sum, const char *at, size_t bytes)
{
    uint64_t word;
    uint32_t half;
    uint16_t quarter;
    for (; bytes >= sizeof(word); at += sizeof(word), bytes -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        sum = add(sum, word);
    }
    word = 0;
    if (bytes & sizeof(half)) {
        memcpy(&half, at, sizeof(half));
        word = half;
        at += sizeof(half);
    }
    if (bytes & sizeof(quarter)) {
        memcpy(&quarter, at, sizeof(quarter));
        word += quarter;
        at += sizeof(quarter);
    }
    if (bytes & 1) word += (uint8_t)*at;
    return add(sum, word);
}

uint16_t net_checksum(const void *data, size_t bytes)
{
    size_t whole = bytes & ~(size_t)63;
    uint64_t sum = whole ? arch_sum64(data, whole, 0) : 0;
    sum = add_tail(sum, (const char *)data + whole, bytes - whole);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
