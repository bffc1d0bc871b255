/* SPDX-License-Identifier: Apache-2.0 */
#include "device/pci.h"

#include "arch/cpu.h"
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
static bool is_scanned[BUSES];
static uint8_t last_bus; /* the highest number in use */
static struct pci_device *first, **last = &first;
static bool is_started;
static err_t start_result;

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

uint16_t pci_extended_capability(const struct pci_device *device, uint16_t kind, uint16_t after)
{
    if (!device->config.base || !device->express) return 0;
    uint32_t at = after ? pci_read(device, after, 4) >> 20 : (uint32_t)PCIE_EXTENDED;
    for (uint32_t i = 0; i < PCIE_CONFIG_BYTES / 8 && at >= PCIE_EXTENDED; i++) {
        uint32_t header = pci_read(device, at & ~3u, 4);
        if (!header || header == UINT32_MAX) return 0; /* a list without any begins with a zero */
        if ((header & UINT16_MAX) == kind) return (uint16_t)(at & ~3u);
        at = header >> 20;
    }
    return 0;
}

static void set_command(const struct pci_device *device, uint32_t set, uint32_t clear)
{
    uint32_t command = pci_read(device, PCI_COMMAND, 2);
    pci_write(device, PCI_COMMAND, 2, (command | set) & ~clear);
}

