/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ipi.h"

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/trap.h"
#include "core/cpus.h"

static const struct {
    uint8_t vector, counter;
} kinds[IPI_COUNT] = {
    [IPI_RESCHEDULE] = { VECTOR_IPI_RESCHEDULE, CPU_RESCHEDULES },
    [IPI_TLB] = { VECTOR_IPI_TLB, CPU_TLB_REQUESTS },
};
static void (*handlers[IPI_COUNT])(void);
static uint32_t stopper; /* 0, or 1 and the index of the CPU that stops all others */

static void handle(struct trap_frame *frame)
{
    enum ipi ipi = frame->vector == VECTOR_IPI_TLB ? IPI_TLB : IPI_RESCHEDULE;
    percpu()->counters[kinds[ipi].counter]++;
    lapic_end_of_interrupt();
    handlers[ipi]();
}

void ipi_set_handler(enum ipi ipi, void (*handler)(void))
{
    handlers[ipi] = handler;
    trap_set_handler(kinds[ipi].vector, handle);
}

void ipi_send(uint32_t cpu, enum ipi ipi)
{
    bool on = interrupts_are_on();
    interrupts_off();
    lapic_send(percpu_of(cpu)->apic_id, kinds[ipi].vector);
    if (on) interrupts_on();
}

void ipi_serve_tlb(void) { handlers[IPI_TLB](); }

/* The first CPU that wants to end it all goes on, the others wait for its NMI. */
void ipi_stop_others(void)
{
    uint32_t nobody = 0, self = (uint32_t)percpu_index() + 1;
    interrupts_off();
    bool is_ours =
        __atomic_compare_exchange_n(&stopper, &nobody, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (!is_ours && nobody == self) return;
    while (!is_ours) cpu_halt();
    cpu_set others = cpu_set_without(cpus_online_set(), self - 1);
    for (; !cpu_set_is_empty(others); others = cpu_set_without(others, cpu_set_first(others)))
        lapic_send_nmi(percpu_of(cpu_set_first(others))->apic_id);
}

static uint32_t stopped_by(void) { return __atomic_load_n(&stopper, __ATOMIC_RELAXED); }
bool ipi_others_are_stopped(void) { return stopped_by() == percpu_index() + 1; }

void ipi_stop_if_told(void)
{
    while (stopped_by() && !ipi_others_are_stopped()) cpu_halt();
}
