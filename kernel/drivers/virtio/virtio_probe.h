/* SPDX-License-Identifier: Apache-2.0 */
/* Finding virtio devices and starting their drivers. Threads only, once. */
#pragma once
#include "device/netif.h"
#include "lib/acpi.h"

/* Who gets network devices. Set before the next two are called. */
extern void (*virtio_net_found)(struct net_device *device);

/* The slots that QEMU's microvm has for devices; nothing on other machines. */
void virtio_probe_mmio(const struct acpi_info *acpi);
/* Those on PCI, after pci_init(). */
void virtio_probe_pci(void);
