/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups and sessions, as setpgid(2) and setsid(2) change them. 0 stands for the running process. */
#pragma once
#include "process/process.h"

/* ERR_NO_PROCESS: not the caller or its child. ERR_ACCESS: the child runs a program of its own.
 * ERR_NOT_PERMITTED: a leader of a session, or not of this session, or no such group there. */
err_t process_set_group(uint32_t pid, uint32_t group);
/* The running process leads a new session and a new group. ERR_NOT_PERMITTED: it leads a group. */
err_t process_set_session(uint32_t *session);

/* Nobody outside the group, but of its session, has a member for a child: so nobody would let it go on. */
bool process_group_is_orphaned_locked(const struct process_id *group) REQUIRES(process_tree_lock);

/* `parent`, until now the parent of `process`, has ended, or `process` ends, which is `without` then. If the group of
 * `process` has nobody left outside it who would let it go on, and some of it is stopped, it gets SIGHUP and SIGCONT.
 * [posix _exit] */
void process_group_check_locked(struct process *process, const struct process *parent,
                                const struct process *without) REQUIRES(process_tree_lock);
