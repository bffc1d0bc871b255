/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/locks. [linux fs/locks.c, lock_get_status] */
#include "fs/file_lock.h"
#include "procfs/proc_text.h"

static void write_lock(struct text *text, uint64_t *cursor)
{
    static const char *const kinds[] = { "POSIX ", "OFDLCK", "FLOCK " };
    struct file_lock lock;
    struct file_lock_place where;
    if (!file_lock_at(*cursor, &lock, &where)) return;
    text_add(text, "%lu: %s ADVISORY  %s %d 00:%02x:%lu %lu ", ++*cursor, kinds[lock.kind],
             lock.is_write ? "WRITE" : "READ", (int32_t)lock.pid, VNODE_MINOR_BASE + where.filesystem,
             where.inode, lock.start);
    if (lock.end == FILE_LOCK_END)
        text_add(text, "EOF\n");
    else
        text_add(text, "%lu\n", lock.end);
}

const struct text_source proc_locks = { .write = write_lock };
