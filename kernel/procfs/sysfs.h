/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "fs/vnode.h"

/* A new tree for /sys, not attached yet. NO_MEMORY. */
err_t sysfs_create(struct vnode **out, enum filesystem filesystem, int64_t time_ns);

/* devices/system/cpu and node: sysfs_cpu.c, sysfs_node.c; fs/cgroup: sysfs_cgroup.c. */
extern const struct made_table sysfs_cpu_table, sysfs_node_table, sysfs_cgroup_table;
