/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, for container/, which makes it and waits for its end. */
#pragma once
#include "process/process.h"

/* Before the first process: what ring 3 raises, and what it finds to do on the way back to it. */
void process_init(void);

/* A process without a program, whose root directory is the container's and whose files are not open yet. ERR_NO_MEMORY. */
err_t process_create_init(const char *path, struct process **out);
/* Takes back one that was not started. */
void process_discard_init(struct process *process);
/* It adopts orphans from now on, and its end is told by process_init_ended. */
void process_start_init(struct process *process, struct user_thread *thread) EXCLUDES(process_tree_lock);

/* When init has ended: kills all other processes, waits until they are gone, and frees init. Threads only. */
void process_end_all(struct process *init) EXCLUDES(process_tree_lock);
