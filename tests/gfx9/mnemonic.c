/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gfx9/mnemonic.h"

#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* read2st64 and the like: how many elements, and how far their offsets are apart. */
static void read_pair(struct mnemonic *m, const char *rest)
{
    m->elements = *rest == '2' ? 2 : 1;
    m->stride = strcmp(rest, "2st64") == 0 ? 64 : 1;
}

/* b32, u8, dwordx3, sshort ... */
static bool read_size(struct mnemonic *m, const char *word)
{
    static const struct {
        const char *word;
        unsigned bytes;
    } words[] = { { "ubyte", 1 },    { "sbyte", 1 },    { "byte", 1 },     { "ushort", 2 },
                  { "sshort", 2 },   { "short", 2 },    { "dword", 4 },    { "dwordx2", 8 },
                  { "dwordx3", 12 }, { "dwordx4", 16 }, { "dwordx8", 32 }, { "dwordx16", 64 },
                  { "x2", 8 } };
    for (unsigned k = 0; k < ARRAY_LENGTH(words); k++)
        if (strcmp(word, words[k].word) == 0) {
            m->bytes = words[k].bytes;
            m->is_signed = starts(word, "sb") || starts(word, "ss");
            return true;
        }
    if (!strchr("biuf", word[0]) || word[1] < '1' || word[1] > '9') return false;
    m->sort = word[0];
    m->is_signed = word[0] == 'i';
    m->bytes = (unsigned)atoi(word + 1) / 8;
    return true;
}

static void read_word(struct mnemonic *m, const char *word)
{
    static const char *const families[] = { "ds", "s", "buffer" };
    for (unsigned k = 0; k < ARRAY_LENGTH(families); k++)
        if (strcmp(word, families[k]) == 0) return;
    if (strcmp(word, "d16") == 0) {
        m->keeps_half = true;
    } else if (strcmp(word, "hi") == 0) {
        m->upper = true;
    } else if (strcmp(word, "rtn") == 0) {
        m->returns = true;
    } else if (strcmp(word, "addtid") == 0) {
        m->by_lane = true;
    } else if (starts(word, "read") || strcmp(word, "load") == 0) {
        m->kind = MNEMONIC_LOAD;
        read_pair(m, word + 4);
    } else if (starts(word, "write") || strcmp(word, "store") == 0) {
        m->kind = MNEMONIC_STORE;
        read_pair(m, word + 5);
    } else if (!read_size(m, word) && strcmp(word, "atomic") != 0) {
        m->kind = MNEMONIC_ATOMIC;
        snprintf(m->operation, sizeof m->operation, "%s", word);
        if (starts(word, "wrxchg")) read_pair(m, word + 6), strcpy(m->operation, "swap");
    }
}

struct mnemonic mnemonic_read(const char *name)
{
    struct mnemonic m = { .bytes = 4, .elements = 1, .stride = 1, .sort = 'b' };
    char words[64], *rest = words, *word;
    snprintf(words, sizeof words, "%s", name);
    while ((word = strsep(&rest, "_"))) read_word(&m, word);
    /* smin and umin of the vector memory are min of i and u. */
    if (strcmp(m.operation + 1, "min") == 0 || strcmp(m.operation + 1, "max") == 0) {
        m.sort = m.operation[0] == 's' ? 'i' : 'u';
        memmove(m.operation, m.operation + 1, 4);
    }
    return m;
}

bool mnemonic_compares(const struct mnemonic *m) { return starts(m->operation, "cmp"); }

/* ---- floats as bits ---- */

static bool is_nan(uint64_t x, bool wide)
{
    return wide ? (x & INT64_MAX) > 0x7ffull << 52 : (x & INT32_MAX) > 0x7f800000;
}

/* Numbers in the order of their values, both zeros alike. */
static int64_t rank_of(uint64_t x, bool wide)
{
    uint64_t size = x & (wide ? INT64_MAX : INT32_MAX);
    return x >> (wide ? 63 : 31) & 1 ? -(int64_t)size : (int64_t)size;
}

