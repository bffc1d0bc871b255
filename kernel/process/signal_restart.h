/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a system call that a signal interrupted: its result is ERR_INTERRUPTED, and the program may be told
 * so or not notice at all. [man signal(7); linux kernel/signal.c, futex, fs/select.c, kernel/time]
 *
 * A call that begins again has its arguments, since ring 3's registers are as they were. One that waits for a while
 * shall not wait longer for that: it asks signal_deadline() of process/user_thread.h for the end of its wait, and
 * begins again by way of restart_syscall, which gives it the same one, unless a handler has run meanwhile. */
#pragma once
#include "process/signal.h"

enum restart {
    RESTART_AS_ASKED,       /* unless a handler runs that has not asked for it by SA_RESTART */
    RESTART_UNLESS_HANDLED, /* unless a handler runs */
    RESTART_WITH_DEADLINE,  /* the same, by way of restart_syscall */
    RESTART_ALWAYS,
    RESTART_NEVER,
};

/* `arguments` are the call's first four. */
enum restart signal_restart_kind(uint64_t number, const uint64_t arguments[4]);

/* Changes the frame of a system call that was interrupted, if it is one, before the handler's is made; NULL: none
 * runs. */
void signal_restart(struct trap_frame *frame, struct thread_signals *signals,
                    const struct linux_sigaction *handler);
