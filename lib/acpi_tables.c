/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/acpi_internal.h"

/* ---- MADT, [acpi-6.5 5.2.12] ---- */

enum {
    MADT_ENTRIES = 44,
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_NMI = 3,
    MADT_LAPIC_NMI = 4,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
    MADT_X2APIC_NMI = 10,

    CPU_ENABLED = 1 << 0,
    CPU_ONLINE_CAPABLE = 1 << 1,
    LAPIC_NMI_ALL = 0xff, /* the eight-bit form of ACPI_NMI_ALL_CPUS */
    LAPIC_DEFAULT = 0xfee00000u >> 12,
};

/* Bytes of an entry up to the last field we read; 0 for types that are skipped. */
static uint8_t entry_bytes_needed(uint8_t type)
{
    static const uint8_t needed[] = {
        [MADT_LAPIC] = 8,     [MADT_IOAPIC] = 12,        [MADT_OVERRIDE] = 10, [MADT_NMI] = 8,
        [MADT_LAPIC_NMI] = 6, [MADT_LAPIC_ADDRESS] = 12, [MADT_X2APIC] = 16,   [MADT_X2APIC_NMI] = 12,
    };
    return type < ARRAY_LENGTH(needed) ? needed[type] : 0;
}

void acpi_clear_madt(struct acpi_madt *madt, const char *why)
{
    madt->why = why;
    madt->lapic = PADDR((uint64_t)LAPIC_DEFAULT << 12);
    madt->has_pic = true;
    madt->cpu_count = madt->ioapic_count = madt->override_count = madt->nmi_count = 0;
    madt->left_out = 0;
}

static void add_cpu(struct acpi_madt *madt, uint32_t apic_id, uint32_t uid, uint32_t flags)
{
    if (!(flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE))) return; /* an empty socket */
    if (madt->cpu_count == ACPI_CPUS_MAX) {
        madt->left_out++;
        return;
    }
    madt->cpus[madt->cpu_count++] = (struct acpi_cpu){ apic_id, uid, flags & CPU_ENABLED };
}

static void add_ioapic(struct acpi_madt *madt, const uint8_t *entry)
{
    if (madt->ioapic_count == ACPI_IOAPICS_MAX) {
        madt->left_out++;
        return;
    }
    madt->ioapics[madt->ioapic_count++] = (struct acpi_ioapic){
        .base = PADDR(load_u32(entry + 4)),
        .gsi_base = load_u32(entry + 8),
        .id = entry[2],
    };
}

/* MPS INTI flags: 00 is "as the bus has it", which for ISA is active high and edge. [acpi-6.5 table 5.26] */
static bool is_active_low(uint16_t flags) { return (flags & 3) == 3; }
static bool is_level(uint16_t flags) { return (flags >> 2 & 3) == 3; }

static void add_override(struct acpi_madt *madt, const uint8_t *entry)
{
    if (madt->override_count == ACPI_OVERRIDES_MAX) {
        madt->left_out++;
        return;
    }
    uint16_t flags = load_u16(entry + 8);
    madt->overrides[madt->override_count++] = (struct acpi_override){
        .gsi = load_u32(entry + 4),
        .source = entry[3],
        .is_active_low = is_active_low(flags),
        .is_level = is_level(flags),
    };
}

static void add_nmi(struct acpi_madt *madt, uint32_t gsi, uint32_t uid, uint8_t lint, uint16_t flags)
{
    if (madt->nmi_count == ACPI_NMIS_MAX) {
        madt->left_out++;
        return;
    }
    madt->nmis[madt->nmi_count++] = (struct acpi_nmi){
        .gsi = gsi,
        .uid = uid,
        .lint = lint,
        .is_active_low = is_active_low(flags),
        .is_level = is_level(flags),
    };
}

