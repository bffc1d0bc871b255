/* SPDX-License-Identifier: Apache-2.0 */
/* DMAR: units that remap DMA, which devices are theirs, and memory that firmware's devices go on using. [vt-d 8] */
#include "lib/acpi_internal.h"

enum {
    DMAR_ENTRIES = 48,
    DMAR_INTERRUPTS = 1 << 0, /* of the table's flags */
    DMAR_UNIT = 0,
    DMAR_RESERVED = 1,
    UNIT_HAS_REST = 1 << 0,

    ENTRY_HEADER_BYTES = 4, /* type and length, two bytes each */
    UNIT_BYTES = 16,        /* up to the first scope, as is: */
    RESERVED_BYTES = 24,
    SCOPE_BYTES = 6, /* and a path of two bytes for each step */
};

static const char *read_scope(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar)
{
    uint32_t steps = (bytes - SCOPE_BYTES) / 2;
    if (!steps || bytes % 2) return "a DMAR scope has half a path";
    if (steps > ACPI_PATH_MAX) return "a DMAR scope has too long a path";
    if (dmar->scope_count == ACPI_SCOPES_MAX) {
        dmar->left_out++;
        return NULL;
    }
    struct acpi_scope scope = { .kind = at[0], .bus = at[5], .steps = (uint8_t)steps };
    for (uint32_t i = 0; i < steps; i++) {
        const uint8_t *step = at + SCOPE_BYTES + 2 * i;
        if (step[0] > 31 || step[1] > 7) return "a DMAR scope names a device that cannot be";
        scope.path[i] = (uint8_t)(step[0] << 3 | step[1]);
    }
    dmar->scopes[dmar->scope_count++] = scope;
    return NULL;
}

static const char *read_scopes(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar,
                               struct acpi_scopes *out)
{
    const char *problem = NULL;
    out->first = dmar->scope_count;
    for (uint32_t length; bytes > 0 && !problem; at += length, bytes -= length) {
        length = bytes < SCOPE_BYTES ? 0 : at[1];
        if (length < SCOPE_BYTES) return "a DMAR scope is shorter than its header";
        if (length > bytes) return "a DMAR scope is longer than its entry";
        problem = read_scope(at, length, dmar);
    }
    out->count = dmar->scope_count - out->first;
    return problem;
}

static const char *read_unit(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar)
{
    if (bytes < UNIT_BYTES) return "a DMAR entry is too short for its type";
    struct acpi_unit unit = { .base = PADDR(load_u64(at + 8)),
                              .segment = load_u16(at + 6),
                              .has_rest = at[4] & UNIT_HAS_REST };
    if (!unit.base.raw || !is_aligned(unit.base.raw, PAGE_BYTES))
        return "a DMAR unit is not where it could be";
    if (dmar->unit_count == ACPI_UNITS_MAX) {
        dmar->left_out++;
        return NULL;
    }
    const char *problem = read_scopes(at + UNIT_BYTES, bytes - UNIT_BYTES, dmar, &unit.scopes);
    dmar->units[dmar->unit_count++] = unit;
    return problem;
}

static const char *read_reserved(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar)
{
    if (bytes < RESERVED_BYTES) return "a DMAR entry is too short for its type";
    struct acpi_reserved reserved = { .base = PADDR(load_u64(at + 8)), .segment = load_u16(at + 6) };
    uint64_t last = load_u64(at + 16);
    if (last < reserved.base.raw || last > UINT64_MAX - PAGE_BYTES ||
        !is_aligned(reserved.base.raw | (last + 1), PAGE_BYTES))
        return "DMAR reserves memory that is not whole pages";
    reserved.bytes = last + 1 - reserved.base.raw;
    if (dmar->reserved_count == ACPI_RESERVED_MAX) {
        dmar->left_out++;
        return NULL;
    }
    const char *problem = read_scopes(at + RESERVED_BYTES, bytes - RESERVED_BYTES, dmar, &reserved.scopes);
    dmar->reserved[dmar->reserved_count++] = reserved;
    return problem;
}

/* Of the other types, one tells of root ports that let devices translate (ATSR), which nobody asks them to. */
static const char *read_entry(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar)
{
    switch (load_u16(at)) {
    case DMAR_UNIT: return read_unit(at, bytes, dmar);
    case DMAR_RESERVED: return read_reserved(at, bytes, dmar);
    default: return NULL;
    }
}

static const char *read_entries(const uint8_t *at, uint32_t bytes, struct acpi_dmar *dmar)
{
    const char *problem = NULL;
    for (uint32_t length; bytes > 0 && !problem; at += length, bytes -= length) {
        length = bytes < ENTRY_HEADER_BYTES ? 0 : load_u16(at + 2);
        if (length < ENTRY_HEADER_BYTES) return "a DMAR entry is shorter than its header";
        if (length > bytes) return "a DMAR entry is longer than the table";
        problem = read_entry(at, length, dmar);
    }
    if (problem) return problem;
    return dmar->unit_count ? NULL : "the DMAR has no unit";
}

void acpi_clear_dmar(struct acpi_dmar *dmar, const char *why)
{
    dmar->why = why;
    dmar->unit_count = dmar->reserved_count = dmar->scope_count = dmar->left_out = 0;
}

const char *acpi_read_dmar(const struct acpi_table *table, struct acpi_info *out)
{
    struct acpi_dmar *dmar = &out->dmar;
    if (table->size < DMAR_ENTRIES) return "the DMAR is too short";
    dmar->address_bits = (uint8_t)(table->bytes[36] + 1);
    dmar->remaps_interrupts = table->bytes[37] & DMAR_INTERRUPTS;
    const char *problem = read_entries(table->bytes + DMAR_ENTRIES, table->size - DMAR_ENTRIES, dmar);
    if (problem) acpi_clear_dmar(dmar, problem);
    return problem;
}
