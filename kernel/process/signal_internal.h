/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about signals. */
#pragma once
#include "fs/readiness.h"
#include "process/process_internal.h"
#include "process/user_thread.h"

enum signal_default { SIGNAL_ENDS, SIGNAL_IGNORED, SIGNAL_STOPS };
static inline enum signal_default signal_default(uint32_t number)
{
    const uint64_t ignored = 1ull << (LINUX_SIGCHLD - 1) | 1ull << (LINUX_SIGCONT - 1) |
                             1ull << (LINUX_SIGURG - 1) | 1ull << (LINUX_SIGWINCH - 1);
    uint64_t bit = signal_bit(number);
    return bit & ignored ? SIGNAL_IGNORED : bit & SIGNALS_STOP ? SIGNAL_STOPS : SIGNAL_ENDS;
}

/* Signals that the thread would act upon now. Its own thread may ask without the lock: others only add to them, but
 * for what they ignore or SIGCONT takes back. */
static inline uint64_t signal_due(const struct user_thread *t)
{
    uint64_t pending = __atomic_load_n(&t->signals.pending.set, __ATOMIC_RELAXED) |
                       __atomic_load_n(&t->process->signals.pending.set, __ATOMIC_RELAXED);
    return pending & ~t->signals.blocked;
}

/* Told of every signal that waits anywhere: what a signalfd has depends on who looks at it. Under signal_lock. */
extern struct readiness signal_readiness;

/* The oldest of these that waits, the thread's before the process's. False: none does. */
bool signal_take_locked(struct user_thread *thread, uint64_t set, struct linux_siginfo_head *out);

/* ---- signal_stop.c ---- */

/* The threads of the process are to stop, and go on again. */
void signal_stop_locked(struct process *process, uint32_t number);
void signal_continue_locked(struct process *process);
/* In signal_act, with signal_lock: until the process goes on or ends. */
void signal_stay_stopped_locked(struct user_thread *thread) NO_THREAD_SAFETY_ANALYSIS;
void signal_tell_continued_locked(struct process *process) NO_THREAD_SAFETY_ANALYSIS;
/* SIGTSTP and the like do nothing where nobody could send SIGCONT. Takes process_tree_lock. */
bool signal_group_is_orphaned(const struct process *process);

/* ---- signal_actions.c. A whole action, not torn by another process that has it too ---- */
struct linux_sigaction signal_action_get_locked(struct process *process, uint32_t number)
    REQUIRES(process->signal_lock);
void signal_action_put_locked(struct process *process, uint32_t number, const struct linux_sigaction *action)
    REQUIRES(process->signal_lock);
/* What is caught has its default action from now on; of actions that no other process has. */
void signal_actions_clear(struct signal_actions *actions);
