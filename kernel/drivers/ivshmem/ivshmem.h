/* SPDX-License-Identifier: Apache-2.0 */
/* Transport of paravirtual GPUs: ivshmem-doorbell, whose other peer is the device process. */
#pragma once
#include "device/gpu_link.h"

/* After pci_init(); what is found goes to gpu_link_found. Threads only, once. */
void ivshmem_probe(void);
