/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X: interrupts that are writes, each vector with an address and a value of its own. [pci-3.0 6.8] */
#include "device/pci.h"

#include "arch/percpu.h"

err_t pci_msix_start(struct pci_device *device)
{
    if (!device->msix) return ERR_NOT_SUPPORTED;
    uint32_t table = pci_read(device, device->msix + PCI_MSIX_TABLE, 4);
    err_t e = pci_map_bar(device, table & 7, table & ~7u,
                          (uint64_t)device->msix_vectors * PCI_MSIX_ENTRY_BYTES, &device->msix_table);
    if (failed(e)) return e;
    for (uint32_t i = 0; i < device->msix_vectors; i++)
        mmio_write32(&device->msix_table, i * PCI_MSIX_ENTRY_BYTES + 12, PCI_MSIX_ENTRY_MASKED);
    uint32_t control = pci_read(device, device->msix + PCI_MSIX_CONTROL, 2);
    control = (control | PCI_MSIX_ENABLE) & ~(uint32_t)PCI_MSIX_MASK_ALL;
    pci_write(device, device->msix + PCI_MSIX_CONTROL, 2, control);
    return OK;
}

err_t pci_msix_attach(struct pci_device *device, uint32_t vector, uint32_t cpu, irq_handler_t handler,
                      void *context)
{
    struct irq_message message;
    if (vector >= device->msix_vectors || !device->msix_table.base) return ERR_INVALID;
    err_t e = irq_attach_message(percpu_of(cpu)->apic_id, handler, context, &message);
    if (failed(e)) return e;
    uint32_t entry = vector * PCI_MSIX_ENTRY_BYTES;
    mmio_write32(&device->msix_table, entry, (uint32_t)message.address);
    mmio_write32(&device->msix_table, entry + 4, (uint32_t)(message.address >> 32));
    mmio_write32(&device->msix_table, entry + 8, message.data);
    mmio_write32(&device->msix_table, entry + 12, 0);
    return OK;
}
