/* SPDX-License-Identifier: Apache-2.0 */
/* New threads and processes. */
#pragma once
#include "arch/trap.h"
#include "lib/base.h"

struct user_thread;

struct clone_request {
    uint64_t flags;      /* LINUX_CLONE_* of abi/linux/sched.h */
    uint32_t end_signal; /* what the parent of a process gets at its end; 0: nothing */
    uint64_t stack;      /* the new RSP; 0: the same */
    uint64_t tls;        /* with SETTLS: FS.base */
    uint64_t pidfd;      /* with PIDFD: where the number of a file that stands for the child is written */
    uint64_t parent_tid; /* with PARENT_SETTID: where the new number is written for the caller, */
    uint64_t child_tid;  /* with CHILD_SETTID in the child; with CHILD_CLEARTID, where 0 is at its end */
};

/* The child begins with the registers in `frame`, but for RAX, which is 0, and RSP. `*number` is the child's.
 * With VFORK it returns when the child has left the space. ERR_INVALID, ERR_NOT_PERMITTED: such flags are not
 * supported together, or at all. ERR_INTERRUPTED: a signal is to be acted upon first. ERR_NO_MEMORY, ERR_TRY_AGAIN: too many threads; then there is no child. Threads only. */
err_t clone_run(const struct clone_request *request, const struct trap_frame *frame, uint32_t *number);

/* The thread no longer runs in the space of the parent that waits for that. */
void vfork_end(struct user_thread *thread);
