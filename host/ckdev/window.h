/* SPDX-License-Identifier: Apache-2.0 */
/* How the window is divided: registers, command ring, event ring, doorbells, signals, VRAM. */
#pragma once
#include "abi/gpu_ring.h"
#include "lib/base.h"

enum {
    WINDOW_CONTEXTS = 128,
    WINDOW_QUEUES = GPU_QUEUES_MAX,
    WINDOW_DOORBELL_BYTES = 8192, /* of a context: as on AMD's cards, 1024 of 8 bytes */
    WINDOW_COMMANDS = 1024,
    WINDOW_EVENTS = 1024,
};

/* Bytes of a window with that much VRAM: a power of two, because a BAR is one. 0: too much. */
uint64_t window_bytes(uint64_t vram_bytes);
/* Where VRAM begins in the window. */
uint64_t window_vram_offset(void);
/* Fill what registers say for ever. The rest of the page is left alone. */
void window_lay_out(struct gpu_registers *registers, const struct gpu_identity *identity,
                    uint64_t vram_bytes);
/* Rings, doorbells, signals, VRAM and the indices in the registers become zero, and VRAM's memory is given back. */
void window_clear(uint8_t *window, uint64_t vram_bytes);

/* The identity of an engine by its name on the command line. False: there is none. */
bool window_identity(const char *engine, struct gpu_identity *out);
