/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks: of ranges (fcntl) and of whole files (flock), between processes and open files.
 *
 * A lock belongs to an owner, of which only the address matters: the descriptor table for those of POSIX, the open
 * file for the others. Ranges of both kinds stand in each other's way; flock's are apart. All locks are in one small
 * table by vnode, under one lock, which is also what waiters sleep on; a file that never had one is told by a bit. */
#pragma once
#include "fs/vnode.h"

struct fd_table;
struct file;

enum file_lock_kind { LOCK_OF_PROCESS, LOCK_OF_FILE, LOCK_WHOLE };

struct file_lock {
    enum file_lock_kind kind;
    bool is_write;
    const void *owner;
    uint32_t pid;        /* what F_GETLK tells of it */
    uint64_t start, end; /* both inside; INT64_MAX: to the end, wherever that is */
};
#define FILE_LOCK_END ((uint64_t)INT64_MAX)

/* TRY_AGAIN when somebody has it and `waits` is false. With it: INTERRUPTED; DEADLOCK, when processes would wait for
 * each other in a circle. NO_MEMORY. What the owner had in the range is replaced. */
err_t file_lock_set(struct vnode *v, const struct file_lock *wanted, bool waits);
/* Gives up what the owner has in the range. NO_MEMORY, as the middle of a lock can be given up. */
err_t file_lock_clear(struct vnode *v, const struct file_lock *range);
/* The first lock that stands in the way. False: none. */
bool file_lock_find(struct vnode *v, const struct file_lock *wanted, struct file_lock *out);

/* The owner is gone, or has closed the file. */
void file_lock_forget(struct vnode *v, const void *owner);
static inline void file_lock_closed(struct vnode *v, const void *owner)
{
    if (unlikely(__atomic_load_n(&v->has_locks, __ATOMIC_RELAXED))) file_lock_forget(v, owner);
}

/* For /proc/locks: the lock at a place among all of them, and the file it is on. False: there are no more. Places move
 * when locks come and go. */
struct file_lock_place {
    uint64_t inode;
    uint32_t filesystem;
};
bool file_lock_at(uint64_t place, struct file_lock *lock, struct file_lock_place *where);