static bool is_less(uint64_t a, uint64_t b, bool wide)
{
    return !is_nan(a, wide) && !is_nan(b, wide) && rank_of(a, wide) < rank_of(b, wide);
}

static uint32_t flushed(uint32_t x, bool flush) { return flush && !(x & 0x7f800000) ? x & 0x80000000 : x; }

/* A sum in single precision with MODE's rounding and denormals. */
static uint32_t add_f32(uint32_t a, uint32_t b, uint32_t mode)
{
    static const int roundings[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    bool keeps_operands = mode >> 4 & 1, keeps_result = mode >> 5 & 1;
    volatile float x, y, sum;
    uint32_t bits;
    a = flushed(a, !keeps_operands), b = flushed(b, !keeps_operands);
    memcpy((void *)&x, &a, 4), memcpy((void *)&y, &b, 4);
    fesetround(roundings[mode & 3]);
    sum = x + y;
    fesetround(FE_TONEAREST);
    memcpy(&bits, (void *)&sum, 4);
    if (is_nan(bits, false)) return is_nan(a, false) || is_nan(b, false) ? bits : 0x7fc00000;
    return flushed(bits, !keeps_result);
}

static uint64_t apply_float(const struct mnemonic *m, uint64_t old, uint64_t first, uint64_t second,
                            uint32_t mode)
{
    bool wide = m->bytes == 8;
    if (starts(m->operation, "min")) return is_less(first, old, wide) ? first : old;
    if (starts(m->operation, "max")) return is_less(old, first, wide) ? first : old;
    if (starts(m->operation, "add")) return add_f32((uint32_t)old, (uint32_t)first, mode);
    bool equal = !is_nan(old, wide) && !is_nan(first, wide) && rank_of(old, wide) == rank_of(first, wide);
    return equal ? second : old; /* cmpst */
}

static bool is_below(const struct mnemonic *m, uint64_t a, uint64_t b)
{
    if (m->sort == 'u') return a < b;
    return m->bytes == 8 ? (int64_t)a < (int64_t)b : (int32_t)a < (int32_t)b;
}

/* Each half of 64 bits is replaced where its new top bit says so, without that bit. */
static uint64_t exchanged(uint64_t old, uint64_t data)
{
    uint32_t low = (uint32_t)old, high = (uint32_t)(old >> 32);
    if (data & 0x80000000) low = (uint32_t)data & 0x7fffffff;
    if (data & 1ull << 63) high = (uint32_t)(data >> 32) & 0x7fffffff;
    return (uint64_t)high << 32 | low;
}

uint64_t mnemonic_apply(const struct mnemonic *m, uint64_t old, uint64_t first, uint64_t second,
                        uint32_t mode)
{
    const char *o = m->operation;
    if (m->sort == 'f') return apply_float(m, old, first, second, mode);
    if (strcmp(o, "swap") == 0) return first;
    if (strcmp(o, "cmpswap") == 0) return old == second ? first : old;
    if (strcmp(o, "cmpst") == 0) return old == first ? second : old;
    if (strcmp(o, "add") == 0) return old + first;
    if (strcmp(o, "sub") == 0) return old - first;
    if (strcmp(o, "rsub") == 0) return first - old;
    if (strcmp(o, "min") == 0) return is_below(m, first, old) ? first : old;
    if (strcmp(o, "max") == 0) return is_below(m, old, first) ? first : old;
    if (strcmp(o, "and") == 0) return old & first;
    if (strcmp(o, "or") == 0) return old | first;
    if (strcmp(o, "xor") == 0) return old ^ first;
    if (strcmp(o, "mskor") == 0) return (old & ~first) | second;
    if (strcmp(o, "inc") == 0) return old < first ? old + 1 : 0;
    if (strcmp(o, "dec") == 0) return old != 0 && old <= first ? old - 1 : first;
    if (strcmp(o, "wrap") == 0) return old < first ? old + second : old - first;
    if (strcmp(o, "condxchg32") == 0) return exchanged(old, first);
    fprintf(stderr, "# no model of %s\n", o);
    abort();
}
