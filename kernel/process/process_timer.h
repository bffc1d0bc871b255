/* SPDX-License-Identifier: Apache-2.0 */
/* A timer of a process, which sends it a signal: what posix_timer.h and interval_timer.h have in common.
 *
 * What is sent is a part of the timer, so a timer that fires needs no memory, and waits to be acted upon once at most.
 * A timer with an interval goes on when its signal is acted upon; what has expired by then beyond the first time is
 * its overruns. So a program that does not look is not interrupted, however short the interval.
 *
 * Locking: process.signal_lock. The function of the kernel's timer takes it, too, so it may run late, or once more after
 * the timer was set anew: it looks at the clock itself. Under the lock that timer is disarmed, never cancelled. */
#pragma once
#include "lib/expiry.h"
#include "process/signal_queue.h"
#include "sched/timer.h"

struct process;
struct user_thread;

enum timer_clock { TIMER_REALTIME, TIMER_SINCE_BOOT, TIMER_OF_PROCESS, TIMER_OF_THREAD };

/* What becomes of one with an interval when it has expired. */
enum timer_repeat {
    TIMER_IS_REARMED, /* goes on when its signal is acted upon, and waits as long as the signal is ignored */
    TIMER_IS_ALARM,   /* likewise, but ends when its signal is ignored: ITIMER_REAL */
    TIMER_GOES_ON,    /* whatever becomes of its signal */
};

struct process_timer {
    struct timer timer;
    /* ---- fixed after process_timer_init, and NULL before ---- */
    struct process *process;
    enum timer_clock clock;
    enum timer_repeat repeat;
    bool is_silent; /* expires without a signal */
    bool is_for_thread;
    /* ---- under process.signal_lock ---- */
    struct user_thread *thread;   /* that the signal is for, with is_for_thread; NULL: it has ended */
    struct user_thread *measured; /* TIMER_OF_THREAD; likewise */
    struct expiry expiry;         /* by its clock. Not taken yet as long as the signal waits */
    uint64_t looked_ns;           /* a CPU clock at the last look */
    struct signal_item item;
    int32_t overruns;    /* told with the last signal */
    bool is_unheard;     /* it has expired, and its signal was ignored */
    bool is_being_ended; /* it does nothing any more */
};

struct timer_setting {
    uint64_t value_ns; /* until it expires, or at which time; 0: never */
    uint64_t interval_ns;
};

/* Of zeros, `clock`, `repeat` and the like are set by the caller, as is item.info. */
void process_timer_init(struct process_timer *timer, struct process *process);
/* The four: with the lock. `was` may be NULL. ERR_NO_PROCESS: the thread whose clock it is has ended. */
err_t process_timer_set_locked(struct process_timer *timer, bool is_absolute,
                               const struct timer_setting *wanted, struct timer_setting *was);
struct timer_setting process_timer_get_locked(const struct process_timer *timer);
/* It does nothing any more; process_timer_wait then waits, without the lock, until its memory may go. */
void process_timer_end_locked(struct process_timer *timer);
void process_timer_wait(struct process_timer *timer);
/* The signal is not ignored any more. */
void process_timer_heed_locked(struct process_timer *timer);
/* The thread is about to end. */
void process_timer_forget_locked(struct process_timer *timer, const struct user_thread *thread);
