/* SPDX-License-Identifier: Apache-2.0 */
#include "device/pci.h"

#include <string.h>

#include "tests/fakes/fake_bus.h"
#include "tests/harness/test.h"

/* A configuration space behind the two ports: what is not there reads as ones. */
static uint8_t space[2][32][256]; /* bus, slot */
static bool is_there[2][32];
static uint32_t address;
static uint64_t bar_bytes[2][32][PCI_BARS];

static uint64_t bar_mask(uint32_t bus, uint32_t slot, uint32_t offset)
{
    uint32_t bar = (offset - PCI_BAR0) / 4;
    if (bar_bytes[bus][slot][bar]) return (uint32_t)~(bar_bytes[bus][slot][bar] - 1);
    /* The upper half of the one before. */
    bool is_upper = bar && (space[bus][slot][offset - 4] & 7) == PCI_BAR_TYPE_64;
    return is_upper ? ~(bar_bytes[bus][slot][bar - 1] - 1) >> 32 : 0;
}

static uint64_t read_port(void *model, uint32_t offset, uint32_t bytes)
{
    uint32_t bus = address >> 16 & 255, slot = address >> 11 & 31, at = (address & 0xfc) + (offset & 3);
    uint64_t value = 0;
    (void)model;
    if (offset < 4) return address;
    if (bus > 1 || (address >> 8 & 7) || !is_there[bus][slot]) return ~0ull >> (64 - 8 * bytes);
    memcpy(&value, &space[bus][slot][at], bytes);
    return value;
}

static void write_port(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    uint32_t bus = address >> 16 & 255, slot = address >> 11 & 31, at = (address & 0xfc) + (offset & 3);
    (void)model;
    if (offset < 4) {
        address = (uint32_t)value;
        return;
    }
    if (bus > 1 || (address >> 8 & 7) || !is_there[bus][slot]) return;
    if (at >= PCI_BAR0 && at < PCI_BAR0 + 4 * PCI_BARS) {
        uint32_t kind = space[bus][slot][at] & 15;
        bool has_kind = bar_bytes[bus][slot][(at - PCI_BAR0) / 4];
        value = (value & bar_mask(bus, slot, at)) | (has_kind ? kind : 0);
    }
    memcpy(&space[bus][slot][at], &value, bytes);
}

static void put(uint8_t *at, uint32_t bytes, uint64_t value) { memcpy(at, &value, bytes); }

static uint8_t *add(uint32_t bus, uint32_t slot, uint16_t id)
{
    uint8_t *s = space[bus][slot];
    is_there[bus][slot] = true;
    put(s + PCI_VENDOR, 2, 0x1af4);
    put(s + PCI_DEVICE, 2, id);
    put(s + PCI_REVISION_CLASS, 4, 0x02000001);
    return s;
}

/* One machine for all tests, since functions are found once. */
static void start(void)
{
    static bool is_started;
    static struct acpi_info acpi = { .mcfg.why = "none", .fadt.why = "none" };
    if (is_started) return;
    is_started = true;
    fake_bus_reset();
    fake_bus_add_ports(PCI_PORT_ADDRESS, 8, (struct fake_device){ NULL, read_port, write_port });
    uint8_t *s = add(0, 3, 0x1041);
    put(s + PCI_BAR0, 4, 0xfe000000);
    bar_bytes[0][3][0] = 0x1000;
    put(s + PCI_BAR0 + 4, 4, 0xc001);
    bar_bytes[0][3][1] = 0x40;
    put(s + PCI_BAR0 + 16, 4, 0x0000000c); /* 64 bits, prefetchable */
    put(s + PCI_BAR0 + 20, 4, 0x8);
    bar_bytes[0][3][4] = 0x100000000;
    put(s + PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
    s[PCI_CAPABILITIES] = 0x40;
    memcpy(s + 0x40, (uint8_t[]){ PCI_CAPABILITY_VENDOR, 0x50 }, 2);
    memcpy(s + 0x50, (uint8_t[]){ PCI_CAPABILITY_MSIX, 0x60, 3, 0 }, 4);
    memcpy(s + 0x60, (uint8_t[]){ PCI_CAPABILITY_VENDOR, 0x40 }, 2); /* a circle */
    s = add(0, 4, 0x0001);
    s[PCI_HEADER_TYPE] = 1;
    s[PCI_SECONDARY_BUS] = 1;
    s = add(1, 0, 0x1044);
    s = add(1, 2, 0x0002); /* a bridge that leads back */
    s[PCI_HEADER_TYPE] = 1;
    s[PCI_SECONDARY_BUS] = 0;
    EXPECT_OK(pci_init(&acpi));
}

TEST(functions_are_found_behind_bridges_and_a_bridge_that_leads_back_is_not_followed)
{
    static const uint16_t ids[] = { 0x1041, 0x0001, 0x1044, 0x0002 };
    size_t count = 0;
    start();
    for (const struct pci_device *d = pci_first(); d; d = d->next, count++)
        EXPECT(count < ARRAY_LENGTH(ids) && d->id == ids[count]);
    EXPECT_EQ(count, ARRAY_LENGTH(ids));
}

TEST(bars_have_the_sizes_and_addresses_that_the_device_says_and_keep_them)
{
    start();
    const struct pci_bar *bars = pci_first()->bars;
    EXPECT(bars[0].base == 0xfe000000 && bars[0].bytes == 0x1000 && !bars[0].is_io && !bars[0].is_64);
    EXPECT(bars[1].is_io && bars[1].base == 0xc000 && bars[1].bytes == 0x40);
    EXPECT(!bars[2].bytes && !bars[3].bytes);
    EXPECT(bars[4].is_64 && bars[4].is_prefetchable && bars[4].base == 0x800000000 &&
           bars[4].bytes == 0x100000000);
    EXPECT_EQ(pci_read(pci_first(), PCI_BAR0, 4), 0xfe000000);
}

TEST(capabilities_are_found_one_after_the_other_and_a_circle_ends)
{
    start();
    const struct pci_device *d = pci_first();
    EXPECT_EQ(pci_capability(d, PCI_CAPABILITY_MSIX, 0), 0x50);
    EXPECT_EQ(d->msix_vectors, 4);
    EXPECT_EQ(pci_capability(d, PCI_CAPABILITY_VENDOR, 0), 0x40);
    EXPECT_EQ(pci_capability(d, PCI_CAPABILITY_VENDOR, 0x40), 0x60);
    EXPECT_EQ(pci_capability(d, 0x77, 0), 0);
    EXPECT_EQ(pci_capability(d->next, PCI_CAPABILITY_VENDOR, 0), 0);
}

TEST(a_part_of_a_bar_that_is_not_there_is_not_mapped)
{
    struct mmio regs;
    start();
    EXPECT_ERR(pci_map_bar(pci_first(), 0, 0xfff, 2, &regs), ERR_INVALID);
    EXPECT_ERR(pci_map_bar(pci_first(), 0, UINT64_MAX, 2, &regs), ERR_INVALID);
    EXPECT_ERR(pci_map_bar(pci_first(), 1, 0, 4, &regs), ERR_INVALID);
    EXPECT_ERR(pci_map_bar(pci_first(), 6, 0, 4, &regs), ERR_INVALID);
    EXPECT_ERR(pci_map_bar(pci_first(), 2, 0, 4, &regs), ERR_INVALID);
}
