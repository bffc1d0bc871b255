/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of process/. */
#pragma once
#include "process/init.h"

/* A process without threads, space or files that nobody else knows of yet; `path` is its program's. ERR_NO_MEMORY. */
err_t process_alloc(const char *path, struct process **out);
/* Enters it among the children of its maker, the running process, or of its maker's parent, and in its maker's group.
 * Init has no maker, and founds a group and a session. Its first thread joins it in the same step, so that no signal
 * for the group misses it. ERR_INTERRUPTED: one that did not see it is still to be acted upon, so it shall not be. */
err_t process_publish(struct process *process, struct process *maker, bool is_sibling,
                      struct user_thread *first) EXCLUDES(process_tree_lock);
/* What process_publish did not see, or after process_forget_locked. */
void process_free(struct process *process) EXCLUDES(process_tree_lock);

void process_set_parent_locked(struct process *process, struct process *parent) REQUIRES(process_tree_lock);

/* All threads of the process are to end, with this status, if they are not ending already. Any context. */
void process_order_end(struct process *process, uint32_t wait_status);
/* Its last thread is about to end: space and files go, children are given away, the parent is told. The process
 * may be gone on return. */
void process_become_zombie(struct process *process);
/* Out of the tree: a zombie that was waited for, or will never be. The caller frees it after unlocking. */
void process_forget_locked(struct process *process) REQUIRES(process_tree_lock);
/* Tells the parent of a change: SIGCHLD, or what else it asked for, and sleepers in wait(2). */
void process_tell_parent_locked(struct process *process, uint32_t number) REQUIRES(process_tree_lock);

/* Who adopts from now on; NULL: nobody. */
void process_set_init(struct process *process) EXCLUDES(process_tree_lock);
/* Init has ended, so that nobody may live on. */
bool process_tree_has_ended_locked(void) REQUIRES(process_tree_lock);
/* One process at most is left. */
void process_others_ended(void);

/* trap_user_work of arch/trap.h. */
void process_user_work(struct trap_frame *frame);
/* The running thread may sleep again: it was interrupted, and has looked why itself, with signal_lock. */
void process_forget_interrupt(void);
