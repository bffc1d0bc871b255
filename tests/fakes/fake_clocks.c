/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_clocks.h"

#include "tests/fakes/fake_bus.h"

#include <string.h>

uint64_t fake_time_ns, fake_read_ns, fake_clock_reads;
struct fake_clock fake_tsc, fake_hpet, fake_acpi_timer, fake_pit;
uint64_t fake_hpet_capabilities;
uint32_t fake_hpet_config;
uint8_t fake_cmos[128];
bool fake_cmos_is_updating;

static struct mmio hpet_regs;
static uint16_t pit_latch;
static bool pit_high_is_next;
static uint8_t cmos_index;

static uint64_t clock_value(struct fake_clock *clock)
{
    uint64_t ticks = (uint64_t)((unsigned __int128)fake_time_ns * clock->hz / 1000000000);
    if (clock->jump_at_ns && fake_time_ns >= clock->jump_at_ns) ticks += clock->jump;
    if (clock->is_stuck) ticks = 12345;
    if (clock->runs_backwards) ticks = (0 - ticks) & clock->mask;
    return ticks & clock->mask;
}

static uint64_t clock_read(struct fake_clock *clock)
{
    fake_clock_reads++;
    fake_time_ns += fake_read_ns;
    return clock_value(clock);
}

uint64_t fake_tsc_read(void)
{
    fake_time_ns += 10;
    return clock_value(&fake_tsc);
}

/* The counter of a switched-off HPET stands still. */
static uint64_t hpet_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)bytes;
    switch (offset) {
    case 0x000: return fake_hpet_capabilities;
    case 0x010: return fake_hpet_config;
    case 0x0f0: return clock_read(&fake_hpet) * (fake_hpet_config & 1);
    }
    return 0;
}

static void hpet_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)bytes;
    if (offset == 0x010) fake_hpet_config = (uint32_t)value;
}

static uint64_t acpi_timer_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)offset;
    ASSERT(bytes == 4);
    return clock_read(&fake_acpi_timer);
}

static void ignore_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)offset, (void)bytes, (void)value;
}

static uint64_t pit_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)offset, (void)bytes;
    uint16_t value = pit_high_is_next ? pit_latch >> 8 : pit_latch & 0xff;
    pit_high_is_next = !pit_high_is_next;
    return value;
}

static void pit_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)bytes;
    if (offset != 3 || value != 0) return;
    pit_latch = (uint16_t)(0 - clock_read(&fake_pit)); /* it counts down */
    pit_high_is_next = false;
}

static uint64_t cmos_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)bytes;
    if (offset == 0) return 0xff;
    return fake_cmos[cmos_index] | (cmos_index == 0x0a && fake_cmos_is_updating ? 0x80 : 0);
}

static void cmos_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)bytes;
    if (offset == 0) cmos_index = value & 0x7f;
}

struct mmio fake_hpet_regs(void) { return hpet_regs; }

void fake_clocks_reset(void)
{
    fake_bus_reset();
    fake_time_ns = 1000000000;
    fake_read_ns = 100;
    fake_clock_reads = 0;
    fake_tsc = (struct fake_clock){ .hz = 2500000000, .mask = UINT64_MAX };
    fake_hpet = (struct fake_clock){ .hz = 14318180, .mask = UINT32_MAX };
    fake_acpi_timer = (struct fake_clock){ .hz = 3579545, .mask = 0xffffff };
    fake_pit = (struct fake_clock){ .hz = 1193182, .mask = 0xffff };
    fake_hpet_capabilities = 69841279ull << 32 | 0x8086a201;
    fake_hpet_config = 0;
    memset(fake_cmos, 0xff, sizeof fake_cmos);
    fake_cmos_is_updating = false;

    hpet_regs = fake_bus_add_mmio(1024, (struct fake_device){ NULL, hpet_read, hpet_write });
    fake_bus_add_ports(FAKE_ACPI_TIMER_PORT, 4, (struct fake_device){ NULL, acpi_timer_read, ignore_write });
    fake_bus_add_ports(0x40, 4, (struct fake_device){ NULL, pit_read, pit_write });
    fake_bus_add_ports(0x70, 2, (struct fake_device){ NULL, cmos_read, cmos_write });
}
