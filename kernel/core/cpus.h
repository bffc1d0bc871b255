/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs there are. The boot CPU has index 0; a CPU that did not start leaves a gap. Any context. */
#pragma once
#include "arch/cpu_set.h"
#include "arch/percpu.h"

/* Those that run threads; once there they stay. Others may follow shortly after boot. */
extern cpu_set cpus_running; /* atomic */
static inline cpu_set cpus_online_set(void) { return cpu_set_read(&cpus_running); }
uint32_t cpus_online(void);
/* For sched/cpu_start.c. */
void cpus_add(uint32_t cpu);
