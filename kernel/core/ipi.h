/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUs tell each other by interrupts. Each kind has one handler; what there is to do it finds in memory. Any
 * context, before irq_init() too, as long as there is one CPU. */
#pragma once
#include "arch/percpu.h"

enum ipi {
    IPI_RESCHEDULE, /* sched/'s: there may be something to run */
    IPI_TLB,        /* mm/'s: percpu.tlb_requests */
    IPI_COUNT,
};

/* In interrupt context; IPI_TLB's also from ipi_poll(), so it takes no lock. */
void ipi_set_handler(enum ipi ipi, void (*handler)(void));
void ipi_send(uint32_t cpu, enum ipi ipi);

/* To be called again and again by whoever waits for another CPU with interrupts off: that one may be waiting for
 * this CPU to forget a translation. */
void ipi_serve_tlb(void);
static inline void ipi_poll(void)
{
    if (unlikely(!cpu_set_is_empty(cpu_set_read(&percpu()->tlb_requests)))) ipi_serve_tlb();
}

/* The other CPUs stop for ever, wherever they are: the machine ends, or panics. */
void ipi_stop_others(void);
/* By this CPU. */
bool ipi_others_are_stopped(void);
/* The handler of NMIs: stops this CPU if that is what it is about. */
void ipi_stop_if_told(void);
