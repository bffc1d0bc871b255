/* SPDX-License-Identifier: Apache-2.0 */
/* One lane's element, byte by byte, on its way between the model's memory and the model's registers. */
#pragma once
#include "tests/gfx9/lone_wave.h"
#include "tests/gfx9/mnemonic.h"

enum { ELEMENT_MODEL_BYTES = 16 };

struct element_place {
    bool is_lds;
    bool is_nowhere; /* reads give 0, writes are dropped */
    bool is_loose;   /* atomics need no alignment */
    uint64_t byte[ELEMENT_MODEL_BYTES];
};

/* Bytes side by side from here on. */
struct element_place element_at(uint64_t address, bool is_lds);

/* Load to `dest`, store `data`, or change with `data` and `second`. False: it faults. */
bool element_move(const struct mnemonic *m, const struct element_place *place, unsigned lane, unsigned dest,
                  unsigned data, unsigned second, bool returns);

/* Data for the lane's registers, and often the same or something equal to it in memory, so that comparisons
 * come out both ways. */
void element_prepare_atomic(const struct mnemonic *m, const struct element_place *place, unsigned lane,
                            unsigned data, unsigned second);
