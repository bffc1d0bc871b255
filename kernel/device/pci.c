/* SPDX-License-Identifier: Apache-2.0 */
#include "device/pci.h"

#include "arch/io.h"
#include "core/log.h"
#include "device/pci_internal.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "mm/page_table.h"

enum { BUSES = 256, SLOTS = 32, FUNCTIONS = 8, BUS_BYTES = 1 << 20, DEPTH_MAX = 8 };
enum { GPEX_VENDOR = 0x1b36, GPEX_DEVICE = 0x0008 }; /* QEMU's host bridge */

static const struct acpi_segment *window; /* NULL: by the ports. Only the first segment is looked at */
static volatile void *bus_windows[BUSES]; /* mapped so far */
static struct pci_device *first, **last = &first;

/* ---- configuration space ---- */

static err_t map_bus(uint8_t bus)
{
    if (!window || bus_windows[bus]) return OK;
    if (bus < window->first_bus || bus > window->last_bus) return ERR_NO_DEVICE;
    return kernel_map_mmio(PADDR(window->base.raw + (uint64_t)bus * BUS_BYTES), BUS_BYTES, PAGE_UNCACHED,
                           &bus_windows[bus]);
}

/* The word that an access is in, through the ports. */
static void select_word(const struct pci_device *d, uint32_t offset)
{
    port_write32(PCI_PORT_ADDRESS, 1u << 31 | (uint32_t)d->bus << 16 | (uint32_t)d->slot << 11 |
                                       (uint32_t)d->function << 8 | (offset & 0xfc));
}

uint32_t pci_read(const struct pci_device *device, uint32_t offset, uint32_t bytes)
{
    if (device->config.base) {
        if (bytes == 1) return mmio_read8(&device->config, offset);
        return bytes == 2 ? mmio_read16(&device->config, offset) : mmio_read32(&device->config, offset);
    }
    if (offset >= PCI_CONFIG_BYTES) return UINT32_MAX >> (32 - 8 * bytes);
    select_word(device, offset);
    uint32_t word = port_read32(PCI_PORT_DATA) >> 8 * (offset & 3);
    return bytes == 4 ? word : word & ((1u << 8 * bytes) - 1);
}

void pci_write(const struct pci_device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
    if (device->config.base) {
        if (bytes == 1)
            mmio_write8(&device->config, offset, (uint8_t)value);
        else if (bytes == 2)
            mmio_write16(&device->config, offset, (uint16_t)value);
        else
            mmio_write32(&device->config, offset, value);
        return;
    }
    if (offset >= PCI_CONFIG_BYTES) return;
    uint16_t port = (uint16_t)(PCI_PORT_DATA + (offset & 3));
    select_word(device, offset);
    if (bytes == 1)
        port_write8(port, (uint8_t)value);
    else if (bytes == 2)
        port_write16(port, (uint16_t)value);
    else
        port_write32(port, value);
}

