/* SPDX-License-Identifier: Apache-2.0 */
/* The server that QEMU's ivshmem-doorbell device connects to: it hands over the window, and eventfds both ways.
 * [qemu docs/specs/ivshmem-spec.rst] The device is peer 0, the machine is peer 1. */
#pragma once
#include "abi/gpu_ring.h"
#include "lib/base.h"

struct ivshmem {
    int kicks[GPU_KICK_COUNT];           /* eventfds that the machine's writes to Doorbell raise */
    int interrupts[GPU_INTERRUPT_COUNT]; /* and those that become its interrupts */
};

/* Make the eventfds. */
err_t ivshmem_init(struct ivshmem *ivshmem);
/* Tell the peer behind `connection` everything. ERR_IO: it has gone. */
err_t ivshmem_greet(const struct ivshmem *ivshmem, int connection, int window_fd);