static void read_madt_entry(struct acpi_madt *madt, const uint8_t *entry)
{
    switch (entry[0]) {
    case MADT_LAPIC: add_cpu(madt, entry[3], entry[2], load_u32(entry + 4)); break;
    case MADT_X2APIC: add_cpu(madt, load_u32(entry + 4), load_u32(entry + 12), load_u32(entry + 8)); break;
    case MADT_IOAPIC: add_ioapic(madt, entry); break;
    case MADT_OVERRIDE: add_override(madt, entry); break;
    case MADT_NMI: add_nmi(madt, load_u32(entry + 4), 0, ACPI_NMI_AT_GSI, load_u16(entry + 2)); break;
    case MADT_LAPIC_NMI: {
        uint32_t uid = entry[2] == LAPIC_NMI_ALL ? ACPI_NMI_ALL_CPUS : entry[2];
        add_nmi(madt, 0, uid, entry[5] & 1, load_u16(entry + 3));
        break;
    }
    case MADT_X2APIC_NMI: add_nmi(madt, 0, load_u32(entry + 4), entry[8] & 1, load_u16(entry + 2)); break;
    case MADT_LAPIC_ADDRESS: madt->lapic = PADDR(load_u64(entry + 4)); break;
    }
}

const char *acpi_read_madt(const struct acpi_table *table, struct acpi_info *out)
{
    struct acpi_madt *madt = &out->madt;
    if (table->size < MADT_ENTRIES) return "the MADT is too short";
    madt->lapic = PADDR(load_u32(table->bytes + 36));
    madt->has_pic = load_u32(table->bytes + 40) & 1;

    const char *problem = NULL;
    uint32_t offset = MADT_ENTRIES;
    while (offset < table->size && !problem) {
        const uint8_t *entry = table->bytes + offset;
        uint32_t left = table->size - offset;
        uint32_t bytes = left < 2 ? 0 : entry[1];
        if (bytes < 2)
            problem = "a MADT entry is shorter than its header";
        else if (bytes > left)
            problem = "a MADT entry is longer than the table";
        else if (bytes < entry_bytes_needed(entry[0]))
            problem = "a MADT entry is too short for its type";
        else
            read_madt_entry(madt, entry);
        offset += bytes;
    }
    if (!problem && madt->cpu_count == 0) problem = "the MADT has no processor";
    if (problem) acpi_clear_madt(madt, problem);
    return problem;
}

/* ---- MCFG, [pci-firmware-3.3 4.1.2] ---- */

enum { MCFG_ENTRIES = 44, MCFG_ENTRY_BYTES = 16, ECAM_BUS_SHIFT = 20 };

static const char *read_segments(const struct acpi_table *table, struct acpi_mcfg *mcfg)
{
    for (uint32_t offset = MCFG_ENTRIES; table->size - offset >= MCFG_ENTRY_BYTES;
         offset += MCFG_ENTRY_BYTES) {
        const uint8_t *entry = table->bytes + offset;
        uint64_t end, base = load_u64(entry);
        struct acpi_segment segment = { PADDR(base), load_u16(entry + 8), entry[10], entry[11] };
        if (segment.first_bus > segment.last_bus) return "an MCFG entry ends before it starts";
        if (!is_aligned(base, 1 << ECAM_BUS_SHIFT)) return "an MCFG entry is not aligned";
        if (add_overflows(base, (uint64_t)(segment.last_bus + 1) << ECAM_BUS_SHIFT, &end))
            return "an MCFG entry wraps around the end of the address space";
        if (mcfg->count == ACPI_SEGMENTS_MAX)
            mcfg->left_out++;
        else
            mcfg->segments[mcfg->count++] = segment;
    }
    return mcfg->count ? NULL : "the MCFG has no entry";
}

const char *acpi_read_mcfg(const struct acpi_table *table, struct acpi_info *out)
{
    if (table->size < MCFG_ENTRIES) return "the MCFG is too short";
    const char *problem = read_segments(table, &out->mcfg);
    if (problem) out->mcfg.count = out->mcfg.left_out = 0;
    return problem;
}

/* ---- generic addresses, [acpi-6.5 5.2.3.2] ---- */

enum {
    GAS_BYTES = 12,
    GAS_MEMORY = 0,
    GAS_IO = 1,
};

