/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: cooperative in the kernel, round-robin on each CPU's run queue.
 *
 * In the kernel a thread runs until it yields, sleeps or ends. Ring 3 is interrupted only when another thread waits
 * for that CPU: at once for a kernel thread, after a slice of time for one of ring 3 (sched/schedule.c). A thread may
 * be on another CPU after each sleep and yield. Each has a stack with a guard page below. Lock order: a wait queue's
 * lock, then a run queue's. */
#pragma once
#include "arch/context.h"
#include "arch/features.h"
#include "arch/fpu.h"
#include "core/cpus.h"
#include "core/lock.h"
#include "lib/list.h"

struct credentials;
struct page_table;
struct process;
struct space;
struct user_thread;

/* AWAKE: it runs, or waits in a queue to do so. MOVING: in the hands of whoever looks for its CPU. */
enum thread_state { THREAD_AWAKE, THREAD_SLEEPING, THREAD_MOVING, THREAD_ENDED };

struct thread {
    struct context context;
    uint64_t stack_top;
    struct page_table *page_table; /* NULL: a kernel-only thread, which runs on any page tables */
    struct space *space;           /* vm's, with those page tables; not looked into here */
    struct process *process;       /* process's, as the next; NULL for kernel threads */
    bool is_of_process;            /* also when it has ended and `process` is gone; fixed once it runs */
    struct user_thread *user;      /* the ring-3 side */
    const struct credentials *credentials; /* fs's, counted; changes under process_tree_lock. NULL: root's */
    struct user_bases bases;               /* ring 3's, while not running; only with page tables of its own */
    struct fpu fpu;                        /* ring 3's floating-point state */
    void *fpu_memory;                      /* where its area lies; sched/thread_fpu.h */
    uint32_t user_work; /* atomic: its own bits of enum user_work; copied to its CPU when it runs */
    uint32_t
        turn_percent; /* how long it may run, of what is usual; by the thread or under its process's lock */
    uint32_t placed_work;    /* USER_WORK_PLACED, or 0 */
    uint32_t cpu;            /* where it runs, waits or ran last; that run queue's lock guards: */
    enum thread_state state; /* also written by the thread itself, before it sleeps */
    struct thread *run_next; /* in the run queue */
    cpu_set affinity;        /* where it may run */
    struct thread *joiner;   /* sleeping in thread_join */
    bool is_detached;        /* nobody will join: freed when it ends */
    bool is_interruptible;   /* atomic: it is in such a sleep now */
    uint32_t id;
    uint64_t cpu_ticks; /* of the TSC, for which it has run; while it runs, less the TSC now */
    struct { /* as Linux counts: sleeps, if only the CPU idled meanwhile; what others ran in its place */
        uint64_t voluntary, involuntary;
    } switches;
    void (*entry)(void *); /* what it was created for, as is: */
    void *argument;
    struct list all_link; /* in thread_all; under its lock */
    char name[CONFIG_THREAD_NAME_MAX];
    struct held_locks mutexes[CONFIG_DEBUG]; /* its own business alone */
};

extern struct list thread_all; /* of every thread but the idle ones, for the debugger and panic reports */
uint32_t thread_count(void);
/* How many of them are of processes, ended ones too until they are freed. */
uint32_t thread_count_of_processes(void);

/* Makes the code that is running the first thread, on the boot stack. */
void sched_init(void);
/* How long a thread of ring 3 runs while another one waits for its CPU; CONFIG_TIME_SLICE_US unless it is set. */
void sched_set_slice_us(uint64_t us);

/* So many per cent of that for one thread, from its next turn on. Any context. */
static inline void thread_set_turn(struct thread *thread, uint32_t percent)
{
    __atomic_store_n(&thread->turn_percent, percent, __ATOMIC_RELAXED);
}

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
/* The same as the whole of a system call, interrupts being on. Returns 0. */
int64_t thread_yield_call(void);
void thread_sleep_until_ns(uint64_t deadline_ns);

/* Wakes the thread if it sleeps interruptibly, and makes such sleeps return at once and the way to ring 3 call
 * trap_user_work, until that has taken back USER_WORK_INTERRUPTED. Any context. */
void thread_interrupt(struct thread *thread);
static inline bool thread_is_interrupted(const struct thread *thread)
{
    return __atomic_load_n(&thread->user_work, __ATOMIC_RELAXED) & USER_WORK_INTERRUPTED;
}
/* Whether the running one is; to be asked by what ends a system call for that reason. Then the call does end in
 * trap_user_work, also when the other CPU's interrupt is still on its way. */
static inline bool thread_must_leave(void)
{
    if (likely(!thread_is_interrupted(percpu_current()))) return false;
    percpu_add_work(USER_WORK_INTERRUPTED);
    return true;
}
/* Makes the thread look at its user_work, where the caller has just set a bit, before its next instruction in
 * ring 3. Any context. */
void thread_kick(struct thread *thread);
/* The first of what is done on the way back to ring 3 when percpu.user_work is set, interrupts off: other threads
 * have their turn, or this one goes to another CPU, if it is for that. Those bits are gone afterwards. */
void thread_before_user(void);

/* Where the thread may run; new threads get their creator's set. It moves at once if it must, a kernel thread when
 * it next yields or sleeps. ERR_INVALID: none of these CPUs is online. */
err_t thread_set_affinity(struct thread *thread, cpu_set affinity);
cpu_set thread_affinity(const struct thread *thread);

/* The time for which it has had a CPU. */
uint64_t thread_cpu_time_ns(const struct thread *thread);

/* Runs the current thread in this address space from now on; NULL and NULL mean the kernel's own tables, and
 * whoever owned the old ones may then free them. */
void thread_set_space(struct space *space, struct page_table *page_table);

/* ---- for wait.c ---- */
/* Marks the current thread sleeping; it goes on running until schedule(). Any later read of it comes after that. */
static inline void thread_prepare_sleep(void)
{
    __atomic_store_n(&percpu_current()->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
}
/* Runs something else; returns when this thread is woken. Interrupts off. */
void thread_schedule(void);
/* Ready again if it sleeps. Any context. */
void thread_wake(struct thread *thread);
/* The same where interrupts are off. */
void thread_wake_off(struct thread *thread);
