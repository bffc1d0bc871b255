/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mounts, mountinfo and mountstats, and the kernel's command line. */
#include "abi/linux/fcntl.h"
#include "fs/fs_context.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"
#include "procfs/proc_text.h"

const char *proc_boot_words = "";

static void write_boot_line(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%s\n", proc_boot_words);
}

/* ---- mounts ---- */

/* Bytes that would end a field are told as three octal digits. [linux fs/seq_file.c mangle_path] */
static void add_escaped(struct text *text, const char *word, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        text_add(text, strchr(" \t\n\\", word[i]) ? "\\%03o" : "%c", (unsigned char)word[i]);
}

/* One mount, as the reader sees it. */
struct mount_line {
    const struct mount *mount;
    const char *point;
    size_t point_bytes;
    uint32_t parent; /* its number; 0: none */
};
typedef void (*line_writer)(struct text *text, const struct mount_line *line);

static void add_source(struct text *text, const struct mount *m)
{
    const char *source = m->source ? m->source : m->type->name;
    add_escaped(text, source, strlen(source));
}

static void add_flags(struct text *text, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {
        { LINUX_MS_NOSUID, ",nosuid" },         { LINUX_MS_NODEV, ",nodev" },
        { LINUX_MS_NOEXEC, ",noexec" },         { LINUX_MS_NOATIME, ",noatime" },
        { LINUX_MS_NODIRATIME, ",nodiratime" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (flags & words[i].flag) text_add(text, "%s", words[i].word);
    if (!(flags & (LINUX_MS_NOATIME | LINUX_MS_STRICTATIME))) text_add(text, ",relatime");
}

/* How it is written: of the tree, not of the place. */
static void add_writes(struct text *text, uint32_t flags)
{
    if (flags & LINUX_MS_SYNCHRONOUS) text_add(text, ",sync");
    if (flags & LINUX_MS_DIRSYNC) text_add(text, ",dirsync");
}

static void add_options(struct text *text, const struct mount *m)
{
    char options[MOUNT_OPTIONS_BYTES];
    mount_write_options(m, options);
    text_add(text, "%s", options);
}

static const char *access_of(const struct mount *m) { return m->flags & LINUX_MS_RDONLY ? "ro" : "rw"; }

static void write_mount(struct text *text, const struct mount_line *l)
{
    add_source(text, l->mount);
    text_add(text, " ");
    add_escaped(text, l->point, l->point_bytes);
    text_add(text, " %s %s", l->mount->type->name, access_of(l->mount));
    add_writes(text, l->mount->flags);
    add_flags(text, l->mount->flags);
    add_options(text, l->mount);
    text_add(text, " 0 0\n");
}

static void write_mountinfo_line(struct text *text, const struct mount_line *l)
{
    uint32_t id = VNODE_MINOR_BASE + l->mount->filesystem,
             parent = l->parent ? VNODE_MINOR_BASE + l->parent : 1;
    text_add(text, "%u %u 0:%u / ", id, parent, id);
    add_escaped(text, l->point, l->point_bytes);
    text_add(text, " %s", access_of(l->mount));
    add_flags(text, l->mount->flags);
    text_add(text, " - %s ", l->mount->type->name);
    add_source(text, l->mount);
    text_add(text, " %s", access_of(l->mount));
    add_writes(text, l->mount->flags);
    add_options(text, l->mount);
    text_add(text, "\n");
}

static void write_mountstats_line(struct text *text, const struct mount_line *l)
{
    text_add(text, "device ");
    add_source(text, l->mount);
    text_add(text, " mounted on ");
    add_escaped(text, l->point, l->point_bytes);
    text_add(text, " with fstype %s\n", l->mount->type->name);
}

/* Those that the reader can reach from his root. */
static void write_all(struct text *text, line_writer write)
{
    char *path = heap_alloc(LINUX_PATH_MAX);
    struct path_text point;
    if (!path) {
        text->error = ERR_NO_MEMORY;
        return;
    }
    fs_lock();
    for (struct mount *m = mount_next_locked(NULL); m; m = mount_next_locked(m)) {
        const struct dir_entry *entry = m->root->directory.entry;
        err_t e = path_write_locked(process_current()->fs->root, entry, path, LINUX_PATH_MAX, &point);
        if (failed(e) || !point.is_reachable) continue;
        write(text,
              &(struct mount_line){ m, path, point.length, entry ? (uint32_t)entry->parent->filesystem : 0 });
    }
    fs_unlock();
    heap_free(path);
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
