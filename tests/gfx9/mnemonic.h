/* SPDX-License-Identifier: Apache-2.0 */
/* What the name of a memory instruction says. The models go by names alone, so that a wrong type, flag or action
 * in the table is found out; that the names belong to their opcodes, LLVM's disassembler vouches for. */
#pragma once
#include "lib/base.h"

enum mnemonic_kind { MNEMONIC_OTHER, MNEMONIC_LOAD, MNEMONIC_STORE, MNEMONIC_ATOMIC };

struct mnemonic {
    enum mnemonic_kind kind;
    unsigned bytes;    /* of an element */
    unsigned elements; /* 2: of the pairs of DS */
    unsigned stride;   /* of the pairs' offsets, in elements */
    bool is_signed;
    bool keeps_half; /* d16: the other half of the register stays */
    bool upper;      /* _hi */
    bool returns;    /* _rtn */
    bool by_lane;    /* addtid */
    char operation[16];
    char sort; /* i, u, f, b */
};

struct mnemonic mnemonic_read(const char *name);

/* Operands an atomic has besides memory. */
bool mnemonic_compares(const struct mnemonic *m);
/* What an atomic makes of memory, [vega-isa 12.15, 12.17]. `first` and `second`: data as the registers have it. */
uint64_t mnemonic_apply(const struct mnemonic *m, uint64_t old, uint64_t first, uint64_t second,
                        uint32_t mode);
