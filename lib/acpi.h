/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI's static tables, decoded: processors and interrupt controllers (MADT), PCI configuration
 * space (MCFG), HPET, the fixed hardware (FADT), and units that remap DMA (DMAR). There is no AML interpreter.
 *
 * A table that is missing or malformed leaves its section empty and says why; the other sections do
 * not suffer. Tables come from firmware, so every length in them is checked. [acpi-6.5 5.2] */
#pragma once
#include "lib/phys_view.h"

enum {
    ACPI_CPUS_MAX = 256,
    ACPI_IOAPICS_MAX = 8,
    ACPI_OVERRIDES_MAX = 16, /* ISA has 16 lines */
    ACPI_NMIS_MAX = 16,
    ACPI_SEGMENTS_MAX = 8,
    ACPI_UNITS_MAX = 16,
    ACPI_RESERVED_MAX = 16,
    ACPI_SCOPES_MAX = 64,
    ACPI_PATH_MAX = 8, /* bridges behind each other, and a device */
};

struct acpi_cpu {
    uint32_t apic_id;
    uint32_t uid;
    bool is_enabled; /* else it can be brought online later */
};

struct acpi_ioapic {
    paddr_t base;
    uint32_t gsi_base;
    uint8_t id;
};

/* ISA line `source` arrives at `gsi`; the flags' meaning is that of MPS INTI. [acpi-6.5 table 5.26] */
struct acpi_override {
    uint32_t gsi;
    uint8_t source;
    bool is_active_low, is_level;
};

/* An NMI source, either at an I/O APIC input or at a local APIC's LINT pin. */
struct acpi_nmi {
    uint32_t gsi; /* when lint is ACPI_NMI_AT_GSI */
    uint32_t uid; /* when it is a LINT pin; ACPI_NMI_ALL_CPUS */
    uint8_t lint;
    bool is_active_low, is_level;
};
enum { ACPI_NMI_AT_GSI = 0xff };
#define ACPI_NMI_ALL_CPUS UINT32_MAX

struct acpi_madt {
    const char *why; /* NULL: the table is there and good; the same in the other sections */
    paddr_t lapic;
    bool has_pic; /* the two 8259 are there and must be masked */
    uint32_t cpu_count, ioapic_count, override_count, nmi_count;
    uint32_t left_out; /* entries beyond the arrays' bounds */
    struct acpi_cpu cpus[ACPI_CPUS_MAX];
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    struct acpi_override overrides[ACPI_OVERRIDES_MAX];
    struct acpi_nmi nmis[ACPI_NMIS_MAX];
};

struct acpi_segment { /* one PCI segment group's ECAM window */
    paddr_t base;     /* of bus 0, also when first_bus is not 0 */
    uint16_t number;
    uint8_t first_bus, last_bus;
};

struct acpi_mcfg {
    const char *why;
    uint32_t count;
    uint32_t left_out;
    struct acpi_segment segments[ACPI_SEGMENTS_MAX];
};

struct acpi_hpet {
    const char *why;
    paddr_t base;
};

/* Generic address structure, its address space narrowed to the two we can reach. */
struct acpi_register {
    uint64_t address; /* 0: there is none */
    bool is_io;       /* else memory */
    uint8_t bits;
};

struct acpi_fadt {
    const char *why;
    bool is_hardware_reduced; /* no PM1 blocks, no PM timer */
    bool has_8042, has_rtc, has_vga;
    uint16_t sci_gsi;
    struct acpi_register pm_timer;
    bool is_pm_timer_32_bit; /* else 24 */
    struct acpi_register pm1a_event, pm1b_event, pm1a_control, pm1b_control;
    struct acpi_register reset;
    uint8_t reset_value;
    struct acpi_register sleep_control, sleep_status; /* hardware-reduced machines */
    uint8_t century_register;                         /* in the RTC; 0: none */
};

/* A device by the way to it: from a bus through bridges. */
struct acpi_scope {
    uint8_t kind;
    uint8_t bus, steps;
    uint8_t path[ACPI_PATH_MAX]; /* slot and function of each step, as slot << 3 | function */
};
enum { ACPI_SCOPE_DEVICE = 1, ACPI_SCOPE_BRIDGE = 2 /* and all behind it */ }; /* others are no PCI devices */

struct acpi_scopes { /* of acpi_dmar.scopes */
    uint32_t first, count;
};

struct acpi_unit { /* that remaps DMA */
    paddr_t base;
    uint16_t segment;
    bool has_rest; /* all devices of the segment that are in no unit's scope are its own */
    struct acpi_scopes scopes;
};

struct acpi_reserved { /* memory that these devices use on behalf of firmware, in whole pages */
    paddr_t base;
    uint64_t bytes;
    uint16_t segment;
    struct acpi_scopes scopes;
};

struct acpi_dmar {
    const char *why;
    uint8_t address_bits; /* of DMA on this machine */
    bool remaps_interrupts;
    uint32_t unit_count, reserved_count, scope_count;
    uint32_t left_out;
    struct acpi_unit units[ACPI_UNITS_MAX];
    struct acpi_reserved reserved[ACPI_RESERVED_MAX];
    struct acpi_scope scopes[ACPI_SCOPES_MAX];
};

struct acpi_info {
    paddr_t rsdp;
    uint8_t revision;    /* of the RSDP: 0 is ACPI 1.0 */
    const char *skipped; /* why a table that is listed was passed over; NULL */
    struct acpi_madt madt;
    struct acpi_mcfg mcfg;
    struct acpi_hpet hpet;
    struct acpi_fadt fadt;
    struct acpi_dmar dmar;
};

/* Address 0 means that the loader did not say: the BIOS areas are searched. ERR_NOT_FOUND, no
 * RSDP; ERR_INVALID, it or the root table is malformed. All sections then carry the reason too. */
err_t acpi_parse(const struct phys_view *view, paddr_t rsdp, struct acpi_info *out, const char **why);
