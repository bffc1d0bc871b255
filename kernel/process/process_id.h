/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that programs know threads, processes, groups and sessions by. A number is taken from the moment
 * it is given out until the last of the four that has it is gone, so a zombie's number, or that of a group
 * whose leader has ended, is not given to another. */
#pragma once
#include "core/lock.h"
#include "fs/readiness.h"
#include "lib/list.h"
#include "lib/tree.h"

struct process;
struct terminal;
struct user_thread;

/* Guards the numbers, and which processes are whose children and in which groups (process.h). Taken by
 * interrupts too. Lock order: before process.signal_lock. */
extern struct spinlock process_tree_lock;

struct process_id {
    struct tree_node node; /* by number; under process_tree_lock, as all but `number` */
    uint32_t number;
    uint64_t birth;             /* fixed: no other, also of that number, has the same */
    uint32_t uses;              /* threads, processes, and members of the group and of the session */
    uint32_t session_members;   /* processes in the session of that number */
    struct user_thread *thread; /* NULL: none has the number, as below */
    struct process *process;    /* also a zombie */
    bool is_shown;              /* somebody was told that it is there: process_forgotten */
    struct readiness readiness; /* of files that stand for the process: process/pidfd.h */
    struct list group;          /* of process.group_link: the members of the group of that number */
    struct terminal
        *terminal; /* that controls the session of that number; NULL: none. terminal/ has it counted */
    uint32_t terminal_device; /* its number as st_rdev; 0: none */
    uint32_t foreground;      /* the number of the group that the terminal is for */
};

/* A number that nobody has, used once. NULL when memory is short or all numbers are taken. */
struct process_id *process_id_alloc(void) EXCLUDES(process_tree_lock);
struct process_id *process_id_get_locked(struct process_id *id) REQUIRES(process_tree_lock);
/* The last use gives the number back. */
void process_id_put(struct process_id *id) EXCLUDES(process_tree_lock);
void process_id_put_locked(struct process_id *id) REQUIRES(process_tree_lock);

/* NULL when nobody has it. What is found stays at least as long as the lock is held. */
struct process_id *process_id_find_locked(uint32_t number) REQUIRES(process_tree_lock);
struct process *process_find_locked(uint32_t pid) REQUIRES(process_tree_lock);
struct user_thread *user_thread_find_locked(uint32_t tid) REQUIRES(process_tree_lock);

/* The number that was given out last, and how many were so far. */
uint32_t process_id_last_locked(uint64_t *count) REQUIRES(process_tree_lock);
/* The lowest number above this one that somebody has; NULL: none. */
struct process_id *process_id_next_locked(uint32_t number) REQUIRES(process_tree_lock);
