/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoders of the encodings share. */
#pragma once
#include "host/ckdev/gfx9/isa.h"

struct decoder {
    const uint32_t *words;
    unsigned count; /* words that may be read */
    unsigned used;
    struct op *op;
};

static inline uint32_t bits_of(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & (uint32_t)((2ull << (high - low)) - 1);
}
/* Source operand k from its code. False: there is no such operand. */
bool decode_source(struct decoder *d, unsigned k, unsigned code, enum type type);
unsigned decode_aligned(unsigned code, unsigned dwords);
/* An SGPR or a special register, so many dwords from there on. */
bool decode_scalar_register(unsigned code, unsigned dwords);
/* The same, aligned and noted. */
bool decode_scalar_dest(uint8_t *dest, unsigned code, unsigned dwords);
static inline bool vgprs_exist(unsigned first, unsigned dwords) { return first + dwords <= GFX9_VGPRS; }
/* The 32-bit constant after the instruction. */
bool decode_literal(struct decoder *d);

bool decode_scalar(struct decoder *d); /* SOP* */
bool decode_smem(struct decoder *d);
bool decode_vop(struct decoder *d); /* VOP1, VOP2, VOPC with SDWA and DPP */
bool decode_vop3(struct decoder *d);
bool decode_ds(struct decoder *d);
bool decode_flat(struct decoder *d);
bool decode_buffer(struct decoder *d); /* MUBUF, MTBUF */
