/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/stat, io, schedstat, sched: what a process has used. [linux fs/proc/array.c do_task_stat] */
#include "abi/linux/time.h"
#include "arch/cpu_set.h"
#include "procfs/proc_text.h"

enum { NS_PER_TICK = 1000000000 / LINUX_USER_HZ, PRIORITY = 20, LINUX_PF_RANDOMIZE = 0x400000 };

struct memory_places {
    uint64_t mapped, resident_pages, faults;
    uint64_t stack, brk;
    uint64_t arguments, environment, strings_end;
};

static struct memory_places places_of(const struct proc_process *p)
{
    struct proc_memory memory;
    struct space_report space;
    if (!p->space || !p->fs) return (struct memory_places){ 0 };
    proc_memory_read(p, &memory);
    space_report(p->space, &space);
    return (struct memory_places){
        .mapped = space.mapped_bytes,
        .resident_pages = proc_memory_sum(memory.bytes, PAGES_HUGETLB, 0) >> PAGE_SHIFT,
        .faults = space.faults,
        .stack = space.stack_start,
        .brk = space.brk_start,
        .arguments = p->space->start.arguments,
        .environment = p->space->start.environment,
        .strings_end = p->space->start.strings_end,
    };
}

/* The fields behind the name, by their numbers in proc(5). All time is user time (process/cpu_clock.h). */
static void write_stat(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    struct memory_places m = places_of(&p);
    text_add(text, "%u (%s) %c %u %u %u %u %d %u", p.tid, p.name, p.state, p.parent_pid, p.group, p.session,
             p.terminal, p.terminal_group, LINUX_PF_RANDOMIZE);
    text_add(text, " %lu 0 0 0 %lu 0 %lu 0 %d 0 %u 0 %lu", m.faults, p.cpu_ns / NS_PER_TICK,
             p.children_cpu_ns / NS_PER_TICK, PRIORITY, p.thread_count,
             p.start_ns / NS_PER_TICK); /* 10 to 22 */
    text_add(text, " %lu %lu %lu 0 0 %lu 0 0", m.mapped, m.resident_pages, p.limits[LINUX_RLIMIT_RSS].soft,
             m.stack); /* to 30 */
    text_add(text, " %lu %lu %lu %lu 0 0 0 %u %u 0 0 0 0 0", p.signals.pending & INT32_MAX,
             p.signals.blocked & INT32_MAX, p.signals.ignored & INT32_MAX, p.signals.caught & INT32_MAX,
             p.end_signal, p.cpu); /* to 44 */
    text_add(text, " 0 0 %lu %lu %lu %lu %lu %u\n", m.brk, m.arguments, m.environment, m.environment,
             m.strings_end, p.state == 'Z' ? p.wait_status : 0); /* to 52 */
    proc_process_put(&p);
}

/* Bytes are not counted: no program pays for it. */
static void write_io(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    proc_process_put(&p);
    text_add(text, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
                   "cancelled_write_bytes: 0\n");
}

static void write_schedstat(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    text_add(text, "%lu 0 %lu\n", p.cpu_ns, p.voluntary_switches + p.involuntary_switches);
    proc_process_put(&p);
}

static void write_sched(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    text_add(text, "%s (%u, #threads: %u)\n", p.name, p.tid, p.thread_count);
    text_add(text, "-------------------------------------------------------------------\n");
    text_add(text, "%-45s:%14lu.%06lu\n", "se.sum_exec_runtime", p.cpu_ns / 1000000, p.cpu_ns % 1000000);
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        { "nr_switches", p.voluntary_switches + p.involuntary_switches },
        { "nr_voluntary_switches", p.voluntary_switches },
        { "nr_involuntary_switches", p.involuntary_switches },
        { "policy", 0 },
        { "prio", 120 },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        text_add(text, "%-45s:%21lu\n", lines[i].name, lines[i].value);
    proc_process_put(&p);
}

const struct text_source proc_stat = { .write = write_stat };
const struct text_source proc_io = { .write = write_io, .open = proc_open_looking };
const struct text_source proc_schedstat = { .write = write_schedstat };
const struct text_source proc_sched = { .write = write_sched };
