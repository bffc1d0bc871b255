/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the tables: root pointer, root table, checksums. What is in them: acpi_tables.c and acpi_dmar.c. */
#include "lib/acpi.h"

#include "lib/acpi_internal.h"
#include "lib/string.h"

enum {
    RSDP_V1_BYTES = 20,
    RSDP_V2_BYTES = 36,
    TABLE_BYTES_MAX = 1 << 20, /* a MADT of 256 processors has 4 KiB */
    TABLES_LISTED_MAX = 256,
    EBDA_POINTER = 0x40e, /* BIOS data area: segment of the extended one */
    EBDA_SEARCH_BYTES = 1024,
    BIOS_AREA = 0xe0000,
    BIOS_AREA_BYTES = 0x20000,
};

/* "RSD PTR " and four-letter signatures as numbers. */
#define RSDP_SIGNATURE        0x2052545020445352ull
#define SIGNATURE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* The sum of all bytes modulo 256. Eight at a time: lanes of 16 bits collect up to 128 words of
 * even and odd bytes before they could overflow. */
static uint8_t sum_bytes(const void *from, size_t bytes)
{
    const uint64_t even = 0x00ff00ff00ff00ffull;
    const uint8_t *at = from;
    uint8_t sum = 0;
    while (bytes >= 8) {
        size_t words = MIN(bytes / 8, (size_t)128);
        uint64_t lanes = 0;
        bytes -= words * 8;
        for (; words > 0; words--, at += 8) {
            uint64_t word = load_u64(at);
            lanes += (word & even) + ((word >> 8) & even);
        }
        sum += (uint8_t)(lanes + (lanes >> 16) + (lanes >> 32) + (lanes >> 48));
    }
    for (; bytes > 0; bytes--) sum += *at++;
    return sum;
}

/* ---- root pointer ---- */

static bool is_rsdp(const uint8_t *at)
{
    return load_u64(at) == RSDP_SIGNATURE && sum_bytes(at, RSDP_V1_BYTES) == 0;
}

/* It lies on a 16-byte boundary. [acpi-6.5 5.2.5.1] */
static paddr_t search_rsdp(const struct phys_view *view, paddr_t from, uint64_t bytes)
{
    const uint8_t *area = phys_at(view, from, bytes);
    if (!area) return PADDR_NONE;
    for (uint64_t offset = 0; offset + RSDP_V1_BYTES <= bytes; offset += 16) {
        if (is_rsdp(area + offset)) return PADDR(from.raw + offset);
    }
    return PADDR_NONE;
}

static paddr_t find_rsdp(const struct phys_view *view)
{
    const uint8_t *pointer = phys_at(view, PADDR(EBDA_POINTER), 2);
    uint64_t ebda = pointer ? (uint64_t)load_u16(pointer) << 4 : 0;
    paddr_t found = ebda ? search_rsdp(view, PADDR(ebda), EBDA_SEARCH_BYTES) : PADDR_NONE;
    return is_paddr_none(found) ? search_rsdp(view, PADDR(BIOS_AREA), BIOS_AREA_BYTES) : found;
}

struct root {
    paddr_t table;
    uint32_t signature;
    uint32_t entry_bytes;
};

static const char *read_rsdp(const struct phys_view *view, paddr_t rsdp, struct acpi_info *out,
                             struct root *root)
{
    const uint8_t *at = phys_at(view, rsdp, RSDP_V1_BYTES);
    if (!at) return "the RSDP lies outside memory";
    if (load_u64(at) != RSDP_SIGNATURE) return "the RSDP has a wrong signature";
    if (sum_bytes(at, RSDP_V1_BYTES) != 0) return "the RSDP has a wrong checksum";
    out->rsdp = rsdp;
    out->revision = at[15];
    *root = (struct root){ PADDR(load_u32(at + 16)), SIGNATURE('R', 'S', 'D', 'T'), 4 };
    if (out->revision < 2) return NULL;

    at = phys_at(view, rsdp, RSDP_V2_BYTES);
    if (!at) return "the RSDP lies outside memory";
    uint32_t bytes = load_u32(at + 20);
    if (bytes < RSDP_V2_BYTES || bytes > PAGE_BYTES) return "the RSDP has an absurd length";
    at = phys_at(view, rsdp, bytes);
    if (!at) return "the RSDP lies outside memory";
    if (sum_bytes(at, bytes) != 0) return "the RSDP's extension has a wrong checksum";
    uint64_t xsdt = load_u64(at + 24);
    if (xsdt) *root = (struct root){ PADDR(xsdt), SIGNATURE('X', 'S', 'D', 'T'), 8 };
    return NULL;
}

