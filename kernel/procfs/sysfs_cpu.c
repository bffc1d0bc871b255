/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/devices/system/cpu, from which libraries learn how many threads to start and what caches they share. CPUs are
 * those that run; a subject's number is the CPU's, its index the cache's. */
#include "arch/topology.h"
#include "config.h"
#include "core/cpus.h"
#include "fs/text_file.h"
#include "procfs/sysfs.h"

#define TABLE(name, path_, rows_) \
    static const struct made_table name = { .path = (path_), .rows = (rows_), .count = ARRAY_LENGTH(rows_) }

/* ---- sets ---- */

static void write_online(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add_set(text, cpus_online_set().bits);
    text_add(text, "\n");
}
static const struct text_source online = { .write = write_online };
static uint64_t kernel_max(void) { return CONFIG_CPUS_MAX - 1; }

/* As Linux writes masks: 32 bits at a time. */
static void add_mask(struct text *text, uint64_t set)
{
    text_add(text, set >> 32 ? "%x,%08x\n" : "%08x\n", set >> 32 ? (uint32_t)(set >> 32) : (uint32_t)set,
             (uint32_t)set);
}

/* CPUs whose places agree with that of `cpu`. */
enum likeness { SAME_CORE, SAME_PACKAGE };
static uint64_t set_like(uint32_t cpu, enum likeness likeness)
{
    struct cpu_place mine = cpu_place_of(percpu_of(cpu)->apic_id);
    uint64_t set = 0;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        uint32_t other = cpu_set_first((cpu_set){ left });
        struct cpu_place its = cpu_place_of(percpu_of(other)->apic_id);
        bool is_like = its.package == mine.package && (likeness == SAME_PACKAGE || its.core == mine.core);
        if (is_like) set |= cpu_set_of(other).bits;
    }
    return set;
}

/* ---- topology ---- */

enum topology { PACKAGE_ID, CORE_ID, DIE_ID, CORE_MASK, CORE_LIST, PACKAGE_MASK, PACKAGE_LIST };

static void write_topology(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    uint32_t cpu = text->node->subject.number;
    struct cpu_place place = cpu_place_of(percpu_of(cpu)->apic_id);
    enum topology what = text->node->row->argument;
    if (what <= DIE_ID) {
        text_add(text, "%u\n", what == PACKAGE_ID ? place.package : what == CORE_ID ? place.core : 0);
        return;
    }
    uint64_t set = set_like(cpu, what <= CORE_LIST ? SAME_CORE : SAME_PACKAGE);
    if (what == CORE_MASK || what == PACKAGE_MASK) {
        add_mask(text, set);
        return;
    }
    text_add_set(text, set);
    text_add(text, "\n");
}
static const struct text_source topology = { .write = write_topology };

static const struct made_row topology_rows[] = {
    MADE_FILE("physical_package_id", 0444, &topology, PACKAGE_ID),
    MADE_FILE("core_id", 0444, &topology, CORE_ID),
    MADE_FILE("die_id", 0444, &topology, DIE_ID),
    MADE_FILE("thread_siblings", 0444, &topology, CORE_MASK),
    MADE_FILE("thread_siblings_list", 0444, &topology, CORE_LIST),
    MADE_FILE("core_cpus", 0444, &topology, CORE_MASK),
    MADE_FILE("core_cpus_list", 0444, &topology, CORE_LIST),
    MADE_FILE("core_siblings", 0444, &topology, PACKAGE_MASK),
    MADE_FILE("core_siblings_list", 0444, &topology, PACKAGE_LIST),
    MADE_FILE("package_cpus", 0444, &topology, PACKAGE_MASK),
    MADE_FILE("package_cpus_list", 0444, &topology, PACKAGE_LIST),
    MADE_FILE("die_cpus", 0444, &topology, PACKAGE_MASK),
    MADE_FILE("die_cpus_list", 0444, &topology, PACKAGE_LIST),
};
TABLE(topology_table, NULL, topology_rows);

/* ---- caches ---- */

enum cache_fact { LEVEL, TYPE, SIZE, LINE, WAYS, SETS, PARTITIONS, SHARED_MASK, SHARED_LIST, CACHE_ID };

static uint64_t sharing_set(uint32_t cpu, const struct cpu_cache *cache)
{
    uint32_t mine = percpu_of(cpu)->apic_id >> cache->sharing_shift;
    uint64_t set = 0;
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        uint32_t other = cpu_set_first((cpu_set){ left });
        if (percpu_of(other)->apic_id >> cache->sharing_shift == mine) set |= cpu_set_of(other).bits;
    }
    return set;
}

