/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of two QEMU machines as their firmware left them (tests/data/acpi), and a set made here
 * whose bytes can be wrong one at a time. */
#include "lib/acpi.h"
#include "lib/bits.h"
#include "tests/fakes/fake_memory.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RSDP_AT = 0x1000,
    XSDT_AT = 0x2000,
    MADT_AT = 0x3000,
    MCFG_AT = 0x5000,
    HPET_AT = 0x6000,
    FADT_AT = 0x7000
};

static struct fake_memory memory;
static struct acpi_info info;
static const char *why;
static int refused;

/* ---- captured tables ---- */

static uint64_t load_captured(const char *path)
{
    static uint8_t bytes[4096];
    FILE *f = fopen(path, "rb");
    EXPECT(f != NULL);
    if (!f) return 0;
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    fake_memory_init(&memory);
    for (size_t at = 0; at + 16 <= size; at += 16 + load_u64(bytes + at + 8))
        fake_memory_add(&memory, load_u64(bytes + at), bytes + at + 16, load_u64(bytes + at + 8));
    return load_u64(bytes); /* the RSDP comes first */
}

TEST(the_tables_of_qemu_q35_are_understood)
{
    uint64_t rsdp = load_captured("tests/data/acpi/q35.tables");
    EXPECT_OK(acpi_parse(&memory.view, PADDR(rsdp), &info, &why));
    EXPECT_EQ(info.revision, 0);
    EXPECT(!info.madt.why && !info.mcfg.why && !info.hpet.why && !info.fadt.why && !info.skipped);
    EXPECT_EQ(info.madt.lapic.raw, 0xfee00000);
    EXPECT_EQ(info.madt.cpu_count, 2);
    EXPECT_EQ(info.madt.cpus[1].apic_id, 1);
    EXPECT(info.madt.cpus[1].is_enabled && info.madt.has_pic);
    EXPECT_EQ(info.madt.ioapic_count, 1);
    EXPECT_EQ(info.madt.ioapics[0].base.raw, 0xfec00000);
    EXPECT_EQ(info.madt.override_count, 5);
    EXPECT(info.madt.overrides[0].source == 0 && info.madt.overrides[0].gsi == 2);
    EXPECT_EQ(info.madt.nmi_count, 1);
    EXPECT(info.madt.nmis[0].lint == 1 && info.madt.nmis[0].uid == ACPI_NMI_ALL_CPUS);
    EXPECT_EQ(info.hpet.base.raw, 0xfed00000);
    EXPECT_EQ(info.mcfg.count, 1);
    EXPECT_EQ(info.mcfg.segments[0].base.raw, 0xb0000000);
    EXPECT_EQ(info.mcfg.segments[0].last_bus, 255);
    EXPECT(!info.fadt.is_hardware_reduced && info.fadt.has_rtc && info.fadt.has_vga);
    EXPECT(info.fadt.pm_timer.address == 0x608 && info.fadt.pm_timer.is_io && info.fadt.pm_timer.bits == 32);
    EXPECT(info.fadt.pm1a_control.address == 0x604 && info.fadt.pm1b_control.address == 0);
    EXPECT(info.fadt.reset.address == 0xcf9 && info.fadt.reset.is_io && info.fadt.reset_value == 0x0f);
    EXPECT_EQ(info.fadt.sci_gsi, 9);
}

TEST(the_tables_of_qemu_microvm_are_understood)
{
    uint64_t rsdp = load_captured("tests/data/acpi/microvm.tables");
    EXPECT_OK(acpi_parse(&memory.view, PADDR(rsdp), &info, &why));
    EXPECT_EQ(info.revision, 2);
    EXPECT(!info.madt.why && !info.fadt.why);
    EXPECT_STR(info.hpet.why, "there is no such table");
    EXPECT_STR(info.mcfg.why, "there is no such table");
    EXPECT_EQ(info.madt.cpu_count, 1);
    EXPECT(info.fadt.is_hardware_reduced && !info.fadt.has_8042);
    EXPECT_EQ(info.fadt.pm_timer.address, 0);
    EXPECT(info.fadt.sleep_control.address != 0 && !info.fadt.sleep_control.is_io);
    EXPECT(info.fadt.reset.address != 0 && !info.fadt.reset.is_io);
}

/* ---- made tables ---- */

static struct {
    uint8_t rsdp[36], xsdt[36 + 4 * 8], madt[4096], mcfg[44 + 3 * 16], hpet[56], fadt[276];
    uint32_t madt_bytes;
} made;

