/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUs have done: /proc/stat, /proc/interrupts, and /proc/cpu_counters, which Linux does not have: what has
 * disturbed the program on each CPU since that was started, a line being "cpuN INTERRUPTS FAULTS SWITCHES". Reading
 * them disturbs nobody: each CPU counts for itself. */
#include "abi/linux/time.h"
#include "core/cpus.h"
#include "core/time.h"
#include "procfs/proc_text.h"

enum { NS_PER_TICK = 1000000000 / LINUX_USER_HZ };

static uint64_t count_of(uint32_t cpu, enum cpu_counter counter)
{
    return __atomic_load_n(&percpu_of(cpu)->counters[counter], __ATOMIC_RELAXED);
}

static uint64_t sum_of(enum cpu_counter counter)
{
    uint64_t sum = 0;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1)
        sum += count_of(cpu_set_first((cpu_set){ left }), counter);
    return sum;
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

/* ---- stat. What is not idle is told as user time, since nothing is measured at system calls ---- */

static void add_times(struct text *text, const char *name, uint64_t busy_ns, uint64_t idle_ns)
{
    text_add(text, "%s %lu 0 0 %lu 0 0 0 0 0 0\n", name, busy_ns / NS_PER_TICK, idle_ns / NS_PER_TICK);
}

static void add_cpus(struct text *text)
{
    uint64_t now_ns = time_now_ns(), idle_sum = 0, busy_sum = 0;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        uint32_t cpu = cpu_set_first((cpu_set){ left });
        uint64_t idle_ns = MIN(proc_idle_ns(cpu), now_ns);
        idle_sum += idle_ns;
        busy_sum += now_ns - idle_ns;
    }
    add_times(text, "cpu ", busy_sum, idle_sum);
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        uint32_t cpu = cpu_set_first((cpu_set){ left });
        uint64_t idle_ns = MIN(proc_idle_ns(cpu), now_ns);
        text_add(text, "cpu%u", cpu);
        add_times(text, "", now_ns - idle_ns, idle_ns);
    }
}

static void write_stat(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct proc_counts counts = proc_count();
    uint64_t boot_s = (time_realtime_ns() - time_now_ns()) / 1000000000;
    add_cpus(text);
    text_add(text, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
             sum_of(CPU_INTERRUPTS), sum_of(CPU_SWITCHES), boot_s, counts.births, counts.running);
    text_add(text, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

/* ---- interrupts, by the kinds that are counted ---- */

static void add_interrupts(struct text *text, const char *name, enum cpu_counter counter, const char *what)
{
    text_add(text, "%s:", name);
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1)
        text_add(text, " %10lu", count_of(cpu_set_first((cpu_set){ left }), counter));
    text_add(text, "   %s\n", what);
}

static void write_interrupts(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add(text, "    ");
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1)
        text_add(text, "       CPU%-3u", cpu_set_first((cpu_set){ left }));
    text_add(text, "\n");
    add_interrupts(text, "LOC", CPU_TIMER_INTERRUPTS, "Local timer interrupts");
    add_interrupts(text, "RES", CPU_RESCHEDULES, "Rescheduling interrupts");
    add_interrupts(text, "TLB", CPU_TLB_REQUESTS, "TLB shootdowns");
}

const struct text_source proc_cpu_counters = { .write = write_counters };
const struct text_source proc_machine_stat = { .write = write_stat };
const struct text_source proc_interrupts = { .write = write_interrupts };
