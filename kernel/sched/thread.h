/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel threads: cooperative, round-robin on each CPU's run queue.
 *
 * A thread runs until it yields, sleeps or ends; ring 3 is left only by a trap or a system call.
 * Each has a stack with a guard page below. Lock order: a wait queue's lock, then the run queue's. */
#pragma once
#include "config.h"
#include "core/lock.h"
#include "lib/list.h"

struct space;
struct process;
struct user_thread;

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING, THREAD_ENDED };

struct thread {
    uint64_t rsp; /* while not running; offset 0 is known to context_switch's callers */
    uint64_t stack_top;
    paddr_t page_table;        /* PADDR_NONE: a kernel-only thread, which runs on any page tables */
    struct space *space;       /* vm's, with those page tables; not looked into here */
    struct process *process;   /* process's, as the next; NULL for kernel threads */
    struct user_thread *user;  /* the ring-3 side */
    uint32_t user_work;        /* atomic: USER_WORK_INTERRUPTED, or 0; copied to its CPU when it runs */
    uint64_t fs_base, gs_base; /* ring 3's, while not running; only with page tables of its own */
    struct list run_link;      /* in a run queue while READY */
    struct list all_link;      /* in thread_all; under its lock */
    enum thread_state state;   /* under the run queue's lock */
    bool is_interruptible;     /* it is in such a sleep now */
    bool is_detached;          /* nobody will join: freed when it ends */
    uint32_t id;
    uint64_t cpu_ticks; /* of the TSC, for which it has run, up to the last switch */
    struct { /* as Linux counts: sleeps, if only the CPU idled meanwhile; what others ran in its place */
        uint64_t voluntary, involuntary;
    } switches;
    struct thread *joiner; /* sleeping in thread_join, under the run queue's lock */
    char name[CONFIG_THREAD_NAME_MAX];
    struct held_locks mutexes[CONFIG_DEBUG]; /* its own business alone */
};

extern struct list thread_all; /* of every thread, for the debugger and panic reports */
uint32_t thread_count(void);

/* Makes the code that is running the first thread of this CPU, on the boot stack. */
void sched_init(void);

/* Starts `entry(argument)` in a new thread. NULL when memory is short. */
struct thread *thread_create(const char *name, void (*entry)(void *), void *argument);
/* The same, but it does not run before thread_start: its maker may fill in more. */
struct thread *thread_create_stopped(const char *name, void (*entry)(void *), void *argument);
void thread_start(struct thread *thread);
/* Frees one that never ran. */
void thread_destroy_stopped(struct thread *thread);
/* Waits for the end of a thread of thread_create and frees it. */
void thread_join(struct thread *thread);
/* Nobody will join it. */
void thread_detach(struct thread *thread);
NORETURN void thread_exit(void);

struct thread *thread_current(void);
void thread_yield(void);
void thread_sleep_until_ns(uint64_t deadline_ns);

/* Wakes the thread if it sleeps interruptibly, and makes such sleeps return at once and the way to ring 3 call
 * trap_user_work, until that has taken back USER_WORK_INTERRUPTED. Any context. */
void thread_interrupt(struct thread *thread);
static inline bool thread_is_interrupted(const struct thread *thread)
{
    return __atomic_load_n(&thread->user_work, __ATOMIC_RELAXED);
}

/* The time for which it has had a CPU. */
uint64_t thread_cpu_time_ns(const struct thread *thread);

/* Runs the current thread in this address space from now on; NULL and PADDR_NONE mean the kernel's
 * own tables, and whoever owned the old ones may then free them. */
void thread_set_space(struct space *space, paddr_t root);

/* ---- for wait.c ---- */
/* Marks the current thread sleeping; it goes on running until schedule(). */
void thread_prepare_sleep(void);
/* Runs something else; returns when this thread is woken. Interrupts off. */
void thread_schedule(void);
void thread_wake(struct thread *thread);
