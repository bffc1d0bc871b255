/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/devices/system/node: one node with all memory and all CPUs. */
#include "core/cpus.h"
#include "fs/text_file.h"
#include "mm/charge.h"
#include "procfs/sysfs.h"

#define TEXT(name, text) MADE_FILE(name, 0444, &text_constant, text)

static void write_list(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add_set(text, cpus_online_set().bits);
    text_add(text, "\n");
}

static void write_map(struct text *text, uint64_t *cursor)
{
    uint64_t set = cpus_online_set().bits;
    if ((*cursor)++) return;
    if (set >> 32) text_add(text, "%08x,", (uint32_t)(set >> 32));
    text_add(text, "%08x\n", (uint32_t)set);
}

static void write_meminfo(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct charge_stats s = charge_read();
    const struct {
        const char *name;
        uint64_t frames;
    } lines[] = {
        { "MemTotal:", s.machine },
        { "MemFree:", s.free },
        { "MemUsed:", s.machine - s.free },
        { "SwapCached:", 0 },
        { "Active:", s.kinds[CHARGE_ANONYMOUS] + s.kinds[CHARGE_FILE] },
        { "Inactive:", 0 },
        { "Dirty:", 0 },
        { "Writeback:", 0 },
        { "FilePages:", s.kinds[CHARGE_FILE] },
        { "AnonPages:", s.kinds[CHARGE_ANONYMOUS] },
        { "Shmem:", s.kinds[CHARGE_FILE] },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        text_add(text, "Node 0 %-15s %8lu kB\n", lines[i].name, lines[i].frames << (PAGE_SHIFT - 10));
    text_add(text,
             "Node 0 HugePages_Total:     0\nNode 0 HugePages_Free:      0\nNode 0 HugePages_Surp:      0\n");
}

static const struct text_source list = { .write = write_list }, map = { .write = write_map },
                                meminfo = { .write = write_meminfo };

static const struct made_row pool_rows[] = { TEXT("nr_hugepages", "0\n"), TEXT("free_hugepages", "0\n"),
                                             TEXT("surplus_hugepages", "0\n") };
static const struct made_table pool_table = { .rows = pool_rows, .count = ARRAY_LENGTH(pool_rows) };
static const struct made_row pools_rows[] = {
    MADE_DIRECTORY("hugepages-2048kB", 0555, &pool_table),
    MADE_DIRECTORY("hugepages-1048576kB", 0555, &pool_table),
};
static const struct made_table pools_table = { .rows = pools_rows, .count = ARRAY_LENGTH(pools_rows) };

static const struct made_row one_rows[] = {
    MADE_FILE("cpulist", 0444, &list, 0),
    MADE_FILE("cpumap", 0444, &map, 0),
    MADE_FILE("meminfo", 0444, &meminfo, 0),
    TEXT("distance", "10\n"),
    TEXT("numastat",
         "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\nlocal_node 0\nother_node 0\n"),
    MADE_DIRECTORY("hugepages", 0555, &pools_table),
};
static const struct made_table one_table = { .path = "sys/devices/system/node/node0",
                                             .rows = one_rows,
                                             .count = ARRAY_LENGTH(one_rows) };

static const struct made_row node_rows[] = {
    TEXT("online", "0\n"),
    TEXT("possible", "0\n"),
    TEXT("has_cpu", "0\n"),
    TEXT("has_memory", "0\n"),
    TEXT("has_normal_memory", "0\n"),
    TEXT("has_generic_initiator", "\n"),
    MADE_DIRECTORY("node0", 0555, &one_table),
};
const struct made_table sysfs_node_table = { .path = "sys/devices/system/node",
                                             .rows = node_rows,
                                             .count = ARRAY_LENGTH(node_rows) };
