/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "device/pci.h"

/* How long its BARs are and where they lie. */
void pci_read_bars(struct pci_device *device);
/* Addresses for memory BARs that have none, below 4 GiB and below `end`. Devices are not in use yet. */
void pci_assign_bars(struct pci_device *devices, uint64_t end);
