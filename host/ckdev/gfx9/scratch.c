/* SPDX-License-Identifier: Apache-2.0 */
/* Private memory as flat and scratch instructions see it: dwords of the 64 lanes side by side, from
 * FLAT_SCRATCH on. [llvm-amdgpu, Flat Scratch] */
#include "host/ckdev/gfx9/elements.h"

enum { DWORD_ROW_BYTES = 4 * LANES };

/* Where a piece within one dword is; 0: outside the lane's part. */
static uint64_t place_of(const struct wave *w, unsigned lane, uint64_t offset, unsigned bytes)
{
    uint64_t room = w->group->dispatch->launch.scratch_wave_bytes / LANES;
    if (offset >= room || bytes > room - offset) return 0;
    uint64_t base = w->sgpr64[SRC_FLAT_SCRATCH / 2];
    return base + offset / 4 * DWORD_ROW_BYTES + lane * 4 + offset % 4;
}

static unsigned piece_of(uint64_t offset, unsigned left)
{
    unsigned to_dword_end = (unsigned)(4 - offset % 4);
    return MIN(left, to_dword_end);
}

bool scratch_read(struct wave *w, unsigned lane, uint64_t offset, uint8_t *to, unsigned bytes,
                  uint64_t *fault)
{
    for (unsigned done = 0, piece; done < bytes; done += piece) {
        piece = piece_of(offset + done, bytes - done);
        uint64_t place = place_of(w, lane, offset + done, piece);
        *fault = w->group->dispatch->launch.scratch_aperture + offset + done;
        if (!place || !worker_read(w->group->worker, place, to + done, piece, GFX9_READ, fault)) return false;
    }
    return true;
}

bool scratch_write(struct wave *w, unsigned lane, uint64_t offset, const uint8_t *from, unsigned bytes,
                   uint64_t *fault)
{
    for (unsigned done = 0, piece; done < bytes; done += piece) {
        piece = piece_of(offset + done, bytes - done);
        uint64_t place = place_of(w, lane, offset + done, piece);
        *fault = w->group->dispatch->launch.scratch_aperture + offset + done;
        if (!place || !worker_write(w->group->worker, place, from + done, piece, fault)) return false;
    }
    return true;
}
