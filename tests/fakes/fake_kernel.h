/* SPDX-License-Identifier: Apache-2.0 */
/* The little of core/ and sched/ that device code calls, for host tests: locks that check their
 * use, a log and a heap a test can look at, interrupts raised by hand, and a sleep that runs what
 * the test wants to happen meanwhile. */
#pragma once
#include "lib/base.h"

void fake_kernel_reset(void);

/* ---- log ---- */
extern char fake_log_text[4096]; /* everything logged since the reset */

/* ---- core/irq.h ---- */
extern bool fake_irq_refuses; /* irq_attach gives ERR_NO_DEVICE */
bool fake_irq_is_attached(uint32_t irq);
void fake_irq_raise(uint32_t irq);

/* ---- arch/trap.h ---- */
bool fake_trap(uint8_t vector); /* false: nobody handles this vector */

/* ---- mm/heap.h ---- */
extern bool fake_heap_is_empty; /* heap_alloc gives NULL */

/* ---- sched/wait.h ---- */
extern void (*fake_sleep)(void);        /* runs while a thread sleeps; NULL: nobody will ever wake it */
extern err_t fake_sleep_result;         /* what the next interruptible sleep returns */
extern uint64_t fake_sleep_deadline_ns; /* what the last one asked for */
extern uint32_t fake_wakes;

/* ---- core/time.h ---- */
extern uint64_t fake_now_ns;
