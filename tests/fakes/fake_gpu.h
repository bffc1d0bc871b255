/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs of a host test: a back end that counts what it is asked for, below the real core. A program's own memory is taken
 * to be there; nothing follows its changes. */
#pragma once
#include "gpu/backend.h"
#include "lib/base.h"

enum { FAKE_GPU_VRAM_BYTES = 64 << 20 };

struct fake_gpu {
    uint32_t contexts, queues; /* that there are now */
    uint64_t mapped_bytes;
    uint32_t clears, resets, updates; /* so far */
    bool is_dead;                     /* does not come back from a reset */
    bool has_no_blocks;               /* the machine: of 2 MiB, in a row */
    struct gpu_apertures apertures;   /* of the context updated last */
    struct gpu_queue_request request; /* of the queue made or changed last */
    uint32_t map_flags;               /* of the piece mapped last */
    uint64_t awaited;                 /* bits of the first signals */
    uint32_t kept_signal;             /* raised and not told; 0: none */
};
extern struct fake_gpu fake_gpu;

/* Once: a GPU like a Vega 10, with little memory. */
void fake_gpu_add(void);
struct gpu_device *fake_gpu_device(void);
/* Memory of the program's that begins here is not there. */
extern uint64_t fake_gpu_missing;
