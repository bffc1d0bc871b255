/* SPDX-License-Identifier: Apache-2.0 */
/* This CPU's interrupt controller and its timer. Every function works on the CPU it runs on; the
 * registers are at the same address on all of them. Any context. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

/* Where the registers are, for whoever maps them. */
paddr_t lapic_physical_base(void);

/* Accept interrupts, as an x2APIC where the CPU has one. `regs` may then be empty. ERR_NO_DEVICE when it is empty
 * otherwise. */
err_t lapic_init(struct mmio regs, uint8_t spurious_vector);
/* The same for a further CPU. */
err_t lapic_init_other(uint8_t spurious_vector);
bool lapic_is_ready(void);
uint32_t lapic_id(void);
uint32_t lapic_id_max(void); /* the highest that can be sent to: one more means all */

/* To another CPU's controller; interrupts off. An interrupt, an NMI, and what starts a CPU at the first byte of
 * a page below 1 MiB. [intel-sdm3 11.6.1, 9.4.4] */
void lapic_send(uint32_t apic_id, uint8_t vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint8_t page);

void lapic_end_of_interrupt(void);

/* The timer in one of its two modes. After one of these the timer is stopped. */
void lapic_timer_use_deadline(uint8_t vector); /* needs CPUID.01H:ECX.TSC_DEADLINE */
void lapic_timer_use_one_shot(uint8_t vector); /* counts at the bus or crystal clock */

/* Deadline mode: interrupt when the TSC reaches `tsc`; 0 stops the timer. */
void lapic_timer_set_deadline(uint64_t tsc);
/* One-shot mode: interrupt after `count` ticks; 0 stops the timer. */
void lapic_timer_set_count(uint32_t count);
uint32_t lapic_timer_count(void);
