/* SPDX-License-Identifier: Apache-2.0 */
/* 82093AA and its successors: two memory words, an index and the register it selects.
 * [intel-82093aa 3] */
#include "arch/ioapic.h"

#define IOAPIC_SELECT       0x00
#define IOAPIC_WINDOW       0x10
#define IOAPIC_VERSION      0x01
#define IOAPIC_VERSION_PINS FIELD(23, 16) /* number of the last pin */

#define IOAPIC_ENTRY(pin)        (0x10 + 2 * (pin)) /* low half; the high half follows */
#define IOAPIC_ENTRY_VECTOR      FIELD(7, 0)
#define IOAPIC_ENTRY_ACTIVE_LOW  FIELD(13, 13)
#define IOAPIC_ENTRY_LEVEL       FIELD(15, 15)
#define IOAPIC_ENTRY_MASKED      (1u << 16)
#define IOAPIC_ENTRY_DESTINATION FIELD(31, 24) /* of the high half */

enum { IOAPIC_PINS_MAX = 120 }; /* index 0x10 to 0xff, two registers each */

static uint32_t ioapic_read(const struct ioapic *io, uint32_t reg)
{
    mmio_write32(&io->regs, IOAPIC_SELECT, reg);
    return mmio_read32(&io->regs, IOAPIC_WINDOW);
}

static void ioapic_write(const struct ioapic *io, uint32_t reg, uint32_t value)
{
    mmio_write32(&io->regs, IOAPIC_SELECT, reg);
    mmio_write32(&io->regs, IOAPIC_WINDOW, value);
}

err_t ioapic_init(struct ioapic *io, struct mmio regs, uint32_t gsi_base)
{
    *io = (struct ioapic){ .regs = regs, .gsi_base = gsi_base };
    if (!regs.base) return ERR_NO_DEVICE;
    uint32_t version = ioapic_read(io, IOAPIC_VERSION);
    uint32_t pins = (uint32_t)field_get(version, IOAPIC_VERSION_PINS) + 1;
    if (version == 0 || version == UINT32_MAX || pins > IOAPIC_PINS_MAX) return ERR_NO_DEVICE;

    io->pin_count = pins;
    for (uint32_t pin = 0; pin < pins; pin++) ioapic_mask(io, pin);
    return OK;
}

void ioapic_mask(const struct ioapic *io, uint32_t pin)
{
    ioapic_write(io, IOAPIC_ENTRY(pin), IOAPIC_ENTRY_MASKED);
}

void ioapic_open(const struct ioapic *io, uint32_t pin, struct ioapic_route route)
{
    uint64_t low = field_set(0, IOAPIC_ENTRY_VECTOR, route.vector);
    low = field_set(low, IOAPIC_ENTRY_ACTIVE_LOW, route.is_active_low);
    low = field_set(low, IOAPIC_ENTRY_LEVEL, route.is_level);
    /* The half with the mask comes last: the pin is shut until its destination is right. */
    ioapic_write(io, IOAPIC_ENTRY(pin) + 1, (uint32_t)field_set(0, IOAPIC_ENTRY_DESTINATION, route.lapic_id));
    ioapic_write(io, IOAPIC_ENTRY(pin), (uint32_t)low);
}
