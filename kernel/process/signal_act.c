/* SPDX-License-Identifier: Apache-2.0 */
/* What the running thread does about its signals, on the way to ring 3. */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "core/log.h"
#include "process/signal_frame.h"
#include "process/signal_internal.h"
#include "process/signal_restart.h"

struct delivery {
    struct linux_siginfo_head info;
    struct linux_sigaction action;
};

bool signal_take_locked(struct user_thread *t, uint64_t set, struct linux_siginfo_head *out)
{
    struct signal_pending *pending = &t->signals.pending;
    if (!(pending->set & set)) pending = &t->process->signals.pending;
    if (!(pending->set & set)) return false;
    signal_queue_take(pending, signal_first(pending->set & set), out);
    return true;
}

/* The number of what signal_take_locked would take. */
static uint32_t first_due(const struct user_thread *t, uint64_t due)
{
    uint64_t own = due & t->signals.pending.set;
    return signal_first(own ? own : due);
}

/* `number` waits, and nobody catches it. */
static void act_by_default_locked(struct user_thread *t, uint32_t number) NO_THREAD_SAFETY_ANALYSIS
{
    struct process *p = t->process;
    struct linux_siginfo_head info;
    bool is_ignored = p->signals.actions->of[number - 1].handler == LINUX_SIG_IGN ||
                      signal_default(number) == SIGNAL_IGNORED;
    if (!is_ignored && signal_default(number) == SIGNAL_ENDS) {
        p->is_ending = true;
        p->end_status = wait_status_of_signal(number);
        LIST_FOR_EACH (node, &p->threads)
            thread_interrupt(LIST_ENTRY(node, struct user_thread, process_link)->thread);
        return;
    }
    if (!is_ignored && number != LINUX_SIGSTOP) {
        spin_unlock(&p->signal_lock);
        is_ignored = signal_group_is_orphaned(p);
        spin_lock(&p->signal_lock);
        if (!(signal_due(t) & signal_bit(number))) return; /* SIGCONT has taken it away */
    }
    signal_take_locked(t, signal_bit(number), &info);
    if (!is_ignored) signal_stop_locked(p, number);
}

/* Does what needs no handler. True: one is to run. */
static bool next_delivery(struct user_thread *t, struct delivery *out)
{
    struct process *p = t->process;
    bool is_caught = false;
    spin_lock(&p->signal_lock);
    while (!is_caught && !user_thread_must_end(t)) {
        if (unlikely(p->signals.must_tell_continued)) signal_tell_continued_locked(p);
        if (unlikely(p->signals.stop_signal)) {
            signal_stay_stopped_locked(t);
            continue;
        }
        uint64_t due = signal_due(t);
        if (!due) break;
        uint32_t number = first_due(t, due);
        struct linux_sigaction action = signal_action_get_locked(p, number);
        is_caught = action.handler > LINUX_SIG_IGN;
        if (!is_caught) {
            act_by_default_locked(t, number);
            continue;
        }
        signal_take_locked(t, signal_bit(number), &out->info);
        out->action = action;
        if (unlikely(action.flags & LINUX_SA_RESETHAND)) {
            action.handler = LINUX_SIG_DFL;
            signal_action_put_locked(p, number, &action);
        }
    }
    bool must_end = !is_caught && user_thread_must_end(t);
    spin_unlock(&p->signal_lock);
    if (unlikely(must_end)) user_thread_exit(p->end_status);
    return is_caught;
}

/* There is no stack to run a handler on. One for SIGSEGV may have another, unless it is the one that failed. */
static void fail_to_run(uint32_t number, const struct trap_frame *frame)
{
    struct linux_siginfo_head info = signal_info_of_kernel(LINUX_SIGSEGV);
    if (number != LINUX_SIGSEGV && signal_force(&info)) return;
    log_error("%s: SIGSEGV, no stack for the handler of signal %u: rsp %016llx", process_current()->path,
              (unsigned)number, (unsigned long long)frame->rsp);
    process_end(wait_status_of_signal(LINUX_SIGSEGV));
}

static void run_handler(struct user_thread *t, const struct delivery *d, struct trap_frame *frame)
{
    struct thread_signals *s = &t->signals;
    uint32_t number = (uint32_t)d->info.number;
    s->restart.is_kept = false;
    uint64_t mask = s->restores_mask ? s->mask_before : s->blocked;
    if (unlikely(!signal_frame_push(frame, s, d->action.flags & LINUX_SA_SIGINFO ? &d->info : NULL,
                                    &d->action, mask))) {
        fail_to_run(number, frame);
        return;
    }
    frame->rdi = number;
    s->restores_mask = false;
    uint64_t own = d->action.flags & LINUX_SA_NODEFER ? 0 : signal_bit(number);
    signal_set_blocked(s->blocked | d->action.mask | own);
}

void signal_act(struct trap_frame *frame)
{
    struct user_thread *t = user_thread_current();
    struct delivery d;
    if (likely(next_delivery(t, &d))) {
        signal_restart(frame, &t->signals, &d.action);
        do run_handler(t, &d, frame);
        while (signal_due(t) && next_delivery(t, &d));
        return;
    }
    signal_restart(frame, &t->signals, NULL);
    if (t->signals.restores_mask) {
        t->signals.restores_mask = false;
        signal_set_blocked(t->signals.mask_before);
    }
}
