/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: who gets them, and what they do. */
#pragma once
#include "abi/linux/signal.h"
#include "process/process_id.h"

struct process;
struct trap_frame;
struct user_thread;

/* Under the process's signal_lock. Bit n - 1 stands for signal n. */
struct thread_signals {
    uint64_t blocked;
    uint64_t pending; /* sent to this thread and not acted upon */
    struct linux_stack stack;
};

struct process_signals {
    uint64_t pending;                           /* sent to the process */
    struct linux_sigaction actions[LINUX_NSIG]; /* of signal n at n - 1 */
};

/* Signal `number` for the process, or for one of its threads. Any context.
 * ERR_NO_SYSCALL: a handler is installed, and running it is not supported yet. */
err_t signal_send(struct process *process, uint32_t number);
err_t signal_send_thread(struct user_thread *thread, uint32_t number);

/* Signal `number` for a parent, about its child. ERR_NO_SYSCALL is not told. */
void signal_send_child_locked(struct process *parent, const struct process *child, uint32_t number)
    REQUIRES(process_tree_lock);
/* The process does not want to wait for children: it ignores SIGCHLD, or has said SA_NOCLDWAIT. */
bool signal_forgets_children(struct process *process);

/* What is blocked for the running thread from now on; what is pending and not among it acts. */
void signal_set_blocked(uint64_t blocked);
void signal_set_action(struct process *process, uint32_t number, const struct linux_sigaction *action);

/* What a new thread has from the running one, which makes it; an alternate stack is not for two threads of a space. */
void signal_inherit(struct user_thread *thread, bool shares_space);
/* The actions of a new process; `clears`: what is caught has its default action there. */
void signal_copy_actions(struct process *to, struct process *from, bool clears);
/* For execve: what was caught has its default action again, and the alternate stack is gone. */
void signal_reset_for_exec(void);

/* Acts on the signals of the running thread, on the way to ring 3; may not return. */
void signal_act(struct trap_frame *frame);
