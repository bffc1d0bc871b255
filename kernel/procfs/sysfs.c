/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of /sys, but for those of CPUs, memory and limits. Directories without rows are for others to fill. */
#include "procfs/sysfs.h"

#include "config.h"
#include "fs/made.h"
#include "fs/text_file.h"

#define TEXT(name, mode, text) MADE_FILE(name, mode, &text_constant, text)
#define TABLE(name, path_, rows_) \
    static const struct made_table name = { .path = (path_), .rows = (rows_), .count = ARRAY_LENGTH(rows_) }
#define EMPTY_TABLE(name, path_) static const struct made_table name = { .path = (path_) }

/* ---- kernel ---- */

static const struct made_row huge_page_rows[] = {
    TEXT("enabled", 0444, "[always] madvise never\n"),
    TEXT("defrag", 0444, "[always] defer defer+madvise madvise never\n"),
    TEXT("hpage_pmd_size", 0444, "2097152\n"),
    TEXT("shmem_enabled", 0444, "always within_size advise [never] deny force\n"),
    TEXT("use_zero_page", 0444, "0\n"),
};
TABLE(huge_page_table, NULL, huge_page_rows);

/* Pages that are asked for are taken from free memory, and there is no pool. */
static const struct made_row huge_pool_rows[] = {
    TEXT("nr_hugepages", 0444, "0\n"),
    TEXT("nr_hugepages_mempolicy", 0444, "0\n"),
    TEXT("nr_overcommit_hugepages", 0444, "0\n"),
    TEXT("free_hugepages", 0444, "0\n"),
    TEXT("resv_hugepages", 0444, "0\n"),
    TEXT("surplus_hugepages", 0444, "0\n"),
};
TABLE(huge_pool_table, NULL, huge_pool_rows);
static const struct made_row huge_pools_rows[] = {
    MADE_DIRECTORY("hugepages-2048kB", 0555, &huge_pool_table),
    MADE_DIRECTORY("hugepages-1048576kB", 0555, &huge_pool_table),
};
TABLE(huge_pools_table, NULL, huge_pools_rows);
static const struct made_row mm_rows[] = {
    MADE_DIRECTORY("transparent_hugepage", 0555, &huge_page_table),
    MADE_DIRECTORY("hugepages", 0555, &huge_pools_table),
};
TABLE(mm_table, "sys/kernel/mm", mm_rows);
EMPTY_TABLE(security_table, "sys/kernel/security");
static const struct made_row kernel_rows[] = {
    MADE_DIRECTORY("mm", 0555, &mm_table),
    MADE_DIRECTORY("security", 0555, &security_table),
};
TABLE(kernel_table, "sys/kernel", kernel_rows);

/* ---- devices ---- */

static const struct made_row system_rows[] = {
    MADE_DIRECTORY("cpu", 0555, &sysfs_cpu_table),
    MADE_DIRECTORY("node", 0555, &sysfs_node_table),
};
TABLE(system_table, "sys/devices/system", system_rows);
EMPTY_TABLE(virtual_net_table, "sys/devices/virtual/net");
static const struct made_row virtual_rows[] = { MADE_DIRECTORY("net", 0555, &virtual_net_table) };
TABLE(virtual_table, "sys/devices/virtual", virtual_rows);
static const struct made_row devices_rows[] = {
    MADE_DIRECTORY("system", 0555, &system_table),
    MADE_DIRECTORY("virtual", 0555, &virtual_table),
};
TABLE(devices_table, "sys/devices", devices_rows);

EMPTY_TABLE(class_net_table, "sys/class/net");
EMPTY_TABLE(class_drm_table, "sys/class/drm");
static const struct made_row class_rows[] = {
    MADE_DIRECTORY("net", 0555, &class_net_table),
    MADE_DIRECTORY("drm", 0555, &class_drm_table),
};
TABLE(class_table, "sys/class", class_rows);

EMPTY_TABLE(pci_devices_table, "sys/bus/pci/devices");
static const struct made_row pci_rows[] = { MADE_DIRECTORY("devices", 0555, &pci_devices_table) };
TABLE(pci_table, "sys/bus/pci", pci_rows);
static const struct made_row cpu_links[] = { MADE_SYMLINK("devices", "../../devices/system/cpu") };
TABLE(bus_cpu_table, NULL, cpu_links);
static const struct made_row node_links[] = { MADE_SYMLINK("devices", "../../devices/system/node") };
TABLE(bus_node_table, NULL, node_links);
static const struct made_row bus_rows[] = {
    MADE_DIRECTORY("pci", 0555, &pci_table),
    MADE_DIRECTORY("cpu", 0555, &bus_cpu_table),
    MADE_DIRECTORY("node", 0555, &bus_node_table),
};
TABLE(bus_table, "sys/bus", bus_rows);

EMPTY_TABLE(block_table, "sys/block");
EMPTY_TABLE(dev_table, "sys/dev");
EMPTY_TABLE(firmware_table, "sys/firmware");
EMPTY_TABLE(module_table, "sys/module");

static const struct made_row fs_rows[] = { MADE_DIRECTORY("cgroup", 0555, &sysfs_cgroup_table) };
TABLE(fs_table, "sys/fs", fs_rows);

static const struct made_row root_rows[] = {
    MADE_DIRECTORY("block", 0555, &block_table),     MADE_DIRECTORY("bus", 0555, &bus_table),
    MADE_DIRECTORY("class", 0555, &class_table),     MADE_DIRECTORY("dev", 0555, &dev_table),
    MADE_DIRECTORY("devices", 0555, &devices_table), MADE_DIRECTORY("firmware", 0555, &firmware_table),
    MADE_DIRECTORY("fs", 0555, &fs_table),           MADE_DIRECTORY("kernel", 0555, &kernel_table),
    MADE_DIRECTORY("module", 0555, &module_table),
};
TABLE(root_table, "sys", root_rows);
static const struct made_row sys_root = MADE_DIRECTORY("", 0555, &root_table);

err_t sysfs_create(struct vnode **out, enum filesystem filesystem, int64_t time_ns)
{
    return made_create(&sys_root, filesystem, time_ns, out);
}
