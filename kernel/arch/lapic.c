/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC, as xAPIC (registers in memory) or x2APIC (registers in MSRs). [intel-sdm3 11] */
#include "arch/lapic.h"

#include "arch/features.h"
#include "arch/io.h"
#include "arch/lapic_regs.h"

/* How to reach the registers: fixed once the first CPU has called lapic_init(). */
static struct mmio xapic;
static bool is_x2apic;

static uint32_t lapic_read(uint32_t offset)
{
    if (is_x2apic) return (uint32_t)msr_read(MSR_X2APIC_FIRST + (offset >> 4));
    return mmio_read32(&xapic, offset);
}

static void lapic_write(uint32_t offset, uint32_t value)
{
    if (is_x2apic)
        msr_write(MSR_X2APIC_FIRST + (offset >> 4), value);
    else
        mmio_write32(&xapic, offset, value);
}

paddr_t lapic_physical_base(void) { return PADDR(msr_read(MSR_APIC_BASE) & MSR_APIC_BASE_ADDRESS); }

bool lapic_is_ready(void) { return is_x2apic || xapic.base; }

/* To an x2APIC leads only the way over an enabled xAPIC. [intel-sdm3 11.12.1] */
static uint64_t enable(uint64_t base, bool wants_x2apic)
{
    const uint64_t ways[] = { MSR_APIC_BASE_ENABLE, wants_x2apic ? MSR_APIC_BASE_X2APIC : 0 };
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        if ((base & ways[i]) == ways[i]) continue;
        base |= ways[i];
        msr_write(MSR_APIC_BASE, base);
    }
    return base;
}

err_t lapic_init(struct mmio regs, uint8_t spurious_vector)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (!regs.base && !(base & MSR_APIC_BASE_X2APIC) && !cpu_features.x2apic) return ERR_NO_DEVICE;
    is_x2apic = enable(base, cpu_features.x2apic) & MSR_APIC_BASE_X2APIC;
    xapic = regs;

    /* LINT0 is the 8259s' way in and stays shut; LINT1 is the board's NMI line. */
    uint64_t lvts = field_get(lapic_read(LAPIC_VERSION), LAPIC_VERSION_LVTS);
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LAPIC_LVT_NMI);
    lapic_write(LAPIC_LVT_ERROR, LAPIC_LVT_MASKED);
    if (lvts >= 4) lapic_write(LAPIC_LVT_COUNTERS, LAPIC_LVT_MASKED);
    if (lvts >= 5) lapic_write(LAPIC_LVT_THERMAL, LAPIC_LVT_MASKED);

    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | spurious_vector);
    return OK;
}

uint32_t lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);
    return is_x2apic ? id : (uint32_t)field_get(id, LAPIC_ID_XAPIC);
}

err_t lapic_init_other(uint8_t spurious_vector) { return lapic_init(xapic, spurious_vector); }

/* An xAPIC takes the destination and then the command; another command, of an interrupt's handler, must not come
 * in between. */
static void send(uint32_t apic_id, uint32_t command)
{
    if (is_x2apic) {
        /* What was stored before is seen by the handler: unlike the xAPIC's, the WRMSR waits for nothing.
         * [intel-sdm3 11.12.3] */
        __asm__ volatile("mfence; lfence" : : : "memory");
        msr_write(MSR_X2APIC_FIRST + (LAPIC_ICR >> 4), (uint64_t)apic_id << 32 | command);
        return;
    }
    while (lapic_read(LAPIC_ICR) & LAPIC_ICR_PENDING) {}
    lapic_write(LAPIC_ICR_HIGH, (uint32_t)field_set(0, LAPIC_ICR_XAPIC, apic_id & UINT8_MAX));
    lapic_write(LAPIC_ICR, command);
}

void lapic_send(uint32_t apic_id, uint8_t vector) { send(apic_id, LAPIC_ICR_ASSERT | vector); }
void lapic_send_nmi(uint32_t apic_id) { send(apic_id, LAPIC_ICR_NMI); }
void lapic_send_init(uint32_t apic_id) { send(apic_id, LAPIC_ICR_INIT); }
void lapic_send_startup(uint32_t apic_id, uint8_t page) { send(apic_id, LAPIC_ICR_STARTUP | page); }
uint32_t lapic_id_max(void) { return is_x2apic ? UINT32_MAX - 1 : UINT8_MAX - 1; }

void lapic_end_of_interrupt(void) { lapic_write(LAPIC_EOI, 0); }

void lapic_timer_use_deadline(uint8_t vector)
{
    lapic_write(LAPIC_LVT_TIMER, LAPIC_TIMER_DEADLINE | vector);
    /* A write to memory may otherwise arrive after the WRMSR that sets a deadline, which is then
     * ignored. [intel-sdm3 11.5.4.1] */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    msr_write(MSR_TSC_DEADLINE, 0);
}

void lapic_timer_use_one_shot(uint8_t vector)
{
    lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    lapic_write(LAPIC_LVT_TIMER, LAPIC_TIMER_ONE_SHOT | vector);
}

void lapic_timer_set_deadline(uint64_t tsc) { msr_write(MSR_TSC_DEADLINE, tsc); }
void lapic_timer_set_count(uint32_t count) { lapic_write(LAPIC_TIMER_INITIAL, count); }
uint32_t lapic_timer_count(void) { return lapic_read(LAPIC_TIMER_CURRENT); }
