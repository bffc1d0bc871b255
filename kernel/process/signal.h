/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: who gets them, and what they do.
 *
 * A signal that is sent waits in the set of its thread or of its process. A thread that does not block it is told by
 * thread_interrupt(): it leaves its sleep and the kernel, and on the way to ring 3 signal_act() does what the signal
 * asks for. What that means for the system call which the thread was in is told in process/signal_restart.h. */
#pragma once
#include "fs/credentials.h"
#include "process/process_id.h"
#include "process/signal_queue.h"

struct process;
struct trap_frame;
struct user_thread;

/* Under the process's signal_lock but for what only its own thread looks at or changes. */
struct thread_signals {
    struct signal_pending pending; /* sent to this thread and not acted upon */
    uint64_t blocked;              /* changed by its own thread, without the lock */
    uint64_t waits_for;            /* blocked, if the thread did not sleep in rt_sigtimedwait for them */
    bool is_stopped;               /* sleeps in signal_act until the process goes on */
    /* ---- its own thread's ---- */
    bool restores_mask; /* `blocked` is to be `mask_before` again, after the call or the handler */
    uint64_t mask_before;
    struct linux_stack stack;
    struct { /* of the last exception, for handlers */
        uint64_t trap, error, address;
    } fault;
    struct { /* of a call with a time limit that begins again: process/signal_restart.h */
        bool is_kept, is_again;
        bool is_final; /* the call does not begin again, whatever its kind */
        uint32_t number;
        uint64_t deadline_ns;
    } restart;
};

/* What processes want to be done; CLONE_SIGHAND has several share it. Each looks at it under its own signal_lock, and
 * where they are several, under `lock`, too. One that is alone gets company only under its signal_lock. */
struct signal_actions {
    uint32_t references; /* atomic: processes */
    struct spinlock lock;
    bool is_set;                           /* one of them was ever set; the others are zeros */
    struct linux_sigaction of[LINUX_NSIG]; /* of signal n at n - 1 */
};

struct process_signals {
    struct signal_pending pending;  /* sent to the process */
    uint32_t stop_signal;           /* its threads are to stop until SIGCONT, for this reason; 0: none */
    bool is_stop_told;              /* all have stopped, and the parent knows */
    bool must_tell_continued;       /* by the first thread that runs */
    struct signal_actions *actions; /* counted */
};

/* ---- sending. Any context. What is ignored, or comes too late, is lost without an error ---- */

/* To the process, or to one of its threads. ERR_TRY_AGAIN: signal_queue_add. The number is a valid one. */
err_t signal_send(struct process *process, const struct linux_siginfo_head *info);
err_t signal_send_thread(struct user_thread *thread, const struct linux_siginfo_head *info);
/* An item that does not wait (process/signal_queue.h), to `thread`, or to the process when that is NULL; with
 * signal_lock. False: nobody wants it, and it does not wait. */
bool signal_send_item_locked(struct process *process, struct user_thread *thread, struct signal_item *item);
/* One that waits does not any more, and is not told so. */
void signal_take_back_locked(struct process *process, struct user_thread *thread, struct signal_item *item);
/* From the kernel. */
void signal_send_number(struct process *process, uint32_t number);
static inline struct linux_siginfo_head signal_info_of_kernel(uint32_t number)
{
    return (struct linux_siginfo_head){ .number = (int32_t)number, .code = LINUX_SI_KERNEL };
}
/* As the running thread would by kill(2). */
static inline struct linux_siginfo_head signal_info_of_sender(uint32_t pid, uint32_t number, int32_t code)
{
    return (struct linux_siginfo_head){ .number = (int32_t)number,
                                        .code = code,
                                        .sender.pid = pid,
                                        .sender.uid = credentials_current()->uid.real };
}

/* Signal `number` for a parent, about its child: SIGCHLD tells of its end, or of its news (process.h), if the parent
 * wants to know. */
void signal_send_child_locked(struct process *parent, const struct process *child, uint32_t number)
    REQUIRES(process_tree_lock);
/* The process does not want to wait for children: it ignores SIGCHLD, or has said SA_NOCLDWAIT. */
bool signal_forgets_children(struct process *process);

/* For the running thread, by what it does now. False: nothing catches it, so the process has to end. */
bool signal_force(const struct linux_siginfo_head *info);

/* ---- what a process wants. The running thread's ---- */

/* What waits and is blocked. */
uint64_t signal_pending_set(void);
/* What is blocked from now on; what is pending and not among it acts before ring 3 goes on. */
void signal_set_blocked(uint64_t blocked);
/* Until the call is over, or the handler that interrupts it; the call ends with signal_mask_end(). A result of 0,
 * nothing to tell, becomes ERR_INTERRUPTED where a signal is let through. */
void signal_mask_begin(uint64_t blocked);
int64_t signal_mask_end(int64_t result);
void signal_set_action(uint32_t number, const struct linux_sigaction *action);
struct linux_sigaction signal_get_action(uint32_t number);
/* sigaltstack(2). `rsp` is ring 3's. ERR_NOT_PERMITTED, the thread is on its stack now; ERR_INVALID;
 * ERR_NO_MEMORY, too small. */
err_t signal_set_stack(const struct linux_stack *stack, uint64_t rsp);
struct linux_stack signal_get_stack(uint64_t rsp);

/* Takes a signal of the set that waits; false: none does. */
bool signal_take(uint64_t set, struct linux_siginfo_head *out);
/* The same, but waits for it. ERR_TRY_AGAIN, none came in time; ERR_INTERRUPTED, by another. */
err_t signal_wait(uint64_t set, uint64_t deadline_ns, struct linux_siginfo_head *out);
/* Sleeps until a signal interrupts: ERR_INTERRUPTED. */
err_t signal_pause(void);

/* ---- the lives of threads and processes ---- */

/* What a new thread has from the running one, which makes it; an alternate stack is not for two threads of a space. */
void signal_inherit(struct user_thread *thread, bool shares_space);
/* All by default. NULL: no memory. */
struct signal_actions *signal_actions_create(void);
void signal_actions_put(struct signal_actions *actions); /* NULL is fine */
/* The actions of a new process: the same ones, or copies; `clears`: what is caught has its default action there.
 * ERR_NO_MEMORY. */
err_t signal_give_actions(struct process *to, struct process *from, bool shares, bool clears);
/* Before execve: the running process has actions that no other has. ERR_NO_MEMORY. */
err_t signal_own_actions(void);
/* For execve: what was caught has its default action again, and the alternate stack is gone. */
void signal_reset_for_exec(void);
/* A thread is among process.threads from now on, or not any more: what it should have acted upon others do. */
void signal_join_locked(struct user_thread *thread);
void signal_leave_locked(struct user_thread *thread);
/* After it has left, without signal_lock: the parent may have waited for this one to stop. */
void signal_after_leave_locked(struct process *process) REQUIRES(process_tree_lock);

/* Acts on the signals of the running thread, on the way to ring 3; may not return. */
void signal_act(struct trap_frame *frame);
/* rt_sigreturn(2): what the frame holds when the handler's is taken back. The result is the new RAX. */
int64_t signal_return(struct trap_frame *frame);
