/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC registers, as offsets into its page. As an x2APIC the register at offset X is the MSR
 * 0x800 + X / 16. [intel-sdm3 11.4.1, 11.12.1.2] */
#pragma once
#include "lib/base.h"

#define LAPIC_ID             0x020
#define LAPIC_ID_XAPIC       FIELD(31, 24)
#define LAPIC_VERSION        0x030
#define LAPIC_VERSION_LVTS   FIELD(23, 16) /* highest local vector table entry */
#define LAPIC_TPR            0x080
#define LAPIC_EOI            0x0b0
#define LAPIC_SVR            0x0f0
#define LAPIC_SVR_ENABLE     (1u << 8)
#define LAPIC_ICR            0x300 /* as an x2APIC one MSR of 64 bits */
#define LAPIC_ICR_HIGH       0x310
#define LAPIC_ICR_XAPIC      FIELD(31, 24) /* of the high half: the destination */
#define LAPIC_ICR_PENDING    (1u << 12)    /* not yet sent. Not there as an x2APIC */
#define LAPIC_ICR_ASSERT     (1u << 14)
#define LAPIC_ICR_NMI        (4u << 8 | LAPIC_ICR_ASSERT)
#define LAPIC_ICR_INIT       (5u << 8 | LAPIC_ICR_ASSERT)
#define LAPIC_ICR_STARTUP    (6u << 8 | LAPIC_ICR_ASSERT)
#define LAPIC_LVT_TIMER      0x320
#define LAPIC_LVT_THERMAL    0x330 /* there when LVTS >= 5 */
#define LAPIC_LVT_COUNTERS   0x340 /* there when LVTS >= 4 */
#define LAPIC_LVT_LINT0      0x350
#define LAPIC_LVT_LINT1      0x360
#define LAPIC_LVT_ERROR      0x370
#define LAPIC_LVT_MASKED     (1u << 16)
#define LAPIC_LVT_NMI        (4u << 8)
#define LAPIC_TIMER_ONE_SHOT (0u << 17)
#define LAPIC_TIMER_DEADLINE (2u << 17)
#define LAPIC_TIMER_INITIAL  0x380
#define LAPIC_TIMER_CURRENT  0x390
#define LAPIC_TIMER_DIVIDE   0x3e0
#define LAPIC_DIVIDE_BY_1    0x0b

#define MSR_APIC_BASE         0x01b
#define MSR_APIC_BASE_X2APIC  (1ull << 10)
#define MSR_APIC_BASE_ENABLE  (1ull << 11)
#define MSR_APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define MSR_TSC_DEADLINE      0x6e0
#define MSR_X2APIC_FIRST      0x800
