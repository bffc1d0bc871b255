/* SPDX-License-Identifier: Apache-2.0 */
/* The input is memory in the form of tests/data/acpi: blocks of address, size and bytes, the RSDP
 * first. Checksums are put right before the tables are read, else nearly every mutation would end
 * there; an odd first byte leaves them as they are. */
#include "lib/acpi.h"
#include "lib/bits.h"
#include "tests/fakes/fake_memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix(uint8_t *bytes, size_t count, size_t place)
{
    uint8_t sum = 0;
    bytes[place] = 0;
    for (size_t i = 0; i < count; i++) sum += bytes[i];
    bytes[place] = (uint8_t)-sum;
}

static void fix_checksums(uint8_t *block, uint64_t bytes, bool is_rsdp)
{
    if (is_rsdp) {
        if (bytes >= 20) fix(block, 20, 8);
        if (bytes >= 36 && load_u32(block + 20) >= 36 && load_u32(block + 20) <= bytes)
            fix(block, load_u32(block + 20), 32);
    } else if (bytes >= 36 && load_u32(block + 4) >= 36 && load_u32(block + 4) <= bytes) {
        fix(block, load_u32(block + 4), 9);
    }
}

/* Blocks of their own, so that the sanitizer guards each end. */
static uint64_t build_memory(struct fake_memory *memory, const uint8_t *data, size_t size,
                             bool keep_checksums)
{
    uint64_t rsdp = 0;
    fake_memory_init(memory);
    while (size >= 16 && memory->count < FAKE_MEMORY_BLOCKS_MAX) {
        uint64_t base = load_u64(data), bytes = MIN(load_u64(data + 8), size - 16);
        uint8_t *copy = malloc(bytes ? bytes : 1);
        memcpy(copy, data + 16, bytes);
        if (!keep_checksums) fix_checksums(copy, bytes, memory->count == 0);
        if (memory->count == 0) rsdp = base;
        fake_memory_add(memory, base, copy, bytes);
        data += 16 + bytes;
        size -= 16 + bytes;
    }
    return rsdp;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acpi_info info;
    struct fake_memory memory;
    const char *why = NULL;
    if (size == 0) return 0;
    uint64_t rsdp = build_memory(&memory, data + 1, size - 1, data[0] & 1);
    err_t e = acpi_parse(&memory.view, PADDR(rsdp), &info, &why);
    ASSERT(!failed(e) || why);
    const struct acpi_madt *madt = &info.madt;
    ASSERT(madt->cpu_count <= ACPI_CPUS_MAX && madt->ioapic_count <= ACPI_IOAPICS_MAX);
    ASSERT(madt->override_count <= ACPI_OVERRIDES_MAX && madt->nmi_count <= ACPI_NMIS_MAX);
    ASSERT(madt->why ? madt->cpu_count + madt->ioapic_count + madt->nmi_count == 0
                     : madt->cpu_count > 0 || madt->left_out);
    ASSERT(info.mcfg.count <= ACPI_SEGMENTS_MAX && (info.mcfg.why == NULL) == (info.mcfg.count > 0));
    for (uint32_t i = 0; i < info.mcfg.count; i++) {
        ASSERT(info.mcfg.segments[i].first_bus <= info.mcfg.segments[i].last_bus);
        ASSERT(is_aligned(info.mcfg.segments[i].base.raw, 1 << 20));
    }
    ASSERT((info.hpet.why == NULL) == (info.hpet.base.raw != 0));
    ASSERT(!info.fadt.why || info.fadt.reset.address == 0);
    const struct acpi_dmar *dmar = &info.dmar;
    ASSERT((dmar->why == NULL) == (dmar->unit_count > 0));
    ASSERT(dmar->unit_count <= ACPI_UNITS_MAX && dmar->reserved_count <= ACPI_RESERVED_MAX);
    ASSERT(dmar->scope_count <= ACPI_SCOPES_MAX);
    for (uint32_t i = 0; i < dmar->unit_count; i++) {
        const struct acpi_unit *unit = &dmar->units[i];
        ASSERT(unit->base.raw && unit->scopes.first + unit->scopes.count <= dmar->scope_count);
        for (uint32_t k = 0; k < unit->scopes.count; k++)
            ASSERT(dmar->scopes[unit->scopes.first + k].steps - 1u < ACPI_PATH_MAX);
    }
    for (uint32_t i = 0; i < dmar->reserved_count; i++) {
        const struct acpi_reserved *r = &dmar->reserved[i];
        ASSERT(r->bytes && is_aligned(r->base.raw | r->bytes, PAGE_BYTES) &&
               r->base.raw + r->bytes > r->base.raw);
        ASSERT(r->scopes.first + r->scopes.count <= dmar->scope_count);
    }
    ASSERT(!failed(e) || (madt->why && info.mcfg.why && info.hpet.why && info.fadt.why));
    for (uint32_t i = 0; i < memory.count; i++) free((void *)memory.blocks[i].data);
    return 0;
}
