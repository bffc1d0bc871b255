/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, registers in memory and MSRs of a machine that a test puts together from device models.
 * What no model claims reads as ones and ignores writes, as on a PC. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

struct fake_device {
    void *model;
    /* `bytes` is the access' width; `offset` counts from the device's first port or byte. */
    uint64_t (*read)(void *model, uint32_t offset, uint32_t bytes);
    void (*write)(void *model, uint32_t offset, uint32_t bytes, uint64_t value);
};

/* An empty machine. Every test starts with this. */
void fake_bus_reset(void);
void fake_bus_add_ports(uint16_t first, uint16_t count, struct fake_device device);
/* Returns the registers as a driver is given them. */
struct mmio fake_bus_add_mmio(uint32_t bytes, struct fake_device device);
/* MSRs are plain storage, 0 at first. */
uint64_t fake_msr(uint32_t msr);
void fake_msr_set(uint32_t msr, uint64_t value);

/* Accesses since the reset, for tests that bound the work a driver does. */
extern uint64_t fake_bus_accesses;
