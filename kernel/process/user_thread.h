/* SPDX-License-Identifier: Apache-2.0 */
/* The ring-3 side of a thread: what Linux keeps for each task of a process. */
#pragma once
#include "arch/trap.h"
#include "process/futex.h"
#include "process/niceness.h"
#include "process/process.h"
#include "sched/thread.h"

#define TIMER_SLACK_DEFAULT_NS 50000u /* as Linux's */

struct user_thread {
    struct thread *thread;
    struct process *process;
    struct process_id *id;
    uint32_t tid;                /* id->number */
    struct list process_link;    /* in process.threads; under process.signal_lock */
    bool is_dismissed;           /* atomic: it is to end, though its process is not */
    char name[PROCESS_NAME_MAX]; /* PR_SET_NAME */
    struct trap_frame start;     /* what ring 3 begins with */
    uint64_t set_tid, clear_tid; /* where the number is written at the start, and 0 at the end; 0: nowhere */
    uint64_t robust_list;
    uint64_t timer_slack_ns; /* kept for those who ask, as the next two */
    uint32_t memory_policy;  /* LINUX_MPOL_, with flags */
    uint16_t io_priority;    /* under process_tree_lock, as is: */
    struct niceness niceness;
    struct {
        uint64_t address;   /* of its struct linux_rseq; 0: not registered */
        uint32_t signature; /* stands before each place where a sequence is begun again */
        uint32_t cpu;       /* as last written there */
    } rseq;
    struct futex_owner futex; /* under process_tree_lock */
    struct vfork *
        vfork; /* the parent that waits until this thread leaves its space; NULL: none. Under process_tree_lock */
    struct thread_signals signals;
};

/* The end of a wait in a system call: `deadline_ns`, unless the call was interrupted and begins again. Once a call. */
static inline uint64_t signal_deadline(uint64_t deadline_ns)
{
    struct thread_signals *s = &user_thread_current()->signals;
    if (!s->restart.is_again) s->restart.deadline_ns = deadline_ns;
    return s->restart.deadline_ns;
}

/* A thread that does not run yet; the caller's use of `id` becomes its own, unless it is
 * the process's. It begins with `entry`, which gets it as
 * its argument, or in ring 3 when that is NULL; the rest is the caller's to fill in.
 * ERR_NO_MEMORY: `id` is still the caller's. */
err_t user_thread_create(struct process *process, struct process_id *id, void (*entry)(void *thread),
                         struct user_thread **out);
/* Takes back one that was not started, with its number. */
void user_thread_destroy(struct user_thread *thread);
void user_thread_start(struct user_thread *thread);
/* The two halves of that: from the first on the thread is seen by others and gets orders and signals. */
void user_thread_join_locked(struct user_thread *thread) REQUIRES(process_tree_lock);
void user_thread_run(struct user_thread *thread);

/* Ends all other threads of the running process and waits until they are gone; the running one has the process's number
 * then. ERR_INTERRUPTED: the process is ending, or another thread does the same. */
err_t user_thread_dismiss_others(void);
/* True when the running thread is to end on its way to ring 3, with the status of process.end_status. */
static inline bool user_thread_must_end(const struct user_thread *thread)
{
    return __atomic_load_n(&thread->is_dismissed, __ATOMIC_RELAXED) ||
           __atomic_load_n(&thread->process->is_ending, __ATOMIC_RELAXED);
}

/* Ends the running thread; the last one of a process ends it. The status is wait(2)'s: of the thread, if the whole
 * process does not end for another reason. */
NORETURN void user_thread_exit(uint32_t status);