/* Other address spaces (PCI, embedded controller) read as "none": we could not touch them anyway. */
static struct acpi_register read_gas(const uint8_t *gas)
{
    uint64_t address = load_u64(gas + 4);
    bool is_io = gas[0] == GAS_IO;
    if (gas[0] > GAS_IO || (is_io && address > UINT16_MAX)) return (struct acpi_register){ 0 };
    return (struct acpi_register){ address, is_io, gas[1] };
}

/* ---- HPET, [ia-pc-hpet 3.2.4] ---- */

const char *acpi_read_hpet(const struct acpi_table *table, struct acpi_info *out)
{
    if (table->size < 56) return "the HPET table is too short";
    struct acpi_register block = read_gas(table->bytes + 40);
    if (block.address == 0 || block.is_io) return "the HPET is not in memory";
    if (!is_aligned(block.address, 8)) return "the HPET is not aligned";
    out->hpet.base = PADDR(block.address);
    return NULL;
}

/* ---- FADT, [acpi-6.5 5.2.9] ---- */

enum {
    FADT_V1_BYTES = 116,
    FADT_FLAG_PM_TIMER_32 = 1 << 8,
    FADT_FLAG_RESET = 1 << 10,
    FADT_FLAG_REDUCED = 1 << 20,

    BOOT_8042 = 1 << 1,
    BOOT_NO_VGA = 1 << 2,
    BOOT_NO_RTC = 1 << 5,
    BOOT_FLAGS_SINCE_REVISION = 2, /* before it, a PC simply has the devices */
};

/* The block's extended address where the table has one, else the I/O port of the first version. */
static struct acpi_register read_block(const struct acpi_table *table, uint32_t port_at, uint32_t extended_at,
                                       uint8_t bits)
{
    if (table->size >= extended_at + GAS_BYTES) {
        struct acpi_register extended = read_gas(table->bytes + extended_at);
        if (extended.address) return extended;
    }
    uint32_t port = load_u32(table->bytes + port_at);
    if (port == 0 || port > UINT16_MAX) return (struct acpi_register){ 0 };
    return (struct acpi_register){ port, true, bits };
}

static void read_fixed_blocks(const struct acpi_table *table, struct acpi_fadt *fadt)
{
    const uint8_t *at = table->bytes;
    fadt->pm1a_event = read_block(table, 56, 148, (uint8_t)(at[88] * 8));
    fadt->pm1b_event = read_block(table, 60, 160, (uint8_t)(at[88] * 8));
    fadt->pm1a_control = read_block(table, 64, 172, (uint8_t)(at[89] * 8));
    fadt->pm1b_control = read_block(table, 68, 184, (uint8_t)(at[89] * 8));
    if (at[91] == 4) fadt->pm_timer = read_block(table, 76, 208, 32); /* its length in bytes: 4 or none */
}

const char *acpi_read_fadt(const struct acpi_table *table, struct acpi_info *out)
{
    struct acpi_fadt *fadt = &out->fadt;
    const uint8_t *at = table->bytes;
    if (table->size < FADT_V1_BYTES) return "the FADT is too short";
    uint8_t revision = at[8];
    uint32_t flags = load_u32(at + 112);
    uint16_t boot = load_u16(at + 109);

    fadt->is_hardware_reduced = flags & FADT_FLAG_REDUCED;
    fadt->is_pm_timer_32_bit = flags & FADT_FLAG_PM_TIMER_32;
    fadt->has_8042 = revision < BOOT_FLAGS_SINCE_REVISION || (boot & BOOT_8042);
    fadt->has_vga = !(boot & BOOT_NO_VGA);
    fadt->has_rtc = !(boot & BOOT_NO_RTC);
    fadt->sci_gsi = load_u16(at + 46);
    fadt->century_register = at[108];
    if (!fadt->is_hardware_reduced) read_fixed_blocks(table, fadt);
    if (table->size >= 129 && (flags & FADT_FLAG_RESET)) {
        fadt->reset = read_gas(at + 116);
        fadt->reset_value = at[128];
    }
    if (table->size >= 268) {
        fadt->sleep_control = read_gas(at + 244);
        fadt->sleep_status = read_gas(at + 256);
    }
    return NULL;
}
