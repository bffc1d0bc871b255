/* SPDX-License-Identifier: Apache-2.0 */
/* The three clocks of a PC whose rate is fixed by a document. */
#include "core/tsc_rate.h"

#include "arch/io.h"

/* ---- HPET [ia-pc-hpet 2.3] ---- */
#define HPET_CAPABILITIES  0x000
#define HPET_REVISION      FIELD(7, 0)
#define HPET_PERIOD_FS     FIELD(63, 32)
#define HPET_CONFIG        0x010
#define HPET_CONFIG_ENABLE (1u << 0)
#define HPET_COUNTER       0x0f0
#define FEMTOSECONDS       1000000000000000ull
#define HPET_PERIOD_FS_MAX 100000000u /* 100 ns, by the specification */
#define HPET_PERIOD_FS_MIN 1000000u   /* 1 ns: ten times faster than any that exists */

/* The low half alone, because a 32-bit read is atomic on every HPET; it wraps after 4 s or more. */
static uint64_t hpet_read(const struct tsc_reference *reference)
{
    return mmio_read32(&reference->regs, HPET_COUNTER);
}

err_t tsc_reference_hpet(struct mmio regs, struct tsc_reference *out)
{
    if (!regs.base) return ERR_NO_DEVICE;
    uint64_t capabilities = mmio_read64(&regs, HPET_CAPABILITIES);
    uint64_t period_fs = field_get(capabilities, HPET_PERIOD_FS);
    if (field_get(capabilities, HPET_REVISION) == 0) return ERR_NO_DEVICE;
    if (period_fs < HPET_PERIOD_FS_MIN || period_fs > HPET_PERIOD_FS_MAX) return ERR_NO_DEVICE;

    uint32_t config = mmio_read32(&regs, HPET_CONFIG);
    if (!(config & HPET_CONFIG_ENABLE)) mmio_write32(&regs, HPET_CONFIG, config | HPET_CONFIG_ENABLE);
    *out = (struct tsc_reference){
        .name = "HPET",
        .hz = (FEMTOSECONDS + period_fs / 2) / period_fs,
        .mask = UINT32_MAX,
        .window_us = 2000,
        .read = hpet_read,
        .regs = regs,
    };
    return OK;
}

/* ---- ACPI power management timer [acpi-6.5 4.8.3.3] ---- */
enum { ACPI_TIMER_HZ = 3579545 };

static uint64_t acpi_timer_read(const struct tsc_reference *reference)
{
    return port_read32(reference->port);
}

err_t tsc_reference_acpi_timer(uint16_t port, struct tsc_reference *out)
{
    if (port == 0) return ERR_NO_DEVICE;
    *out = (struct tsc_reference){
        .name = "ACPI timer",
        .hz = ACPI_TIMER_HZ,
        .mask = 0xffffff, /* some have 32 bits, all have 24 */
        .window_us = 5000,
        .read = acpi_timer_read,
        .port = port,
    };
    return OK;
}

/* ---- PIT, channel 0: its gate is always open, while channel 2 needs a port that microvm has not
 * got. Its interrupt line is masked. [intel-8254] ---- */
enum {
    PIT_HZ = 1193182,
    PIT_CHANNEL_0 = 0x40,
    PIT_COMMAND = 0x43,
    PIT_CHANNEL_0_RATE_GENERATOR = 0x34, /* low then high byte, mode 2, binary */
    PIT_CHANNEL_0_LATCH = 0x00,
};

static uint64_t pit_read(const struct tsc_reference *reference)
{
    (void)reference;
    port_write8(PIT_COMMAND, PIT_CHANNEL_0_LATCH);
    uint32_t low = port_read8(PIT_CHANNEL_0);
    uint32_t high = port_read8(PIT_CHANNEL_0);
    return 0x10000 - (high << 8 | low); /* it counts down */
}

err_t tsc_reference_pit(struct tsc_reference *out)
{
    port_write8(PIT_COMMAND, PIT_CHANNEL_0_RATE_GENERATOR);
    port_write8(PIT_CHANNEL_0, 0); /* 0 means 65536 */
    port_write8(PIT_CHANNEL_0, 0);
    *out = (struct tsc_reference){
        .name = "PIT",
        .hz = PIT_HZ,
        .mask = 0xffff,
        .window_us = 10000,
        .read = pit_read,
    };
    return OK;
}
