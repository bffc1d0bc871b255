/* SPDX-License-Identifier: Apache-2.0 */
/* Device interrupts: lines through the I/O APICs, and messages.
 *
 * A line is named as devices know it: 0 to 15 are the ISA lines, wherever ACPI says that they arrive;
 * from 16 on it is the global system interrupt itself, as PCI uses them: level, active low.
 *
 * Handlers run with interrupts off, must not switch threads, and quiet their device: a level line
 * that is still asserted when they return interrupts again. */
#pragma once
#include "lib/acpi.h"
#include "lib/base.h"
#include "lib/mmio.h"

typedef void (*irq_handler_t)(void *context);

/* Shuts the 8259s, starts this CPU's local APIC and masks every I/O APIC pin. `ioapics[i]` are the
 * mapped registers of madt->ioapics[i]; `madt` must stay. Without a MADT there are no lines to
 * attach to, but the local APIC and its timer work. Once, at boot. */
void irq_init(const struct acpi_madt *madt, struct mmio lapic, const struct mmio *ioapics);

/* Opens the line to the boot CPU; for ever. ERR_BUSY, somebody has it; ERR_NO_DEVICE, it leads to no I/O
 * APIC; ERR_NO_SPACE, no vector is left; ERR_NOT_SUPPORTED, that CPU's APIC id is above 255. */
err_t irq_attach(uint32_t irq, irq_handler_t handler, void *context);

/* What a device writes to interrupt: an address and a value. [intel-sdm3 11.11] */
struct irq_message {
    uint64_t address;
    uint32_t data;
};
/* Makes a message that interrupts the CPU with this APIC id. ERR_NO_SPACE, no vector is left; ERR_NOT_SUPPORTED, the id is
 * above 255, or there is no local APIC. */
err_t irq_attach_message(uint32_t apic_id, irq_handler_t handler, void *context, struct irq_message *out);
/* Takes back the vector, which is the message's data. Its handler is not running any more when this returns; a message that
 * still comes counts as spurious. Not from a handler. */
void irq_detach_message(uint8_t vector);

/* Interrupts seen: on one line, and those that came without a cause. */
uint64_t irq_count(uint32_t irq);
uint64_t irq_spurious_count(void);
