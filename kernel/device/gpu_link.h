/* SPDX-License-Identifier: Apache-2.0 */
/* Contract of a transport of abi/gpu_ring.h: how the window of a paravirtual GPU is reached, and how both sides get each
 * other's attention. A driver fills in all but the last two. */
#pragma once
#include "abi/gpu_ring.h"
#include "lib/base.h"

struct gpu_link {
    const char *name; /* for the log; lives for ever */
    paddr_t window;
    uint64_t window_bytes;
    /* Any context. */
    void (*kick)(struct gpu_link *link, enum gpu_kick what);
    /* Set before the driver's attach function is called; from interrupts. */
    void (*interrupt)(struct gpu_link *link, enum gpu_interrupt what);
    void *owner;
};

/* Whoever drives what is behind a link: set before links are probed. The driver opens its interrupts when it returns
 * without an error. */
extern err_t (*gpu_link_found)(struct gpu_link *link);
