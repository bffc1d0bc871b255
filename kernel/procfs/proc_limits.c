/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/limits and fdinfo. */
#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "lib/format.h"
#include "procfs/proc_text.h"

/* By their numbers. [linux fs/proc/base.c lnames] */
static const struct {
    const char *name, *unit;
} limits[LINUX_RLIMIT_COUNT] = {
    { "Max cpu time", "seconds" },    { "Max file size", "bytes" },      { "Max data size", "bytes" },
    { "Max stack size", "bytes" },    { "Max core file size", "bytes" }, { "Max resident set", "bytes" },
    { "Max processes", "processes" }, { "Max open files", "files" },     { "Max locked memory", "bytes" },
    { "Max address space", "bytes" }, { "Max file locks", "locks" },     { "Max pending signals", "signals" },
    { "Max msgqueue size", "bytes" }, { "Max nice priority", "" },       { "Max realtime priority", "" },
    { "Max realtime timeout", "us" },
};

static void add_limit(struct text *text, uint64_t value)
{
    if (value == LINUX_RLIM_INFINITY)
        text_add(text, "%-20s ", "unlimited");
    else
        text_add(text, "%-20lu ", value);
}

static void write_limits(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    text_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        text_add(text, "%-25s ", limits[i].name);
        add_limit(text, p.limits[i].soft);
        add_limit(text, p.limits[i].hard);
        text_add(text, limits[i].unit[0] ? "%-10s\n" : "\n", limits[i].unit);
    }
    proc_process_put(&p);
}

static bool is_close_on_exec(const struct made_subject *fd)
{
    struct proc_process p;
    struct made_subject process = { .birth = fd->birth, .number = fd->number };
    bool is = false;
    if (failed(proc_process_get(&process, &p))) return false;
    err_t e = p.files ? fd_get_cloexec(p.files, fd->index, &is) : ERR_BAD_FD;
    proc_process_put(&p);
    return !failed(e) && is;
}

static void write_fdinfo(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    const struct made_subject *subject = &text->node->subject;
    struct file *file = proc_file_get(subject);
    text->error = file ? OK : ERR_NOT_FOUND;
    if (!file) return;
    uint32_t flags = file->flags | (is_close_on_exec(subject) ? (uint32_t)LINUX_O_CLOEXEC : 0);
    text_add(text, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", file->position, flags,
             file->vnode->filesystem, file->vnode->inode);
    if (file->ops->describe) file->ops->describe(file, text);
    file_put(file);
}

/* What shows addresses of the kernel, or how its stacks are, is for nobody. */
static err_t open_hidden(const struct made_node *node, uint32_t flags)
{
    (void)node, (void)flags;
    return ERR_NOT_PERMITTED;
}
static void write_nothing(struct text *text, uint64_t *cursor) { (void)text, (void)cursor; }

const struct text_source proc_limits = { .write = write_limits };
const struct text_source proc_fdinfo = { .write = write_fdinfo };
const struct text_source proc_hidden = { .write = write_nothing, .open = open_hidden };
