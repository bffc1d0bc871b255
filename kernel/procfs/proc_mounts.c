/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mounts, mountinfo and mountstats, and the kernel's command line. */
#include "fs/rootfs.h"
#include "procfs/proc_text.h"

const char *proc_boot_words = "";

static void write_boot_line(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%s\n", proc_boot_words);
}

struct mount_line {
    const char *name, *type; /* "" is the root */
    uint32_t filesystem;
};
typedef void (*line_writer)(struct text *text, const struct mount_line *mount);

static void write_mount(struct text *text, const struct mount_line *m)
{
    text_add(text, "%s /%s %s rw,relatime 0 0\n", m->type, m->name, m->type);
}

static void write_mountinfo_line(struct text *text, const struct mount_line *m)
{
    uint32_t id = VNODE_MINOR_BASE + m->filesystem,
             parent = m->name[0] ? VNODE_MINOR_BASE + FILESYSTEM_ROOT : 1;
    text_add(text, "%u %u 0:%u / /%s rw,relatime - %s %s rw\n", id, parent, id, m->name, m->type, m->type);
}

static void write_mountstats_line(struct text *text, const struct mount_line *m)
{
    text_add(text, "device %s mounted on /%s with fstype %s\n", m->type, m->name, m->type);
}

static void write_all(struct text *text, line_writer write)
{
    write(text, &(struct mount_line){ "", "tmpfs", FILESYSTEM_ROOT });
    write(text, &(struct mount_line){ "dev", "devtmpfs", FILESYSTEM_DEV });
    for (const struct rootfs_tree *t = rootfs_trees(); t; t = t->next)
        write(text, &(struct mount_line){ t->name, t->type, t->filesystem });
}

static void write_mounts(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) write_all(text, write_mount);
}
static void write_mountinfo(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) write_all(text, write_mountinfo_line);
}
static void write_mountstats(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) write_all(text, write_mountstats_line);
}

const struct text_source proc_boot_line = { .write = write_boot_line };
const struct text_source proc_mounts = { .write = write_mounts };
const struct text_source proc_mountinfo = { .write = write_mountinfo };
const struct text_source proc_mountstats = { .write = write_mountstats };
