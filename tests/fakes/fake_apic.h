/* SPDX-License-Identifier: Apache-2.0 */
/* I/O APICs, the local APIC and the two 8259s: registers that remember, and a line a test raises. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

struct fake_ioapic {
    uint32_t select;
    uint32_t pins; /* 0: nothing answers */
    uint64_t entries[120];
};

/* Entries start open, as careless firmware leaves them. */
struct mmio fake_ioapic_add(struct fake_ioapic *io, uint32_t pins);

struct fake_lapic {
    uint32_t registers[0x400 / 4];
    uint32_t ends; /* writes to EOI */
};
struct mmio fake_lapic_add(struct fake_lapic *lapic, uint32_t id);

struct fake_pic {
    uint8_t words[4]; /* after a first initialisation word: vector, cascade, mode, mask */
    uint32_t count;
};
/* [0] the master, [1] the slave */
void fake_pics_add(struct fake_pic pics[2]);
