/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC, as xAPIC (registers in memory) or x2APIC (registers in MSRs). [intel-sdm3 11] */
#include "arch/lapic.h"

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

err_t lapic_init(struct mmio regs, uint8_t spurious_vector)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (!regs.base && !(base & MSR_APIC_BASE_X2APIC)) return ERR_NO_DEVICE;
    if (!(base & MSR_APIC_BASE_ENABLE)) msr_write(MSR_APIC_BASE, base | MSR_APIC_BASE_ENABLE);
    is_x2apic = base & MSR_APIC_BASE_X2APIC;
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
