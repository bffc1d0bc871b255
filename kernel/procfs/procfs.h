/* SPDX-License-Identifier: Apache-2.0 */
/* /proc and /sys. What is in them is told by tables (fs/made.h), which others add to by path: "proc", "proc/net",
 * "proc/sys/net/core", "sys/class/net", "sys/bus/pci/devices" and so on; docs/proc.md has all. */
#pragma once
#include "lib/base.h"

struct file;
struct process_id;

/* Before rootfs_init. The command line stays where it is. */
void procfs_init(const char *boot_words);

/* Lines that /proc/modules and /proc/devices have besides, among character devices there, in the order of the calls. They
 * live for ever. Boot only. */
struct proc_line {
    const char *text;       /* with the line's end */
    struct proc_line *next; /* ours */
};
void procfs_add_module(struct proc_line *line);
void procfs_add_device(struct proc_line *line);

/* Whose directory of /proc is open there, counted. BAD_FD: it is something else; NO_PROCESS: the process is gone. */
err_t procfs_process(const struct file *file, struct process_id **out);
