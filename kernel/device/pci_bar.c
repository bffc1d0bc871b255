/* SPDX-License-Identifier: Apache-2.0 */
/* Base addresses: sizes are found by writing ones, with the device's decoding off meanwhile. [pci-3.0 6.2.5.1] */
#include "device/pci_internal.h"
#include "mm/kernel_map.h"
#include "mm/page_table.h"

static uint32_t bar_count(const struct pci_device *d)
{
    return pci_is_bridge(d) ? (uint32_t)PCI_BRIDGE_BARS : (uint32_t)PCI_BARS;
}

static uint64_t size_of(uint64_t mask)
{
    return mask ? mask & -mask : 0; /* the lowest bit that could be set */
}

/* Returns how many registers it has. */
static uint32_t read_bar(struct pci_device *d, uint32_t index)
{
    struct pci_bar *bar = &d->bars[index];
    uint32_t offset = PCI_BAR0 + 4 * index, low = pci_read(d, offset, 4);
    bar->is_io = low & PCI_BAR_IO;
    bar->is_64 = !bar->is_io && (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64 && index + 1 < bar_count(d);
    bar->is_prefetchable = !bar->is_io && (low & PCI_BAR_PREFETCHABLE);
    uint32_t fixed = bar->is_io ? 3 : 15, high = 0;
    pci_write(d, offset, 4, UINT32_MAX);
    uint64_t mask = pci_read(d, offset, 4) & ~fixed;
    pci_write(d, offset, 4, low);
    if (bar->is_64) {
        high = pci_read(d, offset + 4, 4);
        pci_write(d, offset + 4, 4, UINT32_MAX);
        mask |= (uint64_t)pci_read(d, offset + 4, 4) << 32;
        pci_write(d, offset + 4, 4, high);
    }
    bar->bytes = size_of(mask);
    bar->base = (low & ~fixed) | (uint64_t)high << 32;
    return bar->is_64 ? 2 : 1;
}

void pci_read_bars(struct pci_device *device)
{
    uint32_t command = pci_read(device, PCI_COMMAND, 2);
    pci_write(device, PCI_COMMAND, 2, command & ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    for (uint32_t i = 0; i < bar_count(device);) i += read_bar(device, i);
    pci_write(device, PCI_COMMAND, 2, command);
}

void pci_write_bars(const struct pci_device *device)
{
    for (uint32_t i = 0; i < bar_count(device); i++) {
        const struct pci_bar *bar = &device->bars[i];
        if (!bar->bytes) continue;
        pci_write(device, PCI_BAR0 + 4 * i, 4, (uint32_t)bar->base);
        if (bar->is_64) pci_write(device, PCI_BAR0 + 4 * i + 4, 4, (uint32_t)(bar->base >> 32));
    }
}

err_t pci_map_bar_as(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                     uint32_t type, struct mmio *out)
{
    uint64_t end;
    const struct pci_bar *b = &device->bars[MIN(bar, (uint32_t)PCI_BARS - 1)];
    if (bar >= PCI_BARS || b->is_io || !b->base || !bytes) return ERR_INVALID;
    if (add_overflows(offset, bytes, &end) || end > b->bytes) return ERR_INVALID;
    return kernel_map_mmio(PADDR(b->base + offset), bytes, type, &out->base);
}

err_t pci_map_bar(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                  struct mmio *out)
{
    return pci_map_bar_as(device, bar, offset, bytes, PAGE_UNCACHED, out);
}
