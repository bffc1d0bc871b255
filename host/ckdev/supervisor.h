/* SPDX-License-Identifier: Apache-2.0 */
/* The process that outlives engines: it is QEMU's peer, owns the window, and starts an engine for each generation, in a
 * process of its own. So whatever becomes of an engine, the kernel is told, and can have another one. */
#pragma once
#include "host/ckdev/device.h"
#include "host/ckdev/ivshmem.h"

struct supervisor_config {
    struct device_config device; /* all but its descriptors; mapped shared */
    struct gpu_identity identity;
    int window_fd;
    int connection; /* to QEMU */
};

/* Returns when QEMU has gone; the status to exit with. */
int supervisor_run(const struct supervisor_config *config);
