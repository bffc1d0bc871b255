/* SPDX-License-Identifier: Apache-2.0 */
/* From a table row to a function over 64 lanes: included by the lanes_*.c, each of which makes the rows of
 * some encodings. A register pair is two arrays of 64 after one another.
 *
 * The functions compute every lane, active or not, which nothing can notice: they touch no memory, and what
 * inactive lanes give is dropped by who called. */
#pragma once
#include "host/ckdev/gfx9/wave.h"

#define LANES_FUNCTION __attribute__((target_clones("arch=x86-64-v3", "default")))

#define CT_NO  int
#define CT_U16 uint16_t
#define CT_I16 int16_t
#define CT_F16 double
#define CT_X16 uint16_t
#define CT_U32 uint32_t
#define CT_I32 int32_t
#define CT_F32 float
#define CT_X32 uint32_t
#define CT_U64 uint64_t
#define CT_I64 int64_t
#define CT_F64 double
#define CT_X64 uint64_t

#define PAIR(p)    ((p)[LANE] | (uint64_t)(p)[LANE + LANES] << 32)
#define GET_NO(p)  0
#define GET_U16(p) ((uint16_t)(p)[LANE])
#define GET_I16(p) ((int16_t)(p)[LANE])
#define GET_F16(p) load_f16(E, (p)[LANE])
#define GET_X16(p) ((uint16_t)(p)[LANE])
#define GET_U32(p) ((p)[LANE])
#define GET_I32(p) ((int32_t)(p)[LANE])
#define GET_F32(p) f32_bits((p)[LANE])
#define GET_X32(p) ((p)[LANE])
#define GET_U64(p) PAIR(p)
#define GET_I64(p) ((int64_t)PAIR(p))
#define GET_F64(p) f64_bits(PAIR(p))
#define GET_X64(p) PAIR(p)

/* The host's invalid operations give a negative NaN, the card's a positive one. */
static inline uint32_t result_f32(float x)
{
    uint32_t u = bits_f32(x);
    return u == 0xffc00000 ? 0x7fc00000 : u;
}
static inline uint64_t result_f64(double x)
{
    uint64_t u = bits_f64(x);
    return u == 0xfff8000000000000ull ? 0x7ff8000000000000ull : u;
}
#define PUT_PAIR(value)                            \
    do {                                           \
        uint64_t wide_ = (value);                  \
        d[LANE] = (uint32_t)wide_;                 \
        d[LANE + LANES] = (uint32_t)(wide_ >> 32); \
    } while (0)
#define PUT_NO(r)  (void)(r)
#define PUT_U16(r) (d[LANE] = (r))
#define PUT_I16(r) (d[LANE] = (uint16_t)(r))
#define PUT_F16(r) (d[LANE] = store_f16(E, r))
#define PUT_U32(r) (d[LANE] = (r))
#define PUT_I32(r) (d[LANE] = (uint32_t)(r))
#define PUT_F32(r) (d[LANE] = result_f32(r))
#define PUT_X32(r) (d[LANE] = (r))
#define PUT_U64(r) PUT_PAIR(r)
#define PUT_I64(r) PUT_PAIR((uint64_t)(r))
#define PUT_F64(r) PUT_PAIR(result_f64(r))

/* 64 bytes that are 0 or 1, as a mask. */
static inline uint64_t pack_mask(const uint8_t bytes[LANES])
{
    uint64_t mask = 0;
    for (unsigned k = 0; k < LANES / 8; k++) {
        uint64_t eight;
        memcpy(&eight, bytes + 8 * k, sizeof eight);
        mask |= (eight * 0x0102040810204080ull >> 56) << 8 * k;
    }
    return mask;
}

#define CARRY     ((unsigned)(E->mask_in >> LANE & 1))
#define OLD       GET_U32(c)
#define NO_EFFECT (void)0

#define LANES_OF(name, D_, A_, B_, C_, flags, ...)                                                      \
    LANES_FUNCTION static void lanes_##name(uint32_t *restrict d, const uint32_t *a, const uint32_t *b, \
                                            const uint32_t *c, struct lane_env *E)                      \
    {                                                                                                   \
        uint8_t bits[LANES];                                                                            \
        (void)d, (void)a, (void)b, (void)c, (void)E;                                                    \
        for (unsigned LANE = 0; LANE < LANES; LANE++) {                                                 \
            CT_##A_ A UNUSED = GET_##A_(a);                                                             \
            CT_##B_ B UNUSED = GET_##B_(b);                                                             \
            CT_##C_ C UNUSED = GET_##C_(c);                                                             \
            CT_##D_ R UNUSED = 0;                                                                       \
            unsigned OUT UNUSED = 0;                                                                    \
            __VA_ARGS__;                                                                                \
            PUT_##D_(R);                                                                                \
            if ((flags) & F_WRITES_MASK) bits[LANE] = (uint8_t)OUT;                                     \
        }                                                                                               \
        if ((flags) & F_WRITES_MASK) E->mask_out = pack_mask(bits);                                     \
    }
#define LANES_ENTRY(name) lanes_##name
