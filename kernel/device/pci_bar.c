/* SPDX-License-Identifier: Apache-2.0 */
/* Base addresses: sizes are found by writing ones, with the device's decoding off meanwhile. [pci-3.0 6.2.5.1] */
#include "core/log.h"
#include "device/pci_internal.h"

/* Machines without firmware that assigns leave RAM to end here at the latest, and have nothing else up to the window
 * of configuration space. [qemu hw/i386/microvm.c] */
#define GAP_BEGIN 0xc0000000ull

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
    bar->is_64 = !bar->is_io && (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64 && index + 1 < PCI_BARS;
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
    for (uint32_t i = 0; i < PCI_BARS;) i += read_bar(device, i);
    pci_write(device, PCI_COMMAND, 2, command);
}

static void write_base(const struct pci_device *d, uint32_t index)
{
    const struct pci_bar *bar = &d->bars[index];
    pci_write(d, PCI_BAR0 + 4 * index, 4, (uint32_t)bar->base);
    if (bar->is_64) pci_write(d, PCI_BAR0 + 4 * index + 4, 4, (uint32_t)(bar->base >> 32));
}

/* Behind what has an address there. */
static uint64_t used_end(const struct pci_device *devices, uint64_t end)
{
    uint64_t used = GAP_BEGIN;
    for (const struct pci_device *d = devices; d; d = d->next)
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            const struct pci_bar *bar = &d->bars[i];
            bool is_inside = !bar->is_io && bar->base >= GAP_BEGIN && bar->base < end;
            if (is_inside) used = MAX(used, bar->base + bar->bytes);
        }
    return used;
}

void pci_assign_bars(struct pci_device *devices, uint64_t end)
{
    uint64_t next = used_end(devices, end);
    for (struct pci_device *d = devices; d; d = d->next) {
        if (d->bus) continue; /* behind a bridge it would have to be told, too */
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            struct pci_bar *bar = &d->bars[i];
            if (bar->is_io || !bar->bytes || bar->base) continue;
            uint64_t base = align_up(next, MAX(bar->bytes, (uint64_t)PAGE_BYTES));
            if (end < GAP_BEGIN || bar->bytes > end || base > end - bar->bytes) {
                log_warning("pci %02x:%02x.%u: no room for BAR %u", d->bus, d->slot, d->function, i);
                continue;
            }
            bar->base = base;
            next = base + bar->bytes;
            write_base(d, i);
        }
    }
}
