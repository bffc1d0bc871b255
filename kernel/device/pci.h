/* SPDX-License-Identifier: Apache-2.0 */
/* PCI: which functions there are, their registers and their interrupts.
 *
 * Configuration space is reached through the window that ACPI's MCFG names (ECAM), else through two ports. Functions are
 * found once, at boot; the list never changes afterwards. Where firmware has left BARs without addresses, they get
 * some in the gap below the window. Threads only, one at a time, as long as devices start. */
#pragma once
#include "core/irq.h"
#include "device/pci_regs.h"
#include "lib/acpi.h"
#include "lib/mmio.h"

enum { PCI_BARS = 6 };

struct pci_bar {
    uint64_t base, bytes; /* bytes 0: there is none; base 0: it has no address */
    bool is_io, is_64, is_prefetchable;
};

struct pci_device {
    uint16_t segment;
    uint8_t bus, slot, function;
    uint8_t revision, header_type;
    uint16_t vendor, id, subsystem_vendor, subsystem;
    uint32_t class_code; /* class, subclass, interface */
    struct pci_bar bars[PCI_BARS];
    uint32_t msix_vectors; /* 0: it has no MSI-X */
    struct pci_device *next;
    /* pci.c's: */
    struct mmio config; /* in the window; empty without one */
    uint8_t msix;       /* its capability */
    struct mmio msix_table;
};

/* Finds all functions. ERR_NO_DEVICE: the machine has no PCI. ERR_NO_MEMORY: the list may lack some. */
err_t pci_init(const struct acpi_info *acpi);
/* In the order of their addresses. */
struct pci_device *pci_first(void);

uint32_t pci_read(const struct pci_device *device, uint32_t offset, uint32_t bytes); /* 1, 2 or 4 */
void pci_write(const struct pci_device *device, uint32_t offset, uint32_t bytes, uint32_t value);

/* The first capability of this kind behind `after` (0: from the start); 0: there is none. */
uint8_t pci_capability(const struct pci_device *device, uint8_t kind, uint8_t after);

/* Lets it answer at its memory BARs and reach memory itself. */
void pci_enable(const struct pci_device *device);
/* Maps part of a memory BAR. ERR_INVALID: it is not there or not so long; ERR_NO_MEMORY. */
err_t pci_map_bar(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                  struct mmio *out);

/* MSI-X: all vectors masked. ERR_NOT_SUPPORTED, ERR_INVALID (its table is not where it says). */
err_t pci_msix_start(struct pci_device *device);
/* Opens a vector that interrupts `cpu`. What irq_attach_message() returns. */
err_t pci_msix_attach(struct pci_device *device, uint32_t vector, uint32_t cpu, irq_handler_t handler,
                      void *context);
