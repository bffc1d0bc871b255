/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC, scaled. Also implements lib/clock.h.
 *
 * The rate comes from, in this order: the command line (`tsc_khz=`), CPUID 0x15, the hypervisor's
 * CPUID leaf 0x40000010, CPUID 0x16, the HPET, the ACPI timer, the PIT. It is looked for at the first
 * use of the clock, and the last three are then measured for a few milliseconds, so a program that
 * never asks for the time pays nothing. If all fail the clock runs as if the TSC had 1 GHz. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

struct time_sources {       /* device addresses from ACPI */
    struct mmio hpet;       /* mapped; empty when there is none */
    uint16_t pm_timer_port; /* 0: none */
    uint8_t rtc_century;    /* CMOS index of the century; 0: none */
};

/* `tsc_khz` is the command line's, 0 when it has none. `find_sources` fills what this machine has,
 * at the first use of the clock; NULL when there is no ACPI. Any context may be the first user. */
void time_init(uint64_t tsc_khz, void (*find_sources)(struct time_sources *sources));

uint64_t time_now_ns(void);      /* since boot (TSC zero), monotonic. Any context */
uint64_t time_realtime_ns(void); /* since 1970, from the RTC at first use */
/* Rounded up, so that a wait for the result is never short. UINT64_MAX when it does not fit. */
uint64_t time_ns_to_tsc(uint64_t ns);
/* The page by which programs read the clocks that have been read before (core/time_page.h), in the image. */
const void *time_page(void);
uint64_t time_tsc_to_ns(uint64_t ticks); /* a duration */
uint64_t time_tsc_khz(void);
const char *time_source_name(void);

/* Arms the one-shot timer of this CPU: `time_deadline_handler` runs in interrupt context at or
 * after `deadline_ns`. UINT64_MAX disarms. Needs irq_init(). sched/ owns it. */
void time_arm_ns(uint64_t deadline_ns);
extern void (*time_deadline_handler)(void);