static void fix_checksum(uint8_t *bytes, size_t count, size_t place)
{
    uint8_t sum = 0;
    bytes[place] = 0;
    for (size_t i = 0; i < count; i++) sum += bytes[i];
    bytes[place] = (uint8_t)-sum;
}

static void put_table_header(uint8_t *table, const char *signature, uint32_t bytes, uint8_t revision)
{
    memcpy(table, signature, 4);
    store_u32(table + 4, bytes);
    table[8] = revision;
}

static uint8_t *add_madt_entry(uint8_t type, uint8_t bytes)
{
    uint8_t *entry = made.madt + made.madt_bytes;
    entry[0] = type, entry[1] = bytes;
    made.madt_bytes += bytes;
    return entry;
}

static void build_madt(void)
{
    made.madt_bytes = 44;
    store_u32(made.madt + 36, 0xfee00000);
    store_u32(made.madt + 40, 1);
    uint8_t *lapic = add_madt_entry(0, 8);
    lapic[2] = 3, lapic[3] = 5, lapic[4] = 1;
    uint8_t *ioapic = add_madt_entry(1, 12);
    ioapic[2] = 9;
    store_u32(ioapic + 4, 0xfec00000);
    store_u32(ioapic + 8, 24);
    uint8_t *override = add_madt_entry(2, 10);
    override[3] = 9;
    store_u32(override + 4, 20);
    store_u16(override + 8, 0xf); /* active low, level */
    uint8_t *nmi = add_madt_entry(3, 8);
    store_u32(nmi + 4, 17);
    uint8_t *lapic_nmi = add_madt_entry(4, 6);
    lapic_nmi[2] = 0xff, lapic_nmi[3] = 5, lapic_nmi[5] = 1;
    store_u64(add_madt_entry(5, 12) + 4, 0x1fee00000);
    uint8_t *x2apic = add_madt_entry(9, 16);
    store_u32(x2apic + 4, 0x10001);
    store_u32(x2apic + 8, 2); /* can come online */
    store_u32(x2apic + 12, 300);
    store_u32(add_madt_entry(10, 12) + 4, 300);
}

static void finish(void)
{
    put_table_header(made.madt, "APIC", made.madt_bytes, 4);
    fix_checksum(made.xsdt, sizeof made.xsdt, 9);
    fix_checksum(made.madt, made.madt_bytes, 9);
    fix_checksum(made.mcfg, sizeof made.mcfg, 9);
    fix_checksum(made.hpet, sizeof made.hpet, 9);
    fix_checksum(made.fadt, sizeof made.fadt, 9);
    fix_checksum(made.rsdp, 20, 8);
    fix_checksum(made.rsdp, 36, 32);
}

static void build(void)
{
    memset(&made, 0, sizeof made);
    memcpy(made.rsdp, "RSD PTR ", 8);
    made.rsdp[15] = 2;
    store_u32(made.rsdp + 20, 36);
    store_u64(made.rsdp + 24, XSDT_AT);
    put_table_header(made.xsdt, "XSDT", sizeof made.xsdt, 1);
    store_u64(made.xsdt + 36, MADT_AT);
    store_u64(made.xsdt + 44, MCFG_AT);
    store_u64(made.xsdt + 52, HPET_AT);
    store_u64(made.xsdt + 60, FADT_AT);
    build_madt();
    put_table_header(made.mcfg, "MCFG", sizeof made.mcfg, 1);
    for (int i = 0; i < 3; i++) {
        uint8_t *entry = made.mcfg + 44 + 16 * i;
        store_u64(entry, 0xb0000000 + ((uint64_t)i << 32));
        store_u16(entry + 8, (uint16_t)i);
        entry[11] = 0x7f;
    }
    put_table_header(made.hpet, "HPET", sizeof made.hpet, 1);
    store_u64(made.hpet + 44, 0xfed00000);
    put_table_header(made.fadt, "FACP", sizeof made.fadt, 5);
    store_u32(made.fadt + 76, 0x608);
    made.fadt[91] = 4;
    store_u16(made.fadt + 109, 0x22);
    store_u32(made.fadt + 112, 1 << 10 | 1 << 8);
    made.fadt[116] = 1, made.fadt[117] = 8;
    store_u64(made.fadt + 120, 0xcf9);
    made.fadt[128] = 6;
    fake_memory_init(&memory);
    fake_memory_add(&memory, RSDP_AT, made.rsdp, sizeof made.rsdp);
    fake_memory_add(&memory, XSDT_AT, made.xsdt, sizeof made.xsdt);
    fake_memory_add(&memory, MADT_AT, made.madt, sizeof made.madt);
    fake_memory_add(&memory, MCFG_AT, made.mcfg, sizeof made.mcfg);
    fake_memory_add(&memory, HPET_AT, made.hpet, sizeof made.hpet);
    fake_memory_add(&memory, FADT_AT, made.fadt, sizeof made.fadt);
}

