/* SPDX-License-Identifier: Apache-2.0 */
/* What atomic operations make of a value. [vega-isa 12.15, 12.17] */
#include "host/ckdev/gfx9/elements.h"

/* The host's invalid sums give a negative NaN, the card's a positive one. */
static uint32_t sum_f32(uint32_t a, uint32_t b)
{
    float x = f32_bits(a), y = f32_bits(b), sum = x + y;
    return sum != sum && x == x && y == y ? 0x7fc00000 : bits_f32(sum);
}

static uint64_t float_result(enum action action, bool wide, uint64_t old, uint64_t data, uint64_t second)
{
    double was = wide ? f64_bits(old) : f32_bits((uint32_t)old);
    double with = wide ? f64_bits(data) : f32_bits((uint32_t)data);
    switch (action) {
    case ACTION_ATOMIC_FMIN: return with < was ? data : old;
    case ACTION_ATOMIC_FMAX: return with > was ? data : old;
    case ACTION_ATOMIC_CMPST_F: return was == with ? second : old;
    default: return sum_f32((uint32_t)old, (uint32_t)data);
    }
}

/* Halves of 64 bits are exchanged where the new one's top bit is set. */
static uint64_t exchange_marked(uint64_t old, uint64_t data)
{
    uint64_t result = old;
    for (unsigned shift = 0; shift < 64; shift += 32)
        if (data >> (shift + 31) & 1)
            result = (result & ~(0xffffffffull << shift)) | (data >> shift & 0x7fffffff) << shift;
    return result;
}

static int64_t signed_value(uint64_t x, bool wide) { return wide ? (int64_t)x : (int32_t)x; }

uint64_t atomic_result(enum action action, bool wide, uint64_t old, uint64_t data, uint64_t second)
{
    int64_t signed_old = signed_value(old, wide), signed_data = signed_value(data, wide);
    switch (action) {
    case ACTION_ATOMIC_SWAP: return data;
    case ACTION_ATOMIC_CMPSWAP: return old == second ? data : old;
    case ACTION_ATOMIC_CMPST: return old == data ? second : old;
    case ACTION_ATOMIC_ADD: return old + data;
    case ACTION_ATOMIC_SUB: return old - data;
    case ACTION_ATOMIC_RSUB: return data - old;
    case ACTION_ATOMIC_SMIN: return signed_data < signed_old ? data : old;
    case ACTION_ATOMIC_UMIN: return data < old ? data : old;
    case ACTION_ATOMIC_SMAX: return signed_data > signed_old ? data : old;
    case ACTION_ATOMIC_UMAX: return data > old ? data : old;
    case ACTION_ATOMIC_AND: return old & data;
    case ACTION_ATOMIC_OR: return old | data;
    case ACTION_ATOMIC_XOR: return old ^ data;
    case ACTION_ATOMIC_MSKOR: return (old & ~data) | second;
    case ACTION_ATOMIC_INC: return old >= data ? 0 : old + 1;
    case ACTION_ATOMIC_DEC: return old == 0 || old > data ? data : old - 1;
    case ACTION_ATOMIC_WRAP: return old >= data ? old - data : old + second;
    case ACTION_ATOMIC_CONDXCHG32: return exchange_marked(old, data);
    default: return float_result(action, wide, old, data, second);
    }
}

uint64_t atomic_apply(void *at, enum action action, bool wide, uint64_t data, uint64_t second)
{
    if (wide) {
        uint64_t *p = at, old = __atomic_load_n(p, __ATOMIC_SEQ_CST);
        while (!__atomic_compare_exchange_n(p, &old, atomic_result(action, true, old, data, second), true,
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
        return old;
    }
    uint32_t *p = at, old = __atomic_load_n(p, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(p, &old, (uint32_t)atomic_result(action, false, old, data, second),
                                        true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
    return old;
}