uint8_t pci_capability(const struct pci_device *device, uint8_t kind, uint8_t after)
{
    if (!(pci_read(device, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES)) return 0;
    uint32_t at = pci_read(device, after ? after + 1u : PCI_CAPABILITIES, 1) & 0xfc;
    /* As many as fit, so that a list in a circle ends. */
    for (uint32_t i = 0; i < PCI_CONFIG_BYTES / 4 && at >= 0x40; i++) {
        if (pci_read(device, at, 1) == kind) return (uint8_t)at;
        at = pci_read(device, at + 1, 1) & 0xfc;
    }
    return 0;
}

void pci_enable(const struct pci_device *device)
{
    uint32_t command = pci_read(device, PCI_COMMAND, 2);
    pci_write(device, PCI_COMMAND, 2,
              command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
}

err_t pci_map_bar(const struct pci_device *device, uint32_t bar, uint64_t offset, uint64_t bytes,
                  struct mmio *out)
{
    uint64_t end;
    const struct pci_bar *b = &device->bars[MIN(bar, (uint32_t)PCI_BARS - 1)];
    if (bar >= PCI_BARS || b->is_io || !b->base || !bytes) return ERR_INVALID;
    if (add_overflows(offset, bytes, &end) || end > b->bytes) return ERR_INVALID;
    return kernel_map_mmio(PADDR(b->base + offset), bytes, PAGE_UNCACHED, &out->base);
}

/* ---- finding functions ---- */

static bool open_function(struct pci_device *probe, uint8_t bus, uint8_t slot, uint8_t function)
{
    *probe = (struct pci_device){ .bus = bus, .slot = slot, .function = function };
    uint64_t offset = (uint64_t)slot << 15 | (uint64_t)function << 12;
    if (window) probe->config.base = (volatile char *)bus_windows[bus] + offset;
    probe->vendor = (uint16_t)pci_read(probe, PCI_VENDOR, 2);
    return probe->vendor != 0xffff;
}

static void read_facts(struct pci_device *d)
{
    d->segment = window ? window->number : 0;
    d->id = (uint16_t)pci_read(d, PCI_DEVICE, 2);
    uint32_t class = pci_read(d, PCI_REVISION_CLASS, 4);
    d->revision = (uint8_t)class;
    d->class_code = class >> 8;
    d->header_type = (uint8_t)pci_read(d, PCI_HEADER_TYPE, 1);
    if ((d->header_type & 0x7f) == 0) {
        d->subsystem_vendor = (uint16_t)pci_read(d, PCI_SUBSYSTEM_VENDOR, 2);
        d->subsystem = (uint16_t)pci_read(d, PCI_SUBSYSTEM, 2);
        pci_read_bars(d);
    }
    d->msix = pci_capability(d, PCI_CAPABILITY_MSIX, 0);
    if (d->msix) d->msix_vectors = (pci_read(d, d->msix + PCI_MSIX_CONTROL, 2) & 0x7ff) + 1;
}

static err_t add_function(const struct pci_device *probe)
{
    struct pci_device *d = heap_alloc(sizeof(*d));
    if (!d) return ERR_NO_MEMORY;
    *d = *probe;
    read_facts(d);
    *last = d;
    last = &d->next;
    log_debug("pci %02x:%02x.%u: %04x:%04x class %06x", d->bus, d->slot, d->function, d->vendor, d->id,
              d->class_code);
    return OK;
}

static err_t scan_bus(uint8_t bus, uint32_t depth);

/* Behind a bridge there is the bus that firmware has given it, always a higher one. */
static err_t scan_behind(const struct pci_device *bridge, uint32_t depth)
{
    uint8_t secondary = (uint8_t)pci_read(bridge, PCI_SECONDARY_BUS, 1);
    if (secondary <= bridge->bus || depth == DEPTH_MAX) return OK;
    return scan_bus(secondary, depth + 1);
}

static err_t scan_slot(uint8_t bus, uint8_t slot, uint32_t depth)
{
    struct pci_device probe;
    uint32_t functions = 1;
    for (uint8_t f = 0; f < functions; f++) {
        if (!open_function(&probe, bus, slot, f)) continue;
        uint32_t header = pci_read(&probe, PCI_HEADER_TYPE, 1);
        if (!f && (header & 0x80)) functions = FUNCTIONS;
        err_t e = add_function(&probe);
        if (!failed(e) && (header & 0x7f) == 1) e = scan_behind(&probe, depth);
        if (failed(e)) return e;
    }
    return OK;
}

static err_t scan_bus(uint8_t bus, uint32_t depth)
{
    err_t e = map_bus(bus);
    for (uint8_t slot = 0; slot < SLOTS && !failed(e); slot++) e = scan_slot(bus, slot, depth);
    return e;
}

/* The address port keeps what was written where there is one. */
static bool has_ports(void)
{
    port_write32(PCI_PORT_ADDRESS, 1u << 31);
    return port_read32(PCI_PORT_ADDRESS) == 1u << 31;
}

/* QEMU's microvm has its window always there and tells of it in its DSDT alone. [qemu hw/i386/microvm.c] Its host bridge
 * says whether it is one: nothing else is at that place on a machine without fixed hardware. */
static bool is_microvm_window(const struct acpi_info *acpi)
{
    static const struct acpi_segment microvm = { .base = { 0xe0000000 }, .last_bus = 255 };
    struct pci_device bridge;
    if (acpi->fadt.why || !acpi->fadt.is_hardware_reduced) return false;
    window = &microvm;
    err_t e = map_bus(0);
    bool is_it = !failed(e) && open_function(&bridge, 0, 0, 0) && bridge.vendor == GPEX_VENDOR &&
                 pci_read(&bridge, PCI_DEVICE, 2) == GPEX_DEVICE;
    if (!is_it) window = NULL;
    return is_it;
}

err_t pci_init(const struct acpi_info *acpi)
{
    window = !acpi->mcfg.why && acpi->mcfg.count ? &acpi->mcfg.segments[0] : NULL;
    if (!window && !is_microvm_window(acpi) && !has_ports()) return ERR_NO_DEVICE;
    err_t e = scan_bus(window ? window->first_bus : 0, 0);
    if (window) pci_assign_bars(first, window->base.raw);
    return e;
}

struct pci_device *pci_first(void) { return first; }