static err_t parse(void)
{
    why = "";
    return acpi_parse(&memory.view, PADDR(RSDP_AT), &info, &why);
}

TEST(every_kind_of_entry_is_decoded)
{
    build();
    finish();
    EXPECT_OK(parse());
    EXPECT(!info.madt.why && !info.mcfg.why && !info.hpet.why && !info.fadt.why);
    EXPECT_EQ(info.madt.lapic.raw, 0x1fee00000);
    EXPECT_EQ(info.madt.cpu_count, 2);
    EXPECT(info.madt.cpus[0].apic_id == 5 && info.madt.cpus[0].uid == 3 && info.madt.cpus[0].is_enabled);
    EXPECT(info.madt.cpus[1].apic_id == 0x10001 && info.madt.cpus[1].uid == 300 &&
           !info.madt.cpus[1].is_enabled);
    EXPECT(info.madt.ioapics[0].id == 9 && info.madt.ioapics[0].gsi_base == 24);
    EXPECT(info.madt.overrides[0].source == 9 && info.madt.overrides[0].gsi == 20);
    EXPECT(info.madt.overrides[0].is_active_low && info.madt.overrides[0].is_level);
    EXPECT_EQ(info.madt.nmi_count, 3);
    EXPECT(info.madt.nmis[0].lint == ACPI_NMI_AT_GSI && info.madt.nmis[0].gsi == 17);
    EXPECT(info.madt.nmis[1].lint == 1 && info.madt.nmis[1].uid == ACPI_NMI_ALL_CPUS &&
           !info.madt.nmis[1].is_level);
    EXPECT(info.madt.nmis[2].lint == 0 && info.madt.nmis[2].uid == 300);
    EXPECT_EQ(info.mcfg.count, 3);
    EXPECT(info.mcfg.segments[2].number == 2 && info.mcfg.segments[2].base.raw == 0x2b0000000);
    EXPECT(info.fadt.has_8042 == true && info.fadt.has_rtc == false && info.fadt.has_vga == true);
    EXPECT(info.fadt.reset.address == 0xcf9 && info.fadt.reset_value == 6);
    EXPECT(info.fadt.is_pm_timer_32_bit && info.fadt.pm_timer.address == 0x608);
}

TEST(the_root_pointer_is_found_in_the_bios_areas)
{
    static uint8_t bios[0x20000], bda[2], ebda[1024];
    build();
    finish();
    memset(bios, 0, sizeof bios);
    memcpy(bios + 0x1fff0 - 16, made.rsdp, 16);
    memcpy(bios + 0x8010, made.rsdp, 36);
    memcpy(bios + 0x8000, "RSD PTR bad one", 15);
    fake_memory_add(&memory, 0xe0000, bios, sizeof bios);
    EXPECT_OK(acpi_parse(&memory.view, PADDR(0), &info, &why));
    EXPECT_EQ(info.rsdp.raw, 0xe8010);

    store_u16(bda, 0x9fc0);
    memcpy(ebda + 1024 - 48, made.rsdp, 36);
    fake_memory_add(&memory, 0x40e, bda, sizeof bda);
    fake_memory_add(&memory, 0x9fc00, ebda, sizeof ebda);
    EXPECT_OK(acpi_parse(&memory.view, PADDR(0), &info, &why));
    EXPECT_EQ(info.rsdp.raw, 0x9fc00 + 1024 - 48);

    memset(bios, 0, sizeof bios);
    memset(ebda, 0, sizeof ebda);
    EXPECT_ERR(acpi_parse(&memory.view, PADDR(0), &info, &why), ERR_NOT_FOUND);
    EXPECT_STR(why, "there is no RSDP");
    EXPECT_STR(info.madt.why, "there is no RSDP");
    EXPECT_EQ(info.madt.lapic.raw, 0xfee00000);
}

