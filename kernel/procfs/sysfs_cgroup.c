/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/fs/cgroup as a container sees its own group of cgroup v2: what limits it, and what it uses. Nothing can be
 * changed here: the limits are the host's. */
#include "config.h"
#include "core/cpus.h"
#include "fs/text_file.h"
#include "mm/charge.h"
#include "procfs/proc_text.h"
#include "procfs/sysfs.h"

#define TEXT(name, text) MADE_FILE(name, 0444, &text_constant, text)

static void write_memory_max(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    uint64_t limit = charge_read().limit;
    if (limit == CHARGE_NO_LIMIT)
        text_add(text, "max\n");
    else
        text_add(text, "%lu\n", limit << PAGE_SHIFT);
}
static const struct text_source memory_max = { .write = write_memory_max };

static uint64_t memory_current(void) { return charge_read().total << PAGE_SHIFT; }
static uint64_t memory_peak(void) { return charge_read().peak << PAGE_SHIFT; }
static uint64_t pids_current(void) { return proc_count().threads; }
static uint64_t pids_max(void) { return CONFIG_PROCESS_IDS_MAX; }

static void write_memory_stat(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct charge_stats s = charge_read();
    text_add(text, "anon %lu\nfile %lu\nkernel %lu\nshmem %lu\nactive_anon %lu\ninactive_anon 0\n",
             s.kinds[CHARGE_ANONYMOUS] << PAGE_SHIFT, s.kinds[CHARGE_FILE] << PAGE_SHIFT,
             s.kinds[CHARGE_KERNEL] << PAGE_SHIFT, s.kinds[CHARGE_FILE] << PAGE_SHIFT,
             s.kinds[CHARGE_ANONYMOUS] << PAGE_SHIFT);
    text_add(text, "active_file 0\ninactive_file 0\nunevictable 0\npgfault 0\npgmajfault 0\n");
}
static const struct text_source memory_stat = { .write = write_memory_stat };

static void write_cpu_stat(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct made_subject subject;
    struct proc_process process;
    uint64_t us = 0;
    for (uint32_t from = 0, pid; proc_next_process(NULL, from, &pid); from = pid + 1) {
        if (!proc_find_process(NULL, pid, &subject) || failed(proc_process_get(&subject, &process))) continue;
        us += (process.cpu_ns + (process.parent_pid ? 0 : process.children_cpu_ns)) / 1000;
        proc_process_put(&process);
    }
    text_add(text,
             "usage_usec %lu\nuser_usec %lu\nsystem_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
             us, us);
}
static const struct text_source cpu_stat = { .write = write_cpu_stat };

static void write_processes(struct text *text, uint64_t *cursor)
{
    uint32_t pid;
    if (!proc_next_process(NULL, (uint32_t)*cursor, &pid)) return;
    text_add(text, "%u\n", pid);
    *cursor = (uint64_t)pid + 1;
}
static const struct text_source processes = { .write = write_processes };

static void write_cpus(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add_set(text, cpus_online_set().bits);
    text_add(text, "\n");
}
static const struct text_source cpus = { .write = write_cpus };

static const struct made_row rows[] = {
    TEXT("cgroup.controllers", "cpuset cpu memory pids\n"),
    TEXT("cgroup.subtree_control", ""),
    TEXT("cgroup.type", "domain\n"),
    TEXT("cgroup.events", "populated 1\nfrozen 0\n"),
    TEXT("cgroup.freeze", "0\n"),
    MADE_FILE("cgroup.procs", 0444, &processes, 0),
    MADE_FILE("memory.max", 0444, &memory_max, 0),
    MADE_FILE("memory.current", 0444, &text_number, memory_current),
    MADE_FILE("memory.peak", 0444, &text_number, memory_peak),
    MADE_FILE("memory.stat", 0444, &memory_stat, 0),
    TEXT("memory.high", "max\n"),
    TEXT("memory.low", "0\n"),
    TEXT("memory.min", "0\n"),
    TEXT("memory.swap.max", "0\n"),
    TEXT("memory.swap.current", "0\n"),
    TEXT("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"),
    TEXT("cpu.max", "max 100000\n"),
    TEXT("cpu.weight", "100\n"),
    MADE_FILE("cpu.stat", 0444, &cpu_stat, 0),
    MADE_FILE("cpuset.cpus.effective", 0444, &cpus, 0),
    TEXT("cpuset.mems.effective", "0\n"),
    MADE_FILE("pids.max", 0444, &text_number, pids_max),
    MADE_FILE("pids.current", 0444, &text_number, pids_current),
};
const struct made_table sysfs_cgroup_table = { .path = "sys/fs/cgroup",
                                               .rows = rows,
                                               .count = ARRAY_LENGTH(rows) };
