/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials of threads: how they change (the rules are in identity_rules.h), and who may signal whom.
 *
 * A process has a reference to those of its first thread, which stand for it when others ask; under
 * process_tree_lock, as thread.credentials when it is another thread's. */
#pragma once
#include "process/identity_rules.h"
#include "process/process.h"

/* A copy of the running thread's, for identity_commit or credentials_put. NULL when memory is out. */
static inline struct credentials *identity_copy(void) { return credentials_copy(credentials_current()); }
/* They are the running thread's from now on; the caller's reference is taken over. */
void identity_commit(const struct credentials *c);

/* The credentials of a program for execve to commit; *is_secure is AT_SECURE. NULL when memory is out. */
const struct credentials *identity_for_program(const struct identity_program *program, bool *is_secure);

/* What access(2) asks for: as if the real numbers were those that files see, for the running thread and the
 * current call. *before stays NULL when they are, and there is nothing to end. Others may count the credentials of a
 * thread at any time, so these are from the heap as all are. NO_MEMORY. */
err_t identity_begin_as_real(const struct credentials **before);
void identity_end_as_real(const struct credentials *before);

/* Whether the running thread may send `signal` to somebody of another process with these credentials. */
bool identity_may_signal_locked(const struct credentials *target, const struct process *of, uint32_t signal)
    REQUIRES(process_tree_lock);
/* Whether the running thread may look into the process, as a debugger would: it is the one user whose process that is
 * and can do what it can, or it may trace anybody. [linux ptrace(2), PTRACE_MODE_ATTACH_REALCREDS] */
bool identity_may_look_locked(const struct process *p) REQUIRES(process_tree_lock);
