/* SPDX-License-Identifier: Apache-2.0 */
/* A process: the threads that share an address space, files, limits and the actions of signals, and its place
 * among the others. The container's first one is its init: it adopts orphans, and its end ends the container. */
#pragma once
#include "abi/linux/system.h"
#include "process/cpu_clock.h"
#include "process/current.h"
#include "process/interval_timer.h"
#include "process/process_id.h"
#include "process/signal.h"
#include "sched/thread.h"
#include "sched/wait.h"

struct credentials;
struct fd_table;
struct fs_context;
struct space;
struct user_thread;

enum { PROCESS_NAME_MAX = 16 }; /* as Linux's comm */

/* What its parent can learn of by wait(2). */
enum process_news { NEWS_NONE, NEWS_STOPPED, NEWS_CONTINUED };

struct process {
    uint32_t pid; /* id->number, the number of its first thread */
    struct process_id *id;

    /* ---- under process_tree_lock ---- */
    struct process *parent;        /* NULL: init, or the parent ended after init */
    uint32_t parent_pid;           /* its number or 0; atomic, read without the lock */
    struct list children, sibling; /* of process.sibling */
    struct process_id *group, *session;
    struct list group_link;
    bool is_zombie;         /* without threads, waiting to be waited for */
    uint32_t adopts;        /* 1: orphans among its descendants, by PR_SET_CHILD_SUBREAPER */
    uint32_t orphan_signal; /* sent to it when its parent ends: PR_SET_PDEATHSIG; 0: none */
    bool has_run_program;   /* execve since the fork: too late for the parent to choose a group */
    const struct credentials *credentials; /* of its first thread, counted; process/identity.h */
    enum process_news news;                /* not waited for yet */
    uint32_t stop_signal;                  /* that it was stopped by, with NEWS_STOPPED */
    uint32_t end_signal;                   /* what the parent gets at the end; 0: nothing */
    uint32_t wait_status;                  /* as wait(2) encodes it, of a zombie */

    /* ---- under signal_lock ---- */
    struct spinlock signal_lock;
    struct list threads; /* of user_thread.process_link */
    uint32_t thread_count;
    bool is_ending; /* all its threads are to end, and the status stands */
    uint32_t end_status;
    bool is_dismissing; /* all threads but one are to end: execve */
    struct process_signals signals;
    struct tree posix_timers; /* by number */
    int32_t next_timer_number;
    struct process_timer interval_timers[INTERVAL_TIMER_COUNT];
    struct wait_queue thread_queue; /* who waits for the others to end */

    struct wait_queue child_queue; /* sleepers in wait(2); its lock guards: */
    uint32_t child_events;         /* so many changes of children were told */

    /* Changed by its only thread, under signal_lock so that others may look; NULL near the end. */
    struct space *space;
    struct fd_table *files;
    struct fs_context *fs;
    char name[PROCESS_NAME_MAX]; /* of its first thread, when that has ended */
    char *path;                  /* as given to exec: AT_EXECFN, reports */
    struct linux_rlimit limits[LINUX_RLIMIT_COUNT];
    uint64_t start_tsc;
    struct process_usage ended_threads;  /* of threads that have ended; under signal_lock */
    struct process_usage ended_children; /* that were waited for, and of theirs; under process_tree_lock */
    uint32_t fpu_permitted;              /* what it asked for; atomic. process/fpu_permission.h */
    bool no_new_privileges;
    bool has_semaphore_undos; /* atomic; set by ipc/ */
    bool is_dumpable;         /* its user may look into it: PR_SET_DUMPABLE */
    uint32_t personality;     /* LINUX_ADDR_NO_RANDOMIZE and others: abi/linux/prctl.h */
    bool is_out_of_memory;    /* why it ends; set before its signal */
};

/* Ends all threads of the running process, and this one at once. `status` is wait(2)'s. */
NORETURN void process_end(uint32_t status);
static inline uint32_t wait_status_of_exit(uint32_t code) { return (code & 0xff) << 8; }
static inline uint32_t wait_status_of_signal(uint32_t signal) { return signal; }

/* Calls `each` for all processes, zombies too. */
void process_for_each_locked(void (*each)(struct process *process, void *context), void *context)
    REQUIRES(process_tree_lock);
/* So many that have not been waited for. */
uint32_t process_count(void);

/* ---- what the layers above fill in, before the first process ---- */
/* The memory that a process was promised is not there; it is about to get SIGKILL for it. Allocates nothing. */
extern void (*process_tell_out_of_memory)(struct process *process);
/* It ends, and has done something with SEM_UNDO. */
extern void (*process_undo_semaphores)(struct process *process);
/* Init has ended, and nothing is left of it but `process` itself. */
extern void (*process_init_ended)(struct process *process, uint32_t wait_status);
/* The leader of a session ends. May be NULL. Threads only. */
extern void (*process_session_ends)(struct process *leader);
/* Nobody can learn anything of it any more: of that thread, or of the whole process when `tid` is 0. Of those only
 * whose process_id is marked as shown, under process_tree_lock, before it ended. May be NULL. */
extern void (*process_forgotten)(uint32_t pid, uint32_t tid);
