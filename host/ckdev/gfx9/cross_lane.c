/* SPDX-License-Identifier: Apache-2.0 */
/* Vector instructions that are not a function of one lane. */
#include "host/ckdev/gfx9/wave.h"

static uint32_t source_of_lane(struct wave *w, const struct op *op, unsigned k, unsigned lane)
{
    if (op->source[k] < SRC_VGPR) return (uint32_t)scalar_source(w, op, k, false);
    return w->vgpr[op->source[k] - SRC_VGPR][lane];
}

void run_cross_lane(struct wave *w, const struct op *op)
{
    uint64_t exec = WAVE_EXEC(w);
    unsigned lane;
    switch (op->instruction->action) {
    case ACTION_READ_FIRST_LANE: /* lane 0 when none is active */
        lane = exec ? (unsigned)__builtin_ctzll(exec) : 0;
        w->sgpr[op->dest] = source_of_lane(w, op, 0, lane);
        break;
    case ACTION_READ_LANE:
        lane = (unsigned)scalar_source(w, op, 1, false) % LANES;
        w->sgpr[op->dest] = source_of_lane(w, op, 0, lane);
        break;
    default: /* v_writelane */
        lane = (unsigned)scalar_source(w, op, 1, false) % LANES;
        w->vgpr[op->dest][lane] = (uint32_t)scalar_source(w, op, 0, false);
    }
}

void run_swap(struct wave *w, const struct op *op)
{
    uint32_t *a = w->vgpr[op->dest], *b = w->vgpr[op->source[0] - SRC_VGPR];
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        uint32_t was = a[lane];
        a[lane] = b[lane];
        b[lane] = was;
    }
}

/* v_mqsad_u32_u8: four sums of four masked bytes, each from one byte further on. */
void run_masked_sads(struct wave *w, const struct op *op)
{
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        uint64_t bytes = scalar_source(w, op, 0, true);
        if (op->source[0] >= SRC_VGPR)
            bytes = source_of_lane(w, op, 0, lane) | (uint64_t)w->vgpr[op->source[0] - SRC_VGPR + 1][lane]
                                                         << 32;
        uint32_t reference = source_of_lane(w, op, 1, lane), sums[4];
        for (unsigned k = 0; k < 4; k++) {
            uint32_t start = op->source[2] >= SRC_VGPR ? w->vgpr[op->source[2] - SRC_VGPR + k][lane]
                                                       : (uint32_t)op->value[2];
            uint64_t sum = (uint64_t)start + sad_bytes((uint32_t)(bytes >> 8 * k), reference, true);
            sums[k] = op->clamp && sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
        }
        for (unsigned k = 0; k < 4; k++) w->vgpr[op->dest + k][lane] = sums[k];
    }
}
