/* SPDX-License-Identifier: Apache-2.0 */
/* An I/O APIC: turns its input pins into messages to local APICs. Pure register access; which pin
 * belongs to which device is core/irq.c's knowledge, and so is the locking. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

struct ioapic {
    struct mmio regs;
    uint32_t gsi_base; /* global system interrupt of pin 0 */
    uint32_t pin_count;
};

struct ioapic_route {
    uint8_t vector;
    uint8_t lapic_id; /* physical destination; the register has no more bits */
    bool is_level;
    bool is_active_low;
};

/* Masks every pin. ERR_NO_DEVICE when nothing answers at `regs`. */
err_t ioapic_init(struct ioapic *io, struct mmio regs, uint32_t gsi_base);
/* Sets the pin's route and opens it. */
void ioapic_open(const struct ioapic *io, uint32_t pin, struct ioapic_route route);
void ioapic_mask(const struct ioapic *io, uint32_t pin);
