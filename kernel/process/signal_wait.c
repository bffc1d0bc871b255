/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for signals: rt_sigtimedwait, rt_sigsuspend, and files that signals are read from. */
#include "process/signal_internal.h"
#include "sched/wait.h"

bool signal_take(uint64_t set, struct linux_siginfo_head *out)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    bool is_taken = signal_take_locked(t, set, out);
    spin_unlock(&p->signal_lock);
    return is_taken;
}

static err_t sleep(uint64_t deadline_ns)
{
    struct wait_queue nobody_else = WAIT_QUEUE_INIT(nobody_else);
    spin_lock(&nobody_else.lock);
    err_t e = wait_sleep_interruptible_locked(&nobody_else, deadline_ns);
    spin_unlock(&nobody_else.lock);
    return e;
}

/* Whether the thread was interrupted for a reason that still holds; if not, it may sleep again. */
static bool has_reason_locked(const struct user_thread *t)
{
    struct process *p = t->process;
    if (signal_due(t) || user_thread_must_end(t) || p->signals.stop_signal || p->signals.must_tell_continued)
        return true;
    process_forget_interrupt();
    return false;
}

/* What is waited for is let through meanwhile, so that it wakes this thread; it is not thrown away for being ignored. */
err_t signal_wait(uint64_t set, uint64_t deadline_ns, struct linux_siginfo_head *out)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    err_t e = OK;
    spin_lock(&p->signal_lock);
    bool is_taken = signal_take_locked(t, set, out);
    t->signals.waits_for = t->signals.blocked & set;
    t->signals.blocked &= ~set;
    while (!is_taken && !failed(e)) {
        bool is_interrupted = thread_must_leave() && has_reason_locked(t);
        spin_unlock(&p->signal_lock);
        e = is_interrupted ? ERR_INTERRUPTED : deadline_ns ? sleep(deadline_ns) : ERR_TRY_AGAIN;
        if (e.code == ERR_TIMED_OUT.code) e = ERR_TRY_AGAIN;
        spin_lock(&p->signal_lock);
        is_taken = signal_take_locked(t, set, out);
        if (e.code == ERR_INTERRUPTED.code && !is_taken && !has_reason_locked(t)) e = OK;
    }
    t->signals.blocked |= t->signals.waits_for;
    t->signals.waits_for = 0;
    spin_unlock(&p->signal_lock);
    return is_taken ? OK : e;
}

err_t signal_pause(void)
{
    err_t e;
    do e = sleep(UINT64_MAX);
    while (!failed(e));
    return e;
}
