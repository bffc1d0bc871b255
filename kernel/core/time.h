/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC, scaled. Also implements lib/clock.h.
 *
 * The rate comes from, in this order: the command line (`tsc_khz=`), CPUID 0x15/0x16, the
 * hypervisor's CPUID leaf 0x40000010, the HPET, the ACPI timer, the PIT. The last three are measured
 * at the first use of the clock, bounded, so that a program that never asks pays nothing. */
#pragma once
#include "lib/base.h"

struct time_sources; /* device addresses from ACPI; see time.c */

uint64_t time_now_ns(void);      /* since boot (TSC zero), monotonic. Any context */
uint64_t time_realtime_ns(void); /* since 1970, from the RTC at first use */
uint64_t time_ns_to_tsc(uint64_t ns);
uint64_t time_tsc_khz(void);
const char *time_source_name(void);

/* Arms the one-shot timer of this CPU: `time_deadline_handler` runs in interrupt context at or
 * after `deadline_ns`. UINT64_MAX disarms. sched/ owns it. */
void time_arm_ns(uint64_t deadline_ns);
extern void (*time_deadline_handler)(void);