static void expect_root_refused(const char *reason)
{
    EXPECT_ERR(parse(), ERR_INVALID);
    EXPECT_STR(why, reason);
    EXPECT_STR(info.fadt.why, reason);
    refused++;
}

TEST(malformed_roots_are_refused)
{
    refused = 0;
    for (int i = 0; i < 8; i++) {
        build();
        finish();
        made.rsdp[i] ^= 0x20;
        expect_root_refused("the RSDP has a wrong signature");
    }
    for (int i = 8; i < 20; i++) {
        build();
        finish();
        made.rsdp[i] ^= 1;
        expect_root_refused("the RSDP has a wrong checksum");
    }
    for (int i = 24; i < 36; i++) {
        build();
        finish();
        made.rsdp[i] ^= 1;
        expect_root_refused("the RSDP's extension has a wrong checksum");
    }
    static const uint32_t lengths[] = { 0, 20, 35, 4097, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        build();
        store_u32(made.rsdp + 20, lengths[i]);
        finish();
        expect_root_refused("the RSDP has an absurd length");
    }
    build();
    store_u32(made.rsdp + 20, 37);
    finish();
    expect_root_refused("the RSDP lies outside memory");
    for (int i = 0; i < 4; i++) {
        build();
        made.xsdt[i] = 'Q';
        finish();
        expect_root_refused("the root table has a wrong signature");
    }
    static const struct {
        uint32_t bytes;
        const char *why;
    } sizes[] = { { 0, "a table is shorter than its header" },
                  { 35, "a table is shorter than its header" },
                  { 0x100001, "a table has an absurd length" },
                  { 0xffffffff, "a table has an absurd length" },
                  { 36 + 4 * 8 + 1, "a table lies outside memory" } };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        build();
        store_u32(made.xsdt + 4, sizes[i].bytes);
        finish();
        expect_root_refused(sizes[i].why);
    }
    for (size_t i = 36; i < sizeof made.xsdt; i += 3) {
        build();
        finish();
        made.xsdt[i] ^= 0x40;
        expect_root_refused("a table has a wrong checksum");
    }
    build();
    store_u64(made.rsdp + 24, 0x999000);
    finish();
    expect_root_refused("a table lies outside memory");
    test_note("acpi: %d malformed roots refused", refused);
}

/* The damage is in one table: it says so, and the others are as good as before. */
static void expect_one_refused(const char **section, const char *reason)
{
    EXPECT_OK(parse());
    const char *const all[] = { info.madt.why, info.mcfg.why, info.hpet.why, info.fadt.why };
    int bad = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) bad += all[i] != NULL;
    EXPECT_EQ(bad, 1);
    EXPECT_STR(*section, reason);
    refused++;
}

