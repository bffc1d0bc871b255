/* SPDX-License-Identifier: Apache-2.0 */
/* Files that stand for a process: readable once it has ended, and never for another one. As long as there is such a file
 * the number is not given to another. */
#pragma once
#include "process/process.h"

struct file;

/* ERR_NO_PROCESS; ERR_INVALID: the number of a thread that is not its process's first. ERR_NO_MEMORY. `flags` are status
 * flags. */
err_t pidfd_open(uint32_t pid, uint32_t flags, struct file **out) EXCLUDES(process_tree_lock);
/* Of a process that may not be among the others yet. ERR_NO_MEMORY. */
err_t pidfd_open_id(struct process_id *id, uint32_t flags, struct file **out) EXCLUDES(process_tree_lock);

/* Who it stands for, as long as the file is held; `process` may be gone. NULL: it is no such file. */
struct process_id *pidfd_id(const struct file *file);
static inline struct process *pidfd_process_locked(const struct process_id *id) REQUIRES(process_tree_lock)
{
    return id->process;
}

/* One of the process's descriptors, counted. ERR_NO_PROCESS; ERR_NOT_PERMITTED; ERR_BAD_FD: it is not open there. */
err_t pidfd_get_file(const struct process_id *id, uint32_t fd, struct file **out) EXCLUDES(process_tree_lock);

/* CLONE_PIDFD: a number of the running process's table for a file that stands for `id`, written to user memory; the
 * caller installs or cancels it. */
err_t pidfd_prepare(struct process_id *id, uint64_t address, uint32_t *fd, struct file **out);
void pidfd_cancel(uint32_t fd, struct file *file);
