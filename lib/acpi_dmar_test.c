/* SPDX-License-Identifier: Apache-2.0 */
/* DMAR as QEMU's firmware left it, and tables made here whose bytes can be wrong one at a time. */
#include "lib/acpi.h"
#include "lib/bits.h"
#include "tests/fakes/fake_memory.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <string.h>

enum { RSDP_AT = 0x1000, XSDT_AT = 0x2000, DMAR_AT = 0x3000 };

static struct fake_memory memory;
static struct acpi_info info;
static const char *why;
static struct {
    uint8_t rsdp[36], xsdt[36 + 8], dmar[4096];
    uint32_t bytes;
} made;

TEST(the_dmar_of_qemu_q35_is_understood)
{
    static uint8_t bytes[4096];
    FILE *f = fopen("tests/data/acpi/q35-iommu.tables", "rb");
    EXPECT(f != NULL);
    if (!f) return;
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    fake_memory_init(&memory);
    for (size_t at = 0; at + 16 <= size; at += 16 + load_u64(bytes + at + 8))
        fake_memory_add(&memory, load_u64(bytes + at), bytes + at + 16, load_u64(bytes + at + 8));
    EXPECT_OK(acpi_parse(&memory.view, PADDR(load_u64(bytes)), &info, &why));
    const struct acpi_dmar *dmar = &info.dmar;
    EXPECT(!dmar->why && dmar->unit_count == 1 && dmar->reserved_count == 0);
    EXPECT(dmar->address_bits == 39 && dmar->remaps_interrupts && !dmar->left_out);
    EXPECT(dmar->units[0].base.raw == 0xfed90000 && !dmar->units[0].has_rest);
    EXPECT_EQ(dmar->units[0].scopes.count, 7);
    EXPECT(dmar->scopes[2].kind == ACPI_SCOPE_BRIDGE && dmar->scopes[2].path[0] == 1 << 3);
    EXPECT(dmar->scopes[6].kind == ACPI_SCOPE_DEVICE && dmar->scopes[6].path[0] == (0x1f << 3 | 3));
}

/* ---- made tables ---- */

static uint8_t *add_entry(uint16_t type, uint16_t bytes)
{
    uint8_t *entry = made.dmar + made.bytes;
    store_u16(entry, type);
    store_u16(entry + 2, bytes);
    made.bytes += bytes;
    return entry;
}

static void put_scope(uint8_t *at, uint8_t kind, uint8_t bus, uint8_t steps)
{
    at[0] = kind, at[1] = (uint8_t)(6 + 2 * steps), at[5] = bus;
    for (uint32_t i = 0; i < steps; i++) at[6 + 2 * i] = (uint8_t)(i + 1), at[7 + 2 * i] = (uint8_t)(i % 8);
}

enum { UNIT = 48, REST = UNIT + 16 + 8 + 10, RESERVED = REST + 16 };

static void build(void)
{
    memset(&made, 0, sizeof made);
    memcpy(made.rsdp, "RSD PTR ", 8);
    made.rsdp[15] = 2;
    store_u32(made.rsdp + 20, 36);
    store_u64(made.rsdp + 24, XSDT_AT);
    memcpy(made.xsdt, "XSDT", 4);
    store_u32(made.xsdt + 4, sizeof made.xsdt);
    store_u64(made.xsdt + 36, DMAR_AT);
    memcpy(made.dmar, "DMAR", 4);
    made.dmar[36] = 47, made.dmar[37] = 1;
    made.bytes = 48;
    uint8_t *unit = add_entry(0, 16 + 8 + 10);
    store_u64(unit + 8, 0xfed90000);
    put_scope(unit + 16, ACPI_SCOPE_DEVICE, 0, 1);
    put_scope(unit + 24, ACPI_SCOPE_BRIDGE, 3, 2);
    uint8_t *rest = add_entry(0, 16);
    rest[4] = 1;
    store_u64(rest + 8, 0xfed91000);
    uint8_t *reserved = add_entry(1, 24 + 8);
    store_u64(reserved + 8, 0x7f000000);
    store_u64(reserved + 16, 0x7f001fff);
    put_scope(reserved + 24, ACPI_SCOPE_DEVICE, 0, 1);
    add_entry(2, 8); /* ATSR */
    add_entry(77, 4);
}

static void fix(uint8_t *bytes, size_t count, size_t place)
{
    uint8_t sum = 0;
    bytes[place] = 0;
    for (size_t i = 0; i < count; i++) sum += bytes[i];
    bytes[place] = (uint8_t)-sum;
}

