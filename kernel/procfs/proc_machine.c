/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of /proc about the machine and the kernel. */
#include "abi/linux/system.h"
#include "core/cpus.h"
#include "core/lock.h"
#include "core/machine_name.h"
#include "core/time.h"
#include "mm/charge.h"
#include "procfs/machine.h"
#include "procfs/proc_text.h"

/* ---- uptime and load ---- */

static uint64_t idle_ns(void)
{
    uint64_t sum = 0;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1)
        sum += proc_idle_ns(cpu_set_first((cpu_set){ left }));
    return sum;
}

static void write_uptime(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    uint64_t now = time_now_ns() / 10000000, idle = idle_ns() / 10000000;
    text_add(text, "%lu.%02lu %lu.%02lu\n", now / 100, now % 100, idle / 100, idle % 100);
}

/* The averages that decay with time constants of 1, 5 and 15 minutes, in steps of 5 seconds as on Linux, but nobody
 * wakes up for them: a reader takes the steps since the last one, with how many CPUs were busy on average meanwhile.
 * Numbers are fixed-point, of LOAD_ONE. [linux include/linux/sched/loadavg.h] */
#define LOAD_ONE     ((uint64_t)2048)
#define LOAD_STEP_NS 5000000000ull
enum { LOAD_STEPS_MAX = 2000 };
static struct spinlock load_lock = SPINLOCK_INIT_CLASS("loadavg");
static struct {
    uint64_t averages[3];
    uint64_t at_ns, busy_ns; /* of the last step */
} load GUARDED_BY(load_lock);

void machine_load(uint64_t averages[3])
{
    static const uint64_t decays[] = { 1884, 2014, 2037 }; /* e^(-5 s / time constant) */
    spin_lock(&load_lock);
    uint64_t now_ns = time_now_ns(),
             busy_ns = now_ns * cpus_online() - MIN(idle_ns(), now_ns * cpus_online());
    uint64_t passed = now_ns - load.at_ns, steps = passed / LOAD_STEP_NS;
    if (steps) {
        uint64_t busy = busy_ns - MIN(load.busy_ns, busy_ns), active = busy * LOAD_ONE / passed;
        for (uint64_t step = 0; step < MIN(steps, (uint64_t)LOAD_STEPS_MAX); step++)
            for (uint32_t i = 0; i < 3; i++)
                load.averages[i] =
                    (load.averages[i] * decays[i] + active * (LOAD_ONE - decays[i])) / LOAD_ONE;
        load.at_ns = now_ns;
        load.busy_ns = busy_ns;
    }
    for (uint32_t i = 0; i < 3; i++) averages[i] = load.averages[i];
    spin_unlock(&load_lock);
}

uint32_t machine_threads(void) { return proc_count().threads; }

static void write_loadavg(struct text *text, uint64_t *cursor)
{
    uint64_t averages[3];
    if ((*cursor)++) return;
    machine_load(averages);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t rounded = averages[i] + LOAD_ONE / 200;
        text_add(text, "%lu.%02lu ", rounded / LOAD_ONE, rounded % LOAD_ONE * 100 / LOAD_ONE);
    }
    struct proc_counts counts = proc_count();
    text_add(text, "%u/%u %u\n", counts.running, counts.threads, counts.last_pid);
}

static void write_version(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add(text, "%s version %s (cloudkernel) (%s) %s\n", MACHINE_SYSTEM, MACHINE_RELEASE, __VERSION__,
             MACHINE_VERSION);
}

/* ---- memory ---- */

static void write_vmstat(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct charge_stats s = charge_read();
    text_add(text, "nr_free_pages %lu\nnr_zone_inactive_anon 0\nnr_zone_active_anon %lu\nnr_mlock 0\n",
             s.free, s.kinds[CHARGE_ANONYMOUS]);
    text_add(text,
             "nr_anon_pages %lu\nnr_mapped 0\nnr_file_pages %lu\nnr_dirty 0\nnr_writeback 0\nnr_shmem %lu\n",
             s.kinds[CHARGE_ANONYMOUS], s.kinds[CHARGE_FILE], s.kinds[CHARGE_FILE]);
    text_add(text,
             "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfree 0\npgfault 0\npgmajfault 0\noom_kill 0\n");
}

static void write_zoneinfo(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct charge_stats s = charge_read();
    text_add(text,
             "Node 0, zone   Normal\n  pages free     %lu\n        min      %lu\n        low      %lu\n",
             s.free, s.reserve, s.reserve);
    text_add(text, "        high     %lu\n        spanned  %lu\n        present  %lu\n        managed  %lu\n",
             s.reserve, s.machine, s.machine, s.machine);
}

/* Whole blocks are what the allocator knows; smaller orders are not told apart. */
static void write_buddyinfo(struct text *text, uint64_t *cursor)
{
    enum { ORDERS = 11, LARGEST_PAGES = 1 << (ORDERS - 1) };
    if ((*cursor)++) return;
    uint64_t free = charge_read().free;
    text_add(text, "Node 0, zone   Normal ");
    for (uint32_t order = 0; order < ORDERS - 1; order++) text_add(text, "%6lu ", free >> order & 1);
    text_add(text, "%6lu \n", free / LARGEST_PAGES);
}

const struct text_source proc_uptime = { .write = write_uptime };
const struct text_source proc_loadavg = { .write = write_loadavg };
const struct text_source proc_version = { .write = write_version };
const struct text_source proc_vmstat = { .write = write_vmstat };
const struct text_source proc_zoneinfo = { .write = write_zoneinfo };
const struct text_source proc_buddyinfo = { .write = write_buddyinfo };
