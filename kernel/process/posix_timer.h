/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of timer_create(2), of the running process, by their numbers. Threads only, but where it says so. */
#pragma once
#include "process/process_timer.h"

struct posix_timer_request {
    uint32_t clock;
    bool is_default; /* SIGALRM with the timer's number as the value, instead of: */
    uint32_t notify; /* LINUX_SIGEV_* */
    uint32_t signal;
    uint32_t thread; /* LINUX_SIGEV_THREAD_ID */
    uint64_t value;
};

/* ERR_INVALID, no such clock, signal, thread, or way to tell; ERR_NOT_SUPPORTED, not by that clock, as is one of the
 * CPU time of another process; ERR_TRY_AGAIN, memory is short, or RLIMIT_SIGPENDING is reached. */
err_t posix_timer_create(const struct posix_timer_request *request, int32_t *out_number);
/* The others: ERR_INVALID, there is no such timer. */
err_t posix_timer_set(int32_t number, bool is_absolute, const struct timer_setting *wanted,
                      struct timer_setting *was);
err_t posix_timer_get(int32_t number, struct timer_setting *out);
err_t posix_timer_overruns(int32_t number, int32_t *out);
err_t posix_timer_delete(int32_t number);

/* For execve: the process has no such timers any more. */
void process_timers_exec(struct process *process);
/* The process has no timers any more, of any kind; it has no threads. */
void process_timers_end(struct process *process);
/* With signal_lock: the thread is about to end. */
void process_timers_leave_locked(struct user_thread *thread);
/* With signal_lock: the signal is not ignored any more. */
void process_timers_heed_locked(struct process *process, uint32_t signal);