void pci_enable(const struct pci_device *device)
{
    set_command(device, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX, 0);
    for (const struct pci_device *b = device->bridge; b; b = b->bridge)
        set_command(b, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

void pci_disable_master(const struct pci_device *device) { set_command(device, 0, PCI_COMMAND_MASTER); }

/* [pcie-pci-bridge-1.0 2.3], and for bridges from one conventional bus to another [pci-bridge-1.2]. */
uint16_t pci_requester(const struct pci_device *device)
{
    uint16_t address = pci_address(device);
    for (const struct pci_device *b = device->bridge; b; b = b->bridge) {
        uint32_t flags = b->express ? pci_read(b, b->express + PCIE_FLAGS, 2) : 0;
        if (!b->express)
            address = pci_address(b);
        else if ((flags >> 4 & 15) == PCIE_TYPE_TO_PCI_BRIDGE)
            address = (uint16_t)(b->secondary << 8);
    }
    return address;
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
    }
    if ((d->header_type & 0x7f) <= 1) pci_read_bars(d);
    d->msi = pci_capability(d, PCI_CAPABILITY_MSI, 0);
    d->express = pci_capability(d, PCI_CAPABILITY_EXPRESS, 0);
    d->msix = pci_capability(d, PCI_CAPABILITY_MSIX, 0);
    if (d->msix) d->msix_vectors = (pci_read(d, d->msix + PCI_MSIX_CONTROL, 2) & 0x7ff) + 1;
}

/* NULL: no memory. */
static struct pci_device *add_function(const struct pci_device *probe, struct pci_device *bridge)
{
    struct pci_device *d = heap_alloc(sizeof(*d));
    if (!d) return NULL;
    *d = *probe;
    d->bridge = bridge;
    read_facts(d);
    *last = d;
    last = &d->next;
    log_debug("pci %02x:%02x.%u: %04x:%04x class %06x", d->bus, d->slot, d->function, d->vendor, d->id,
              d->class_code);
    return d;
}

static err_t scan_bus(struct pci_device *bridge, uint8_t bus, uint32_t depth);

/* Behind a bridge there is the bus that firmware has given it, always a higher one. */
static err_t scan_behind(struct pci_device *bridge, uint32_t depth)
{
    bridge->secondary = (uint8_t)pci_read(bridge, PCI_SECONDARY_BUS, 1);
    last_bus = MAX(last_bus, (uint8_t)pci_read(bridge, PCI_SUBORDINATE_BUS, 1));
    if (bridge->secondary <= bridge->bus || depth == DEPTH_MAX) return OK;
    return scan_bus(bridge, bridge->secondary, depth + 1);
}

static err_t scan_slot(struct pci_device *bridge, uint8_t bus, uint8_t slot, uint32_t depth)
{
    struct pci_device probe;
    uint32_t functions = 1;
    for (uint8_t f = 0; f < functions; f++) {
        if (!open_function(&probe, bus, slot, f)) continue;
        struct pci_device *d = add_function(&probe, bridge);
        if (!d) return ERR_NO_MEMORY;
        if (!f && (d->header_type & 0x80)) functions = FUNCTIONS;
        err_t e = pci_is_bridge(d) ? scan_behind(d, depth) : OK;
        if (failed(e)) return e;
    }
    return OK;
}

static err_t scan_bus(struct pci_device *bridge, uint8_t bus, uint32_t depth)
{
    if (is_scanned[bus]) return OK;
    is_scanned[bus] = true;
    last_bus = MAX(last_bus, bus);
    err_t e = map_bus(bus);
    for (uint8_t slot = 0; slot < SLOTS && !failed(e); slot++) e = scan_slot(bridge, bus, slot, depth);
    return e;
}

/* ---- bridges without numbers ---- */

static uint8_t bus_max(void) { return window ? window->last_bus : BUSES - 1; }

/* Until it is known how many buses are behind it, a bridge passes on what is for all the rest. */
static err_t number_bridge(struct pci_device *bridge)
{
    if (last_bus == bus_max()) {
        log_warning("pci %02x:%02x.%u: no number is left for the bus behind it", bridge->bus, bridge->slot,
                    bridge->function);
        return OK;
    }
    bridge->is_ours = true;
    bridge->secondary = (uint8_t)(last_bus + 1);
    pci_write(bridge, PCI_PRIMARY_BUS, 1, bridge->bus);
    pci_write(bridge, PCI_SECONDARY_BUS, 1, bridge->secondary);
    pci_write(bridge, PCI_SUBORDINATE_BUS, 1, bus_max());
    err_t e = scan_bus(bridge, bridge->secondary, DEPTH_MAX);
    for (struct pci_device *d = bridge->next; d && !failed(e); d = d->next)
        if (d->bridge == bridge && pci_is_bridge(d) && !d->secondary) e = number_bridge(d);
    pci_write(bridge, PCI_SUBORDINATE_BUS, 1, last_bus);
    return e;
}

static err_t number_bridges(void)
{
    err_t e = OK;
    for (struct pci_device *d = first; d && !failed(e); d = d->next)
        if (!d->bridge && pci_is_bridge(d) && !d->secondary) e = number_bridge(d);
    return e;
}

/* ---- machines ---- */

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

/* Where devices can be. Machines without firmware that assigns leave RAM to end at 3 GiB at the latest, and have nothing
 * else up to the window of configuration space. Above 4 GiB a microvm has the last quarter of what the processor can
 * address. [qemu hw/i386/microvm.c] Elsewhere it is what lies behind all that the loader's map lists, and behind the BARs
 * that firmware has placed; the host bridge's own limits are in AML, which is not read. */
static struct pci_rooms find_rooms(bool is_microvm, const struct boot_info *info)
{
    const uint64_t gap = 0xc0000000, high = 1ull << 32;
    uint32_t bits = cpuid_read(0x80000000, 0).eax >= 0x80000008 ? cpuid_read(0x80000008, 0).eax & 0xff : 36;
    uint64_t top = 1ull << MIN(bits, 52u);
    struct pci_rooms rooms = { { gap, window->base.raw }, { high, top } };
    for (uint32_t i = 0; i < info->range_count; i++)
        rooms.high.next = MAX(rooms.high.next, info->ranges[i].base.raw + info->ranges[i].bytes);
    if (is_microvm) rooms.high.next = MAX(rooms.high.next, top - top / 4);
    return rooms;
}

static err_t start(const struct acpi_info *acpi, const struct boot_info *info)
{
    bool is_microvm = false;
    window = !acpi->mcfg.why && acpi->mcfg.count ? &acpi->mcfg.segments[0] : NULL;
    if (!window) is_microvm = is_microvm_window(acpi);
    if (!window && !has_ports()) return ERR_NO_DEVICE;
    err_t e = scan_bus(NULL, window ? window->first_bus : 0, 0);
    if (!failed(e)) e = number_bridges();
    if (!window) return e;
    struct pci_rooms rooms = find_rooms(is_microvm, info);
    pci_skip_used(first, &rooms);
    pci_assign(first, rooms);
    return e;
}

err_t pci_init(const struct acpi_info *acpi, const struct boot_info *info)
{
    if (!is_started) start_result = start(acpi, info);
    is_started = true;
    return start_result;
}

struct pci_device *pci_first(void) { return first; }

struct pci_device *pci_find(const struct pci_device *after, uint16_t vendor, uint16_t id)
{
    struct pci_device *d = after ? after->next : first;
    while (d && (d->vendor != vendor || d->id != id)) d = d->next;
    return d;
}