/* ---- tables ---- */

/* The whole table in *out, or the reason why not. */
static const char *open_table(const struct phys_view *view, paddr_t address, struct acpi_table *out)
{
    const uint8_t *at = phys_at(view, address, ACPI_HEADER_BYTES);
    if (!at) return "a table lies outside memory";
    uint32_t bytes = load_u32(at + 4);
    if (bytes < ACPI_HEADER_BYTES) return "a table is shorter than its header";
    if (bytes > TABLE_BYTES_MAX) return "a table has an absurd length";
    at = phys_at(view, address, bytes);
    if (!at) return "a table lies outside memory";
    *out = (struct acpi_table){ at, bytes };
    return sum_bytes(at, bytes) == 0 ? NULL : "a table has a wrong checksum";
}

static void read_table(const struct phys_view *view, paddr_t address, struct acpi_info *out)
{
    /* The signature first: a DSDT-sized table of no interest is not worth a checksum. */
    const uint8_t *at = phys_at(view, address, 4);
    if (!at) {
        out->skipped = "a table lies outside memory";
        return;
    }
    const char **section;
    const char *(*read)(const struct acpi_table *table, struct acpi_info *out);
    switch (load_u32(at)) {
    case SIGNATURE('A', 'P', 'I', 'C'): section = &out->madt.why, read = acpi_read_madt; break;
    case SIGNATURE('M', 'C', 'F', 'G'): section = &out->mcfg.why, read = acpi_read_mcfg; break;
    case SIGNATURE('H', 'P', 'E', 'T'): section = &out->hpet.why, read = acpi_read_hpet; break;
    case SIGNATURE('F', 'A', 'C', 'P'): section = &out->fadt.why, read = acpi_read_fadt; break;
    case SIGNATURE('D', 'M', 'A', 'R'): section = &out->dmar.why, read = acpi_read_dmar; break;
    default: return;
    }
    if (!*section) return; /* a second one: the first that is good stays */
    struct acpi_table table;
    const char *problem = open_table(view, address, &table);
    *section = problem ? problem : read(&table, out);
}

static const char *read_root(const struct phys_view *view, const struct root *root, struct acpi_info *out)
{
    struct acpi_table table;
    const char *problem = open_table(view, root->table, &table);
    if (problem) return problem;
    if (load_u32(table.bytes) != root->signature) return "the root table has a wrong signature";
    uint32_t count = (table.size - ACPI_HEADER_BYTES) / root->entry_bytes;
    if (count > TABLES_LISTED_MAX) return "the root table lists too many tables";
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = table.bytes + ACPI_HEADER_BYTES + i * root->entry_bytes;
        uint64_t address = root->entry_bytes == 8 ? load_u64(entry) : load_u32(entry);
        if (address) read_table(view, PADDR(address), out);
    }
    return NULL;
}

/* Only what says how much is valid: the arrays may stay as they are. */
static void clear(struct acpi_info *out, const char *why)
{
    out->rsdp = PADDR(0);
    out->revision = 0;
    out->skipped = NULL;
    acpi_clear_madt(&out->madt, why);
    out->mcfg.why = why;
    out->mcfg.count = out->mcfg.left_out = 0;
    out->hpet = (struct acpi_hpet){ .why = why };
    out->fadt = (struct acpi_fadt){ .why = why };
    acpi_clear_dmar(&out->dmar, why);
}

err_t acpi_parse(const struct phys_view *view, paddr_t rsdp, struct acpi_info *out, const char **why)
{
    clear(out, "there is no such table");
    if (rsdp.raw == 0) rsdp = find_rsdp(view);
    if (is_paddr_none(rsdp)) {
        *why = "there is no RSDP";
        clear(out, *why);
        return ERR_NOT_FOUND;
    }
    struct root root;
    const char *problem = read_rsdp(view, rsdp, out, &root);
    if (!problem) problem = read_root(view, &root, out);
    if (!problem) return OK;
    *why = problem;
    clear(out, problem);
    return ERR_INVALID;
}
