/* SPDX-License-Identifier: Apache-2.0 */
/* This CPU's interrupt controller and its timer. Every function works on the CPU it runs on; the
 * registers are at the same address on all of them. Any context. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

/* Where the registers are, for whoever maps them. */
paddr_t lapic_physical_base(void);

/* Accept interrupts. `regs` is unused (and may be empty) where the firmware has switched to x2APIC,
 * which is then kept: going back needs a reset of the APIC. ERR_NO_DEVICE when it is empty otherwise. */
err_t lapic_init(struct mmio regs, uint8_t spurious_vector);
bool lapic_is_ready(void);
uint32_t lapic_id(void);
void lapic_end_of_interrupt(void);

/* The timer in one of its two modes. After one of these the timer is stopped. */
void lapic_timer_use_deadline(uint8_t vector); /* needs CPUID.01H:ECX.TSC_DEADLINE */
void lapic_timer_use_one_shot(uint8_t vector); /* counts at the bus or crystal clock */

/* Deadline mode: interrupt when the TSC reaches `tsc`; 0 stops the timer. */
void lapic_timer_set_deadline(uint64_t tsc);
/* One-shot mode: interrupt after `count` ticks; 0 stops the timer. */
void lapic_timer_set_count(uint32_t count);
uint32_t lapic_timer_count(void);
