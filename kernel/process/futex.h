/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes: threads sleep until another one wakes them by the address of a word that both know. The program changes
 * the word; the kernel only looks at it once, so that nobody falls asleep on a word that has changed already. The
 * protocol and why no wake-up is lost: docs/futex.md.
 *
 * Words are aligned and lie in the address space of the running thread, or the answer is ERR_INVALID or ERR_FAULT.
 * `is_shared`: the word is looked for by the file it lies in, if it does, else by its address. Threads only. */
#pragma once
#include "lib/base.h"

struct user_thread;

/* Sleeps while the word is `value`, until a wake with one of these bits. `deadline_ns` is of core/time.h;
 * UINT64_MAX: none. `bitset` is not 0. ERR_TRY_AGAIN: it is another value. ERR_TIMED_OUT, ERR_INTERRUPTED. */
err_t futex_wait(uaddr_t word, bool is_shared, uint32_t value, uint32_t bitset, uint64_t deadline_ns);

/* Each of these returns how many threads it found, or an error's code. Counts are Linux's: 0 and less mean 1, if not
 * said otherwise. */

/* Wakes up to `count` sleepers, the longest asleep first. ERR_INVALID: it is a lock of
 * futex_lock_pi. */
int64_t futex_wake(uaddr_t word, bool is_shared, int32_t count, uint32_t bitset);

struct futex_requeue {
    uaddr_t from, to;
    bool is_shared;
    int32_t wake_count, move_count; /* so many, also 0; ERR_INVALID: less */
    bool has_expected;              /* only if the word is still so: ERR_TRY_AGAIN */
    uint32_t expected;
};
/* Wakes the first sleepers and moves the next ones to the other word, in one step; counts both. */
int64_t futex_requeue(const struct futex_requeue *request);

/* Changes word `to` as `operation` (abi/linux/futex.h) says, wakes sleepers of `from`, and if the comparison with what
 * `to` was before holds, of `to`. ERR_NO_SYSCALL: there is no such operation or comparison. */
int64_t futex_wake_op(uaddr_t from, uaddr_t to, bool is_shared, int32_t from_count, int32_t to_count,
                      uint32_t operation);

/* ---- words that say which thread holds a lock: futex_pi.c ---- */

enum futex_lock { FUTEX_LOCK, FUTEX_TRY_LOCK };
/* ERR_DEADLOCK: it is ours, or its owner waits for us. ERR_NO_PROCESS: its owner does not exist. ERR_INVALID: the word
 * and those who wait disagree. ERR_TRY_AGAIN: taken, for a try. ERR_TIMED_OUT, ERR_INTERRUPTED. */
err_t futex_lock_pi(uaddr_t word, bool is_shared, enum futex_lock how, uint64_t deadline_ns);
/* The longest asleep gets it. ERR_NOT_PERMITTED: it is not ours. */
err_t futex_unlock_pi(uaddr_t word, bool is_shared);

/* Part of every user_thread; under process_tree_lock. */
struct futex_owner {
    struct user_thread *waits_for; /* the owner of the lock that it sleeps on */
    uint32_t waiters;              /* threads whose waits_for it is */
    bool has_ended;                /* nobody begins to wait for it any more */
};

/* ---- the end of a thread: futex_exit.c ---- */

/* The running thread is about to leave its address space for good, or for execve: the locks on its robust list are
 * marked, and who waits for one of them, or for a lock of futex_lock_pi, gets it. */
void futex_exit_robust(struct user_thread *thread);
void futex_exec_robust(struct user_thread *thread);
/* Writes 0 where clone or set_tid_address said, and wakes one who waits there, if anybody else runs in the space. */
void futex_clear_tid(struct user_thread *thread);
