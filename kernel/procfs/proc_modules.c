/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/modules and /proc/devices: what the layers above this one add to them. */
#include "procfs/proc_text.h"
#include "procfs/procfs.h"

static struct proc_line *modules, *devices;

static void add(struct proc_line **list, struct proc_line *line)
{
    while (*list) list = &(*list)->next;
    line->next = NULL;
    *list = line;
}

void procfs_add_module(struct proc_line *line) { add(&modules, line); }
void procfs_add_device(struct proc_line *line) { add(&devices, line); }

static void write_lines(struct text *text, const struct proc_line *line)
{
    for (; line; line = line->next) text_add(text, "%s", line->text);
}

static void write_modules(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) write_lines(text, modules);
}

static void write_devices(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add(text, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n");
    write_lines(text, devices);
    text_add(text, "\nBlock devices:\n");
}

const struct text_source proc_modules = { .write = write_modules };
const struct text_source proc_devices = { .write = write_devices };
