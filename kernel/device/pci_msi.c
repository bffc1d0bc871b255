/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X and MSI: interrupts that are writes. With MSI-X each vector has an address and a value of its own, in a table in
 * a BAR; MSI has one of each, in configuration space. [pci-3.0 6.8] */
#include "device/pci.h"

#include "arch/percpu.h"
#include "mm/heap.h"

/* ---- MSI-X ---- */

static void set_control(const struct pci_device *device, uint32_t set, uint32_t clear)
{
    uint32_t control = pci_read(device, device->msix + PCI_MSIX_CONTROL, 2);
    pci_write(device, device->msix + PCI_MSIX_CONTROL, 2, (control | set) & ~clear);
}

void pci_msix_mask(const struct pci_device *device, uint32_t vector, bool is_masked)
{
    mmio_write32(&device->msix_table, vector * PCI_MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_CONTROL,
                 is_masked ? PCI_MSIX_ENTRY_MASKED : 0);
}

static err_t map_table(struct pci_device *device)
{
    uint32_t table = pci_read(device, device->msix + PCI_MSIX_TABLE, 4);
    return pci_map_bar(device, table & 7, table & ~7u, (uint64_t)device->msix_vectors * PCI_MSIX_ENTRY_BYTES,
                       &device->msix_table);
}

err_t pci_msix_start(struct pci_device *device)
{
    if (!device->msix) return ERR_NOT_SUPPORTED;
    if (!device->msix_irqs) device->msix_irqs = heap_alloc_zeroed(device->msix_vectors);
    if (!device->msix_irqs) return ERR_NO_MEMORY;
    err_t e = device->msix_table.base ? OK : map_table(device);
    if (failed(e)) return e;
    for (uint32_t i = 0; i < device->msix_vectors; i++) pci_msix_mask(device, i, true);
    set_control(device, PCI_MSIX_ENABLE, PCI_MSIX_MASK_ALL);
    return OK;
}

void pci_msix_stop(struct pci_device *device)
{
    if (!device->msix_irqs) return;
    for (uint32_t i = 0; i < device->msix_vectors; i++) pci_msix_detach(device, i);
    set_control(device, 0, PCI_MSIX_ENABLE);
    heap_free(device->msix_irqs);
    device->msix_irqs = NULL;
}

err_t pci_msix_attach(struct pci_device *device, uint32_t vector, uint32_t cpu, irq_handler_t handler,
                      void *context)
{
    struct irq_message message;
    if (vector >= device->msix_vectors || !device->msix_irqs || !device->msix_table.base) return ERR_INVALID;
    if (device->msix_irqs[vector]) return ERR_BUSY;
    err_t e = irq_attach_message(percpu_of(cpu)->apic_id, handler, context, &message);
    if (failed(e)) return e;
    device->msix_irqs[vector] = (uint8_t)message.data;
    uint32_t entry = vector * PCI_MSIX_ENTRY_BYTES;
    mmio_write32(&device->msix_table, entry, (uint32_t)message.address);
    mmio_write32(&device->msix_table, entry + 4, (uint32_t)(message.address >> 32));
    mmio_write32(&device->msix_table, entry + 8, message.data);
    pci_msix_mask(device, vector, false);
    return OK;
}

void pci_msix_detach(struct pci_device *device, uint32_t vector)
{
    if (vector >= device->msix_vectors || !device->msix_irqs || !device->msix_irqs[vector]) return;
    pci_msix_mask(device, vector, true);
    irq_detach_message(device->msix_irqs[vector]);
    device->msix_irqs[vector] = 0;
}

/* ---- MSI ---- */

static void write_message(const struct pci_device *d, struct irq_message message)
{
    uint32_t control = pci_read(d, d->msi + PCI_MSI_CONTROL, 2), data = d->msi + PCI_MSI_ADDRESS + 4u;
    pci_write(d, d->msi + PCI_MSI_ADDRESS, 4, (uint32_t)message.address);
    if (control & PCI_MSI_64) {
        pci_write(d, data, 4, (uint32_t)(message.address >> 32));
        data += 4;
    }
    pci_write(d, data, 2, message.data);
    control &= ~(uint32_t)PCI_MSI_ENABLED_MASK;
    pci_write(d, d->msi + PCI_MSI_CONTROL, 2, control | PCI_MSI_ENABLE);
}

err_t pci_msi_attach(struct pci_device *device, uint32_t cpu, irq_handler_t handler, void *context)
{
    struct irq_message message;
    if (!device->msi) return ERR_NOT_SUPPORTED;
    if (device->msi_vector) return ERR_BUSY;
    err_t e = irq_attach_message(percpu_of(cpu)->apic_id, handler, context, &message);
    if (failed(e)) return e;
    device->msi_vector = (uint8_t)message.data;
    write_message(device, message);
    return OK;
}

void pci_msi_detach(struct pci_device *device)
{
    if (!device->msi_vector) return;
    uint32_t control = pci_read(device, device->msi + PCI_MSI_CONTROL, 2);
    pci_write(device, device->msi + PCI_MSI_CONTROL, 2, control & ~(uint32_t)PCI_MSI_ENABLE);
    irq_detach_message(device->msi_vector);
    device->msi_vector = 0;
}
