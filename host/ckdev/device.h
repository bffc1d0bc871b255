/* SPDX-License-Identifier: Apache-2.0 */
/* The device behind a window: it serves the command ring and runs the queues. docs/gpu-protocol.md tells the rules.
 *
 * This is what the engine's process is; it knows nothing of QEMU, of sockets or of other processes, so tests run it as
 * it is beside a kernel of their own. */
#pragma once
#include "abi/gpu_ring.h"
#include "host/ckdev/memory.h"

enum { DEVICE_THREADS_MAX = 64 };

struct device_config {
    uint8_t *window; /* laid out by window_lay_out */
    struct memory memory;
    int kick_fd;      /* an eventfd: GPU_KICK_WORK */
    int interrupt_fd; /* an eventfd: GPU_INTERRUPT_EVENTS */
    uint32_t threads; /* that execute: 1 to DEVICE_THREADS_MAX */
};

struct device;

/* NULL: no memory, or no threads. */
struct device *device_create(const struct device_config *config);
/* Serves until device_stop, or until the kernel breaks the protocol: says which. */
enum gpu_failure device_run(struct device *device);
/* From any thread. */
void device_stop(struct device *device);
/* After device_run has returned. */
void device_destroy(struct device *device);
