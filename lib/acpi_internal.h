/* SPDX-License-Identifier: Apache-2.0 */
/* Between acpi.c, which finds and verifies tables, and acpi_tables.c and acpi_dmar.c, which decode them. */
#pragma once
#include "lib/acpi.h"
#include "lib/bits.h"

enum { ACPI_HEADER_BYTES = 36 }; /* signature, length, checksum, OEM; the same in every table */

struct acpi_table {
    const uint8_t *bytes; /* the header included */
    uint32_t size;        /* at least ACPI_HEADER_BYTES; the checksum is good */
};

void acpi_clear_madt(struct acpi_madt *madt, const char *why);
void acpi_clear_dmar(struct acpi_dmar *dmar, const char *why);

/* Each fills its section and returns NULL, or leaves it empty and returns the reason. */
const char *acpi_read_madt(const struct acpi_table *table, struct acpi_info *out);
const char *acpi_read_mcfg(const struct acpi_table *table, struct acpi_info *out);
const char *acpi_read_hpet(const struct acpi_table *table, struct acpi_info *out);
const char *acpi_read_fadt(const struct acpi_table *table, struct acpi_info *out);
const char *acpi_read_dmar(const struct acpi_table *table, struct acpi_info *out);
