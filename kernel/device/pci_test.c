/* SPDX-License-Identifier: Apache-2.0 */
#include "device/pci.h"

#include <string.h>

#include "device/pci_internal.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

/* A configuration space behind the two ports: what is not there reads as ones. */
enum { BUSES = 4 };
static uint8_t space[BUSES][32][256]; /* bus, slot */
static bool is_there[BUSES][32];
static uint32_t address;
static uint64_t bar_bytes[BUSES][32][PCI_BARS];

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
    if (bus >= BUSES || (address >> 8 & 7) || !is_there[bus][slot]) return ~0ull >> (64 - 8 * bytes);
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
    if (bus >= BUSES || (address >> 8 & 7) || !is_there[bus][slot]) return;
    uint32_t bars = space[bus][slot][PCI_HEADER_TYPE] == 1 ? PCI_BRIDGE_BARS : PCI_BARS;
    if (at >= PCI_BAR0 && at < PCI_BAR0 + 4 * bars) {
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

/* What firmware knows nothing of: two functions, one of them behind a bridge behind a bridge. */
static void add_unconfigured(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *s = add(i ? 2 : 0, 5, (uint16_t)(0x0005 + i));
        s[PCI_HEADER_TYPE] = 1;
        put(s + PCI_BRIDGE_PREFETCH_BASE, 4, 0x00010001);
    }
    uint8_t *s = add(0, 6, 0x1050);
    put(s + PCI_BAR0, 4, PCI_BAR_TYPE_64);
    bar_bytes[0][6][0] = 0x100000;
    s = add(3, 0, 0x1051);
    put(s + PCI_BAR0, 4, PCI_BAR_TYPE_64 | PCI_BAR_PREFETCHABLE);
    bar_bytes[3][0][0] = 8ull << 30;
    bar_bytes[3][0][2] = 0x2000;
}

/* One machine for all tests, since functions are found once. */
static void start(void)
{
    static bool is_started;
    static struct boot_info info;
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
    add_unconfigured();
    EXPECT_OK(pci_init(&acpi, &info));
}

TEST(functions_are_found_behind_bridges_and_a_bridge_that_leads_back_is_not_followed)
{
    static const uint16_t ids[] = { 0x1041, 0x0001, 0x1044, 0x0002, 0x0005, 0x1050, 0x0006, 0x1051 };
    size_t count = 0;
    start();
    for (const struct pci_device *d = pci_first(); d; d = d->next, count++)
        EXPECT(count < ARRAY_LENGTH(ids) && d->id == ids[count]);
    EXPECT_EQ(count, ARRAY_LENGTH(ids));
}

static struct pci_device *with_id(uint16_t id) { return pci_find(NULL, 0x1af4, id); }

TEST(bridges_without_a_number_get_one_behind_all_others_and_pass_on_what_is_behind_them)
{
    start();
    EXPECT(with_id(0x1051)->bridge == with_id(0x0006) && with_id(0x0006)->bridge == with_id(0x0005));
    EXPECT(with_id(0x0001)->bridge == NULL && with_id(0x1044)->bridge == with_id(0x0001));
    const uint8_t *outer = space[0][5], *inner = space[2][5];
    EXPECT(outer[PCI_PRIMARY_BUS] == 0 && outer[PCI_SECONDARY_BUS] == 2 && outer[PCI_SUBORDINATE_BUS] == 3);
    EXPECT(inner[PCI_PRIMARY_BUS] == 2 && inner[PCI_SECONDARY_BUS] == 3 && inner[PCI_SUBORDINATE_BUS] == 3);
    EXPECT_EQ(space[0][4][PCI_SECONDARY_BUS], 1);
}

TEST(a_large_prefetchable_bar_is_placed_above_4_gib_and_the_bridges_on_its_way_open_for_it)
{
    struct pci_rooms rooms = { { 0xc0000000, 0xc0a00000 }, { 0x900000000, 0x1000000000 } };
    start();
    pci_skip_used(pci_first(), &rooms);
    EXPECT_EQ(rooms.high.next, 0x900000000); /* the BAR of 4 GiB at 32 GiB ends there */
    pci_assign(pci_first(), rooms);
    EXPECT_EQ(with_id(0x1050)->bars[0].base, 0xc0000000);
    const struct pci_bar *bars = with_id(0x1051)->bars;
    EXPECT(bars[0].base == 0xa00000000 && bars[2].base == 0xc0100000);
    EXPECT_EQ(pci_read(with_id(0x1051), PCI_BAR0, 4), PCI_BAR_TYPE_64 | PCI_BAR_PREFETCHABLE);
    EXPECT_EQ(pci_read(with_id(0x1051), PCI_BAR0 + 4, 4), 0xa);
    for (uint16_t id = 0x0005; id <= 0x0006; id++) {
        const struct pci_device *bridge = with_id(id);
        EXPECT_EQ(pci_read(bridge, PCI_BRIDGE_MEMORY_BASE, 4), 0xc010c010);
        EXPECT_EQ(pci_read(bridge, PCI_BRIDGE_PREFETCH_BASE_HIGH, 4), 9);
        EXPECT_EQ(pci_read(bridge, PCI_BRIDGE_PREFETCH_BASE_HIGH + 4, 4), 0xb);
        EXPECT_EQ(pci_read(bridge, PCI_BRIDGE_PREFETCH_BASE, 4) & 0xfff0fff0, 0xfff00000);
    }
}

TEST(a_bar_that_fits_nowhere_stays_without_an_address)
{
    struct pci_device alone = { .bars[0] = { .bytes = 8ull << 30, .is_64 = true, .is_prefetchable = true },
                                .bars[2] = { .bytes = 1ull << 30 },
                                .bars[3] = { .bytes = 0x1000 } };
    struct pci_rooms rooms = { { 0xc0000000, 0xd0000000 }, { 1ull << 32, (1ull << 32) + (4ull << 30) } };
    start();
    fake_log_text[0] = 0;
    pci_assign(&alone, rooms);
    EXPECT(!alone.bars[0].base && !alone.bars[2].base && alone.bars[3].base == 0xc0000000);
    EXPECT(strstr(fake_log_text, "no room for BAR 0 of 8388608 KiB"));
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
    EXPECT_EQ(pci_extended_capability(d, PCIE_EXTENDED_ERRORS, 0), 0); /* the ports do not reach so far */
    EXPECT_EQ(pci_capability(d->next, PCI_CAPABILITY_VENDOR, 0), 0);
}

TEST(a_device_that_is_enabled_has_its_bridges_enabled_and_can_be_silenced)
{
    start();
    const struct pci_device *d = with_id(0x1051);
    pci_enable(d);
    uint32_t on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    EXPECT_EQ(pci_read(d, PCI_COMMAND, 2), on | PCI_COMMAND_NO_INTX);
    EXPECT_EQ(pci_read(d->bridge, PCI_COMMAND, 2), on);
    EXPECT_EQ(pci_read(d->bridge->bridge, PCI_COMMAND, 2), on);
    pci_disable_master(d);
    EXPECT_EQ(pci_read(d, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_NO_INTX);
}

TEST(requests_from_behind_a_conventional_bridge_carry_the_bridges_address)
{
    start();
    EXPECT_EQ(pci_requester(pci_first()), 3 << 3);
    EXPECT_EQ(pci_requester(with_id(0x1044)), 4 << 3);
    EXPECT_EQ(pci_requester(with_id(0x1051)), 5 << 3);
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
