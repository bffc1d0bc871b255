/* SPDX-License-Identifier: Apache-2.0 */
/* A program in ring 3: its address space, files, limits and signals. One exists today, the
 * container's init; its end is the container's end. */
#pragma once
#include "abi/linux/signal.h"
#include "abi/linux/system.h"
#include "core/lock.h"
#include "lib/base.h"

struct fd_table;
struct fs_context;
struct space;
struct thread;
struct trap_frame;

enum { PROCESS_NAME_MAX = 16 }; /* as Linux's comm */

struct process {
    uint32_t pid;
    struct thread *thread;
    struct space *space;
    struct fd_table *files;
    struct fs_context *fs;
    char name[PROCESS_NAME_MAX]; /* PR_SET_NAME */
    char *path;                  /* as given to exec: AT_EXECFN, reports */
    struct linux_rlimit limits[LINUX_RLIMIT_COUNT];
    struct spinlock signal_lock;                /* guards the next four, which interrupts use too */
    struct linux_sigaction actions[LINUX_NSIG]; /* of signal n at n - 1 */
    uint64_t blocked_signals;                   /* bit n - 1 of signal n */
    uint64_t pending_signals;                   /* sent while blocked */
    uint32_t exit_signal; /* a signal that must end it on the way back to ring 3; 0: none */
    struct linux_stack signal_stack;
    uint64_t clear_tid, robust_list; /* recorded for threads to come */
    uint64_t start_ns;
    bool no_new_privileges;
    bool is_out_of_memory; /* why it ends: memory_limit_tell() */
};

/* The process of the running thread; system calls always have one. */
struct process *process_current(void);

/* Ends the program; does not return to it. */
NORETURN void process_exit(uint32_t status);
NORETURN void process_exit_by_signal(uint32_t signal);

/* Sends a signal: it stays pending while it is blocked. One that ends the program does so when it next
 * leaves the kernel (at once, for itself). ERR_NO_SYSCALL: a handler is installed, and running it is
 * not supported yet. Any context. */
err_t process_signal(struct process *process, uint32_t signal);
/* From now on these signals stay pending; pending ones that are not among them act. */
void process_block_signals(struct process *process, uint64_t blocked);
void process_set_action(struct process *process, uint32_t signal, const struct linux_sigaction *action);
