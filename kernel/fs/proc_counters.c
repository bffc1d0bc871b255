/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/cpu_counters, which Linux does not have: what has disturbed the program on each CPU since that was started. A
 * line is "cpuN INTERRUPTS FAULTS SWITCHES". Reading it disturbs nobody: each CPU counts for itself. */
#include "core/cpus.h"
#include "fs/proc_text.h"

static uint64_t count_of(uint32_t cpu, enum cpu_counter counter)
{
    return __atomic_load_n(&percpu_of(cpu)->counters[counter], __ATOMIC_RELAXED);
}

static void write_counters(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        uint32_t cpu = cpu_set_first((cpu_set){ left });
        text_add(text, "cpu%u %lu %lu %lu\n", cpu, count_of(cpu, CPU_INTERRUPTS), count_of(cpu, CPU_FAULTS),
                 count_of(cpu, CPU_SWITCHES));
    }
}

const struct text_source proc_cpu_counters = { write_counters };
