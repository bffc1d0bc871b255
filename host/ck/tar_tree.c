/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/tar_tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/ck/report.h"
#include "host/ck/tar.h"

static const uint32_t types[] = {
    [TAR_FILE] = S_IFREG,         [TAR_HARD_LINK] = S_IFREG,
    [TAR_SYMLINK] = S_IFLNK,      [TAR_CHARACTER_DEVICE] = S_IFCHR,
    [TAR_BLOCK_DEVICE] = S_IFBLK, [TAR_DIRECTORY] = S_IFDIR,
    [TAR_FIFO] = S_IFIFO,
};

const char *tar_put_entry(struct tree *tree, const struct tar_entry *entry)
{
    if (entry->kind == TAR_HARD_LINK) return tree_link(tree, entry->path, entry->link);
    struct tree_inode inode = { .mode = types[entry->kind] | entry->mode,
                                .uid = entry->uid,
                                .gid = entry->gid,
                                .mtime_s = entry->mtime_s,
                                .device_major = entry->device_major,
                                .device_minor = entry->device_minor,
                                .bytes = entry->bytes,
                                .data = entry->data };
    if (entry->kind == TAR_SYMLINK) inode.target = must_copy_string(entry->link);
    return tree_put(tree, entry->path, &inode);
}

bool tar_fill_tree(struct tree *tree, const char *name, const void *bytes, uint64_t count)
{
    /* Two paths of 4 KiB: too much for a frame of the stack. */
    struct tar_reader *reader = must_calloc(sizeof *reader);
    struct tar_entry entry;
    enum tar_step step;
    const char *why = NULL;
    tar_init(reader, bytes, count);
    while (!why && (step = tar_next(reader, &entry)) == TAR_ENTRY) {
        if (entry.kind == TAR_FIFO) {
            report("%s: %s left out, it is a FIFO", name, entry.path);
            continue;
        }
        why = tar_put_entry(tree, &entry);
        if (why) report("%s: %s: %s", name, entry.path, why);
    }
    if (!why && step == TAR_BROKEN) {
        why = reader->why;
        report("%s: broken at byte %llu: %s", name, (unsigned long long)reader->header_at, why);
    }
    free(reader);
    return !why;
}
