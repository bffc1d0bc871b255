/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_apic.h"

#include "arch/features.h"
#include "arch/lapic_regs.h"
#include "tests/fakes/fake_bus.h"

#include <string.h>

struct cpu_features cpu_features;

/* ---- I/O APIC ---- */
static uint64_t ioapic_read(void *model, uint32_t offset, uint32_t bytes)
{
    struct fake_ioapic *io = model;
    ASSERT(bytes == 4);
    if (io->pins == 0) return UINT32_MAX;
    if (offset == 0x00) return io->select;
    if (io->select == 1) return (io->pins - 1) << 16 | 0x20;
    ASSERT(io->select >= 0x10);
    return io->entries[(io->select - 0x10) / 2] >> (io->select & 1 ? 32 : 0) & UINT32_MAX;
}

static void ioapic_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_ioapic *io = model;
    ASSERT(bytes == 4);
    if (io->pins == 0) return;
    if (offset == 0x00) {
        io->select = (uint32_t)value;
        return;
    }
    uint32_t pin = (io->select - 0x10) / 2, shift = io->select & 1 ? 32 : 0;
    ASSERT(offset == 0x10 && pin < io->pins);
    io->entries[pin] = (io->entries[pin] & ~(0xffffffffull << shift)) | value << shift;
}

struct mmio fake_ioapic_add(struct fake_ioapic *io, uint32_t pins)
{
    *io = (struct fake_ioapic){ .pins = pins };
    return fake_bus_add_mmio(32, (struct fake_device){ io, ioapic_read, ioapic_write });
}

/* ---- local APIC ---- */
static uint64_t lapic_read(void *model, uint32_t offset, uint32_t bytes)
{
    struct fake_lapic *lapic = model;
    ASSERT(bytes == 4 && offset % 16 == 0);
    return lapic->registers[offset / 4];
}

static void lapic_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_lapic *lapic = model;
    ASSERT(bytes == 4 && offset % 16 == 0);
    lapic->registers[offset / 4] = (uint32_t)value;
    if (offset == LAPIC_EOI) lapic->ends++;
}

struct mmio fake_lapic_add(struct fake_lapic *lapic, uint32_t id)
{
    *lapic = (struct fake_lapic){ 0 };
    lapic->registers[LAPIC_ID / 4] = id << 24;
    lapic->registers[LAPIC_VERSION / 4] = 5 << 16 | 0x14;
    fake_msr_set(MSR_APIC_BASE, 0xfee00000 | MSR_APIC_BASE_ENABLE);
    return fake_bus_add_mmio(4096, (struct fake_device){ lapic, lapic_read, lapic_write });
}

/* ---- 8259 ---- */
static uint64_t pic_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)offset, (void)bytes;
    return 0;
}

static void pic_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_pic *pic = model;
    (void)bytes;
    if (offset == 0 && value & 0x10)
        pic->count = 0;
    else if (offset == 1 && pic->count < 4)
        pic->words[pic->count++] = (uint8_t)value;
}

void fake_pics_add(struct fake_pic pics[2])
{
    memset(pics, 0, 2 * sizeof *pics);
    fake_bus_add_ports(0x20, 2, (struct fake_device){ &pics[0], pic_read, pic_write });
    fake_bus_add_ports(0xa0, 2, (struct fake_device){ &pics[1], pic_read, pic_write });
}
