/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of PCI: finding functions (pci.c), BARs (pci_bar.c), and what firmware left out (pci_assign.c). */
#pragma once
#include "device/pci.h"

static inline bool pci_is_bridge(const struct pci_device *device)
{
    return (device->header_type & 0x7f) == 1;
}

/* How long its BARs are and where they lie. */
void pci_read_bars(struct pci_device *device);
/* Writes what `bars` has. */
void pci_write_bars(const struct pci_device *device);

/* Addresses that nothing answers at: [next, end). Empty when there are none. */
struct pci_room {
    uint64_t next, end;
};
struct pci_rooms {
    struct pci_room low, high; /* below and above 4 GiB */
};

/* Addresses for memory BARs that have none, and windows for the bridges that are ours. Devices are not in use yet. */
void pci_assign(struct pci_device *devices, struct pci_rooms rooms);
/* The rooms behind what has addresses there. */
void pci_skip_used(const struct pci_device *devices, struct pci_rooms *rooms);