static void parse(void)
{
    store_u32(made.dmar + 4, made.bytes);
    fix(made.dmar, made.bytes, 9);
    fix(made.xsdt, sizeof made.xsdt, 9);
    fix(made.rsdp, 20, 8);
    fix(made.rsdp, 36, 32);
    fake_memory_init(&memory);
    fake_memory_add(&memory, RSDP_AT, made.rsdp, sizeof made.rsdp);
    fake_memory_add(&memory, XSDT_AT, made.xsdt, sizeof made.xsdt);
    fake_memory_add(&memory, DMAR_AT, made.dmar, made.bytes);
    EXPECT_OK(acpi_parse(&memory.view, PADDR(RSDP_AT), &info, &why));
}

TEST(units_scopes_and_reserved_memory_are_decoded)
{
    build();
    parse();
    const struct acpi_dmar *dmar = &info.dmar;
    EXPECT_STR(dmar->why, NULL);
    EXPECT(dmar->address_bits == 48 && dmar->unit_count == 2 && dmar->scope_count == 3);
    EXPECT(dmar->units[0].scopes.count == 2 && dmar->units[1].has_rest && !dmar->units[1].scopes.count);
    EXPECT(dmar->scopes[1].bus == 3 && dmar->scopes[1].steps == 2 && dmar->scopes[1].path[1] == (2 << 3 | 1));
    EXPECT(dmar->reserved[0].base.raw == 0x7f000000 && dmar->reserved[0].bytes == 0x2000);
    EXPECT(dmar->reserved[0].scopes.first == 2 && dmar->reserved[0].scopes.count == 1);
}

TEST(a_malformed_dmar_is_refused_with_the_reason_and_leaves_nothing)
{
    static const struct {
        uint32_t at;
        uint8_t value;
        const char *why;
    } cases[] = {
        { UNIT + 2, 3, "a DMAR entry is shorter than its header" },
        { UNIT + 2, 0, "a DMAR entry is shorter than its header" },
        { UNIT + 3, 0x10, "a DMAR entry is longer than the table" },
        { REST + 2, 15, "a DMAR entry is too short for its type" },
        { RESERVED + 2, 23, "a DMAR entry is too short for its type" },
        { UNIT + 8, 1, "a DMAR unit is not where it could be" },
        { UNIT + 16 + 1, 5, "a DMAR scope is shorter than its header" },
        { UNIT + 16 + 1, 19, "a DMAR scope is longer than its entry" },
        { UNIT + 16 + 1, 6, "a DMAR scope has half a path" },
        { UNIT + 16 + 1, 7, "a DMAR scope has half a path" },
        { UNIT + 16 + 6, 32, "a DMAR scope names a device that cannot be" },
        { UNIT + 16 + 7, 8, "a DMAR scope names a device that cannot be" },
        { RESERVED + 16, 0xfe, "DMAR reserves memory that is not whole pages" },
        { RESERVED + 19, 0x7e, "DMAR reserves memory that is not whole pages" },
        { RESERVED + 9, 1, "DMAR reserves memory that is not whole pages" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        build();
        made.dmar[cases[i].at] = cases[i].value;
        parse();
        EXPECT_STR(info.dmar.why, cases[i].why);
        EXPECT(!info.dmar.unit_count && !info.dmar.reserved_count && !info.dmar.scope_count);
    }
    build();
    made.bytes = 48;
    parse();
    EXPECT_STR(info.dmar.why, "the DMAR has no unit");
    made.bytes = 47;
    parse();
    EXPECT_STR(info.dmar.why, "the DMAR is too short");
    build();
    store_u64(made.dmar + RESERVED + 16, UINT64_MAX);
    parse();
    EXPECT_STR(info.dmar.why, "DMAR reserves memory that is not whole pages");
}

TEST(more_units_and_scopes_than_fit_are_counted)
{
    build();
    for (uint32_t i = 0; i < ACPI_UNITS_MAX; i++) {
        uint8_t *unit = add_entry(0, 16 + 6 * 8);
        store_u64(unit + 8, 0xfed92000);
        for (uint32_t k = 0; k < 6; k++) put_scope(unit + 16 + 8 * k, ACPI_SCOPE_DEVICE, 0, 1);
    }
    parse();
    EXPECT_STR(info.dmar.why, NULL);
    EXPECT(info.dmar.unit_count == ACPI_UNITS_MAX && info.dmar.scope_count == ACPI_SCOPES_MAX);
    EXPECT_EQ(info.dmar.left_out, 2 + 14 * 6 - (ACPI_SCOPES_MAX - 3));
}

TEST(a_path_that_is_too_long_is_refused)
{
    build();
    uint8_t *unit = add_entry(0, 16 + 6 + 2 * (ACPI_PATH_MAX + 1));
    store_u64(unit + 8, 0xfed92000);
    put_scope(unit + 16, ACPI_SCOPE_DEVICE, 0, ACPI_PATH_MAX + 1);
    parse();
    EXPECT_STR(info.dmar.why, "a DMAR scope has too long a path");
}
