/* SPDX-License-Identifier: Apache-2.0 */
/* PCI: which functions there are, their registers and their interrupts.
 *
 * Configuration space is reached through the window that ACPI's MCFG names (ECAM), else through two ports. Functions are
 * found once, at boot; the list never changes afterwards. Where firmware has left buses without numbers and BARs without
 * addresses, they get some (pci_assign.c). Threads only, one at a time, as long as devices start; masking a vector and
 * reading or writing registers of one's own device at any time. */
#pragma once
#include "abi/boot_info.h"
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
    uint32_t msix_vectors;     /* 0: it has no MSI-X */
    uint8_t secondary;         /* a bridge: the bus behind it; else 0 */
    struct pci_device *bridge; /* that it is behind; NULL: it is on the first bus */
    struct pci_device *next;
    uint64_t dma_faults; /* device/iommu.c's */
    /* pci*.c's: */
    struct mmio config;         /* in the window; empty without one */
    uint8_t msix, msi, express; /* its capabilities */
    bool is_ours;               /* a bridge that has its numbers and windows from us */
    uint8_t msi_vector;         /* of the CPU; 0: none */
    struct mmio msix_table;
    uint8_t *msix_irqs; /* the CPU's vector for each of its own; 0: none */
};

/* Finds all functions. `info` tells where memory is. ERR_NO_DEVICE: the machine has no PCI. ERR_NO_MEMORY: the list may
 * lack some. A second call does nothing and returns what the first did. */
err_t pci_init(const struct acpi_info *acpi, const struct boot_info *info);
/* Each bridge comes before what is behind it. */
struct pci_device *pci_first(void);
/* The next one of this kind; NULL. `after` NULL: from the start. */
struct pci_device *pci_find(const struct pci_device *after, uint16_t vendor, uint16_t id);
/* Bus, slot and function as requests on the bus carry them. */
static inline uint16_t pci_address(const struct pci_device *device)
{
    return (uint16_t)(device->bus << 8 | device->slot << 3 | device->function);
}
/* Whose address the device's own requests carry by the time they reach memory: a bridge to conventional PCI puts another
 * one in. */
uint16_t pci_requester(const struct pci_device *device);

uint32_t pci_read(const struct pci_device *device, uint32_t offset, uint32_t bytes); /* 1, 2 or 4 */
void pci_write(const struct pci_device *device, uint32_t offset, uint32_t bytes, uint32_t value);

/* The first capability of this kind behind `after` (0: from the start); 0: there is none. The second is for the extended
 * ones, which only the window reaches. */
uint8_t pci_capability(const struct pci_device *device, uint8_t kind, uint8_t after);
uint16_t pci_extended_capability(const struct pci_device *device, uint16_t kind, uint16_t after);

/* Lets it answer at its memory BARs and reach memory itself; the bridges on the way, too. */
void pci_enable(const struct pci_device *device);
/* It reaches no memory any more, and sends no messages. */
void pci_disable_master(const struct pci_device *device);
/* Back to how it was at power-on, but with its BARs. Its requests, MSI and MSI-X are off. Up to 0.3 s. ERR_NOT_SUPPORTED;
 * ERR_TIMED_OUT: it does not come back. */
err_t pci_reset(struct pci_device *device);

/* Maps part of a memory BAR, uncached, or as `type` (mm/page_table.h) says. ERR_INVALID: it is not there or not so long;
 * ERR_NO_MEMORY. */
err_t pci_map_bar(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                  struct mmio *out);
err_t pci_map_bar_as(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                     uint32_t type, struct mmio *out);

/* MSI-X: all vectors masked. ERR_NOT_SUPPORTED, ERR_INVALID (its table is not where it says), ERR_NO_MEMORY. */
err_t pci_msix_start(struct pci_device *device);
/* Off, with all vectors detached. */
void pci_msix_stop(struct pci_device *device);
/* Opens a vector that interrupts `cpu`. What irq_attach_message() returns; ERR_BUSY: it is attached. */
err_t pci_msix_attach(struct pci_device *device, uint32_t vector, uint32_t cpu, irq_handler_t handler,
                      void *context);
/* Its handler is not running any more when this returns. Not from a handler. */
void pci_msix_detach(struct pci_device *device, uint32_t vector);
/* What comes meanwhile is delivered once it is open again. */
void pci_msix_mask(const struct pci_device *device, uint32_t vector, bool is_masked);

/* MSI: one vector. The same errors. */
err_t pci_msi_attach(struct pci_device *device, uint32_t cpu, irq_handler_t handler, void *context);
void pci_msi_detach(struct pci_device *device);