static void write_cache(struct text *text, uint64_t *cursor)
{
    static const char *const types[] = { "", "Data", "Instruction", "Unified" };
    const struct made_subject *s = &text->node->subject;
    struct cpu_cache c;
    if ((*cursor)++ || !cpu_cache_of(s->index, &c)) return;
    switch ((enum cache_fact)text->node->row->argument) {
    case LEVEL: text_add(text, "%u\n", c.level); break;
    case TYPE: text_add(text, "%s\n", types[c.type]); break;
    case SIZE: text_add(text, "%luK\n", c.bytes >> 10); break;
    case LINE: text_add(text, "%u\n", c.line_bytes); break;
    case WAYS: text_add(text, "%u\n", c.ways); break;
    case SETS: text_add(text, "%u\n", c.sets); break;
    case PARTITIONS: text_add(text, "%u\n", c.partitions); break;
    case SHARED_MASK: add_mask(text, sharing_set(s->number, &c)); break;
    case SHARED_LIST:
        text_add_set(text, sharing_set(s->number, &c));
        text_add(text, "\n");
        break;
    case CACHE_ID: text_add(text, "%u\n", percpu_of(s->number)->apic_id >> c.sharing_shift); break;
    }
}
static const struct text_source cache = { .write = write_cache };

static const struct made_row cache_rows[] = {
    MADE_FILE("level", 0444, &cache, LEVEL),
    MADE_FILE("type", 0444, &cache, TYPE),
    MADE_FILE("size", 0444, &cache, SIZE),
    MADE_FILE("coherency_line_size", 0444, &cache, LINE),
    MADE_FILE("ways_of_associativity", 0444, &cache, WAYS),
    MADE_FILE("number_of_sets", 0444, &cache, SETS),
    MADE_FILE("physical_line_partition", 0444, &cache, PARTITIONS),
    MADE_FILE("shared_cpu_map", 0444, &cache, SHARED_MASK),
    MADE_FILE("shared_cpu_list", 0444, &cache, SHARED_LIST),
    MADE_FILE("id", 0444, &cache, CACHE_ID),
};
TABLE(cache_table, NULL, cache_rows);

static bool find_cache(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    struct cpu_cache c;
    *child = (struct made_subject){ .number = parent->number, .index = number };
    return number < 16 && cpu_cache_of(number, &c);
}
static bool next_cache(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    struct made_subject child;
    *number = from;
    return find_cache(parent, from, &child);
}
static const struct made_series cache_series = {
    "index",
    find_cache,
    next_cache,
    { .mode = LINUX_S_IFDIR | 0555, .kind = MADE_TABLE, .table = &cache_table },
};
static const struct made_table caches_table = { .series = &cache_series };

/* ---- a CPU ---- */

static const struct made_row one_rows[] = {
    MADE_DIRECTORY("topology", 0555, &topology_table),
    MADE_DIRECTORY("cache", 0555, &caches_table),
    MADE_SYMLINK("node0", "../../node/node0"),
    MADE_SYMLINK("subsystem", "../../../../bus/cpu"),
};
TABLE(one_table, "sys/devices/system/cpu/cpuN", one_rows);

static bool find_cpu(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    *child = (struct made_subject){ .number = number };
    return number < CONFIG_CPUS_MAX && cpu_set_has(cpus_online_set(), number);
}
static bool next_cpu(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    uint64_t left = from < 64 ? cpus_online_set().bits >> from << from : 0;
    if (left) *number = cpu_set_first((cpu_set){ left });
    return left;
}
static const struct made_series cpu_series = {
    "cpu",
    find_cpu,
    next_cpu,
    { .mode = LINUX_S_IFDIR | 0555, .kind = MADE_TABLE, .table = &one_table },
};

static const struct made_row cpu_rows[] = {
    MADE_FILE("online", 0444, &online, 0),
    MADE_FILE("possible", 0444, &online, 0),
    MADE_FILE("present", 0444, &online, 0),
    MADE_FILE("kernel_max", 0444, &text_number, kernel_max),
    MADE_FILE("offline", 0444, &text_constant, "\n"),
    MADE_FILE("isolated", 0444, &text_constant, "\n"),
    MADE_FILE("nohz_full", 0444, &text_constant, "(null)\n"),
};
const struct made_table sysfs_cpu_table = {
    .path = "sys/devices/system/cpu", .rows = cpu_rows, .count = ARRAY_LENGTH(cpu_rows), .series = &cpu_series
};