TEST(a_malformed_table_spoils_no_other)
{
    refused = 0;
    struct {
        uint8_t *bytes;
        uint32_t size;
        const char **section, *too_short;
    } tables[] = {
        { made.madt, 0, &info.madt.why, "the MADT is too short" },
        { made.mcfg, sizeof made.mcfg, &info.mcfg.why, "the MCFG is too short" },
        { made.hpet, sizeof made.hpet, &info.hpet.why, "the HPET table is too short" },
        { made.fadt, sizeof made.fadt, &info.fadt.why, "the FADT is too short" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        for (uint32_t at = 8; at < 44; at += 5) {
            build();
            finish();
            tables[i].bytes[at] ^= 1;
            expect_one_refused(tables[i].section, "a table has a wrong checksum");
        }
        static const uint32_t sizes[] = { 0, 35, 36, 43, 0x7fffffff };
        for (size_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
            build();
            finish();
            store_u32(tables[i].bytes + 4, sizes[k]);
            if (sizes[k] >= 36 && sizes[k] < 100) fix_checksum(tables[i].bytes, sizes[k], 9);
            expect_one_refused(tables[i].section, sizes[k] < 36    ? "a table is shorter than its header"
                                                  : sizes[k] < 100 ? tables[i].too_short
                                                                   : "a table has an absurd length");
        }
        build();
        store_u64(made.xsdt + 36 + 8 * i, 0); /* not listed */
        finish();
        expect_one_refused(tables[i].section, "there is no such table");
        build();
        store_u64(made.xsdt + 36 + 8 * i, 0xdead0000);
        finish();
        expect_one_refused(tables[i].section, "there is no such table");
        EXPECT_STR(info.skipped, "a table lies outside memory");
    }
    test_note("acpi: %d malformed tables refused", refused);
}

TEST(malformed_contents_are_refused)
{
    refused = 0;
    static const struct {
        uint32_t entry;
        uint8_t bytes;
        const char *why;
    } madt[] = {
        { 44, 0, "a MADT entry is shorter than its header" },
        { 44, 1, "a MADT entry is shorter than its header" },
        { 44, 7, "a MADT entry is too short for its type" },
        { 52, 11, "a MADT entry is too short for its type" },
        { 64, 9, "a MADT entry is too short for its type" },
        { 74, 7, "a MADT entry is too short for its type" },
        { 82, 5, "a MADT entry is too short for its type" },
        { 88, 11, "a MADT entry is too short for its type" },
        { 100, 15, "a MADT entry is too short for its type" },
        { 116, 11, "a MADT entry is too short for its type" },
        { 116, 13, "a MADT entry is longer than the table" },
        { 44, 255, "a MADT entry is longer than the table" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(madt); i++) {
        build();
        made.madt[madt[i].entry + 1] = madt[i].bytes;
        finish();
        expect_one_refused(&info.madt.why, madt[i].why);
        EXPECT(info.madt.cpu_count == 0 && info.madt.ioapic_count == 0 && info.madt.lapic.raw == 0xfee00000);
    }
    build();
    made.madt_bytes++;
    finish();
    expect_one_refused(&info.madt.why, "a MADT entry is shorter than its header");
    build();
    made.madt_bytes = 44;
    finish();
    expect_one_refused(&info.madt.why, "the MADT has no processor");
    build();
    made.madt[48] = 0;
    store_u32(made.madt + 108, 0);
    finish();
    expect_one_refused(&info.madt.why, "the MADT has no processor");

    build();
    made.mcfg[44 + 10] = 0x80;
    finish();
    expect_one_refused(&info.mcfg.why, "an MCFG entry ends before it starts");
    build();
    store_u64(made.mcfg + 44 + 16, 0xb0001000);
    finish();
    expect_one_refused(&info.mcfg.why, "an MCFG entry is not aligned");
    EXPECT_EQ(info.mcfg.count, 0);
    build();
    store_u64(made.mcfg + 44, 0xfffffffffff00000);
    finish();
    expect_one_refused(&info.mcfg.why, "an MCFG entry wraps around the end of the address space");
    build();
    finish();
    store_u32(made.mcfg + 4, 44);
    fix_checksum(made.mcfg, 44, 9);
    expect_one_refused(&info.mcfg.why, "the MCFG has no entry");

    build();
    store_u64(made.hpet + 44, 0);
    finish();
    expect_one_refused(&info.hpet.why, "the HPET is not in memory");
    build();
    made.hpet[40] = 1;
    finish();
    expect_one_refused(&info.hpet.why, "the HPET is not in memory");
    build();
    store_u64(made.hpet + 44, 0xfed00004);
    finish();
    expect_one_refused(&info.hpet.why, "the HPET is not aligned");
    test_note("acpi: %d malformed contents refused", refused);
}

TEST(more_entries_than_fit_are_counted)
{
    build();
    for (int i = 0; i < ACPI_CPUS_MAX + 3; i++) add_madt_entry(0, 8)[4] = 1;
    finish();
    EXPECT_OK(parse());
    EXPECT(!info.madt.why);
    EXPECT_EQ(info.madt.cpu_count, ACPI_CPUS_MAX);
    EXPECT_EQ(info.madt.left_out, 5);
}

TEST(a_hardware_reduced_machine_has_no_fixed_blocks)
{
    build();
    store_u32(made.fadt + 112, 1 << 20);
    store_u32(made.fadt + 64, 0x604);
    finish();
    EXPECT_OK(parse());
    EXPECT(info.fadt.is_hardware_reduced);
    EXPECT(info.fadt.pm_timer.address == 0 && info.fadt.pm1a_control.address == 0 &&
           info.fadt.reset.address == 0);
}

TEST(registers_in_unreachable_address_spaces_read_as_none)
{
    build();
    made.fadt[116] = 2; /* PCI configuration space */
    finish();
    EXPECT_OK(parse());
    EXPECT_EQ(info.fadt.reset.address, 0);
    build();
    store_u64(made.fadt + 120, 0x10cf9); /* no such port */
    finish();
    EXPECT_OK(parse());
    EXPECT_EQ(info.fadt.reset.address, 0);
}
