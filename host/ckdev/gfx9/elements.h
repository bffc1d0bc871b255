/* SPDX-License-Identifier: Apache-2.0 */
/* One lane's element on its way between memory and registers, and what atomics do to it. */
#pragma once
#include "host/ckdev/gfx9/wave.h"

enum { ELEMENT_BYTES_MAX = 16 };

static inline unsigned type_bytes(unsigned type)
{
    if (type == T_U8 || type == T_I8) return 1;
    return type_is_half(type) ? 2 : type_dwords(type) * 4;
}

/* Loaded bytes into the lane of `dest` and what follows. */
static inline void lane_put(struct wave *w, const struct op *op, unsigned dest, unsigned lane, unsigned type,
                            const uint8_t *bytes)
{
    if (type_bytes(type) >= 4) {
        for (unsigned k = 0; k < type_dwords(type); k++) memcpy(&w->vgpr[dest + k][lane], bytes + 4 * k, 4);
        return;
    }
    uint16_t half = (uint16_t)(bytes[0] | (type_bytes(type) == 2 ? bytes[1] << 8 : 0));
    uint32_t value = type == T_I8 ? (uint32_t)(int8_t)half : type == T_I16 ? (uint32_t)(int16_t)half : half;
    uint32_t *to = &w->vgpr[dest][lane];
    if (!(op->instruction->flags & F_D16))
        *to = value;
    else if (op->instruction->flags & F_D16_HIGH)
        *to = (*to & 0xffff) | value << 16;
    else
        *to = (*to & 0xffff0000) | (value & 0xffff);
}

/* The lane of `data` and what follows, as bytes to store. */
static inline void lane_get(const struct wave *w, const struct op *op, unsigned data, unsigned lane,
                            unsigned type, uint8_t *bytes)
{
    uint32_t first = w->vgpr[data][lane];
    if (op->instruction->flags & F_D16_HIGH) first >>= 16;
    memcpy(bytes, &first, 4);
    for (unsigned k = 1; k < type_dwords(type); k++) memcpy(bytes + 4 * k, &w->vgpr[data + k][lane], 4);
}

/* What memory becomes. `data` is the first operand, `second` the other: for cmpswap the value compared with,
 * for cmpst and the others what is written. */
uint64_t atomic_result(enum action action, bool wide, uint64_t old, uint64_t data, uint64_t second);
/* The same in shared memory, as one host operation. The old value. `at` is naturally aligned. */
uint64_t atomic_apply(void *at, enum action action, bool wide, uint64_t data, uint64_t second);

/* ---- vector.c: the host's floating-point control as op->fp asks ---- */
void wave_set_host_modes(struct wave *wave, const struct op *op);

/* ---- scratch.c: private memory of a lane, `offset` bytes into it ---- */
bool scratch_read(struct wave *w, unsigned lane, uint64_t offset, uint8_t *to, unsigned bytes,
                  uint64_t *fault);
bool scratch_write(struct wave *w, unsigned lane, uint64_t offset, const uint8_t *from, unsigned bytes,
                   uint64_t *fault);

/* ---- lds.c: beyond its end reads give 0 and writes are dropped ---- */
void lds_read(const struct gfx9_group *group, uint64_t offset, uint8_t *to, unsigned bytes);
void lds_write(struct gfx9_group *group, uint64_t offset, const uint8_t *from, unsigned bytes);
uint64_t lds_atomic(struct gfx9_group *group, uint64_t offset, enum action action, bool wide, uint64_t data,
                    uint64_t second);
