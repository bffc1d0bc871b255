/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of the topology, and its place in /sys. */
#include "fs/made.h"
#include "fs/text_file.h"
#include "gpu/amd/kfd.h"
#include "gpu/amd/topology.h"

#define TABLE(name, rows_) \
    static const struct made_table name = { .rows = (rows_), .count = ARRAY_LENGTH(rows_) }
#define SERIES_TABLE(name, series_) static const struct made_table name = { .series = &(series_) }
#define TEXT(name, text)            MADE_FILE(name, 0444, &text_constant, text)

/* ---- within a node ---- */

static const struct text_source memory_text = { .write = topology_write_memory };
static const struct made_row memory_rows[] = { MADE_FILE("properties", 0444, &memory_text, 0) };
TABLE(memory_table, memory_rows);
static const struct made_row memories_rows[] = { MADE_DIRECTORY("0", 0555, &memory_table) };
TABLE(memories_table, memories_rows);

static bool find_cache(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    *child = (struct made_subject){ .number = parent->number, .index = number };
    return topology_has_cache(parent->number, number);
}
static bool next_cache(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    *number = from;
    return topology_has_cache(parent->number, from);
}
static const struct text_source cache_text = { .write = topology_write_cache };
static const struct made_row cache_rows[] = { MADE_FILE("properties", 0444, &cache_text, 0) };
TABLE(cache_table, cache_rows);
static const struct made_series caches = { "", find_cache, next_cache,
                                           MADE_DIRECTORY("", 0555, &cache_table) };
SERIES_TABLE(caches_table, caches);

static bool find_link(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    *child = (struct made_subject){ .number = parent->number, .index = number };
    return topology_has_link(parent->number, number);
}
static bool next_link(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    *number = from;
    return topology_has_link(parent->number, from);
}
static const struct text_source link_text = { .write = topology_write_link };
static const struct made_row link_rows[] = { MADE_FILE("properties", 0444, &link_text, 0) };
TABLE(link_table, link_rows);
static const struct made_series links = { "", find_link, next_link, MADE_DIRECTORY("", 0555, &link_table) };
SERIES_TABLE(links_table, links);
static const struct made_table no_links_table = { .count = 0 };

/* ---- nodes ---- */

static bool find_node(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    *child = (struct made_subject){ .number = number };
    return number <= kfd_gpu_count();
}
static bool next_node(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    *number = from;
    return from <= kfd_gpu_count();
}

static const struct text_source node_text = { .write = topology_write_node },
                                id_text = { .write = topology_write_gpu_id },
                                name_text = { .write = topology_write_name };
static const struct made_row node_rows[] = {
    MADE_FILE("gpu_id", 0444, &id_text, 0),
    MADE_FILE("name", 0444, &name_text, 0),
    MADE_FILE("properties", 0444, &node_text, 0),
    MADE_DIRECTORY("mem_banks", 0555, &memories_table),
    MADE_DIRECTORY("caches", 0555, &caches_table),
    MADE_DIRECTORY("io_links", 0555, &links_table),
    MADE_DIRECTORY("p2p_links", 0555, &no_links_table),
};
TABLE(node_table, node_rows);
static const struct made_series nodes = { "", find_node, next_node, MADE_DIRECTORY("", 0555, &node_table) };
SERIES_TABLE(nodes_table, nodes);

static const struct made_row topology_rows[] = {
    TEXT("generation_id", "1\n"), /* nothing is ever plugged in */
    TEXT("system_properties", "platform_oem 0\nplatform_id 0\nplatform_rev 0\n"),
    MADE_DIRECTORY("nodes", 0555, &nodes_table),
};
TABLE(topology_table, topology_rows);

/* ---- the place ---- */

static const struct made_row kfd_rows[] = {
    TEXT("dev", "235:0\n"),
    TEXT("uevent", "MAJOR=235\nMINOR=0\nDEVNAME=kfd\n"),
    MADE_SYMLINK("subsystem", "../../../../class/kfd"),
    MADE_DIRECTORY("topology", 0555, &topology_table),
};
_Static_assert(KFD_CHAR_MAJOR == 235, "the texts above");
TABLE(kfd_table, kfd_rows);
static const struct made_row virtual_rows[] = { MADE_DIRECTORY("kfd", 0555, &kfd_table) };
TABLE(virtual_table, virtual_rows);
static const struct made_row device_rows[] = { MADE_DIRECTORY("kfd", 0555, &virtual_table) };
static struct made_addition in_virtual = { "sys/devices/virtual", device_rows, ARRAY_LENGTH(device_rows),
                                           NULL };

static const struct made_row class_kfd_rows[] = { MADE_SYMLINK("kfd", "../../devices/virtual/kfd/kfd") };
TABLE(class_kfd_table, class_kfd_rows);
static const struct made_row class_rows[] = { MADE_DIRECTORY("kfd", 0555, &class_kfd_table) };
static struct made_addition in_class = { "sys/class", class_rows, ARRAY_LENGTH(class_rows), NULL };

void topology_init(void)
{
    made_add(&in_virtual);
    made_add(&in_class);
}
