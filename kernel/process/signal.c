/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a signal, and what processes want to be done with it. [linux kernel/signal.c] for what a program can see:
 * which thread is chosen, what is thrown away, and when. */
#include "process/signal.h"

#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "lib/string.h"
#include "process/posix_timer.h"
#include "process/signal_internal.h"

struct readiness signal_readiness = READINESS_INIT(signal_readiness);

/* ---- whether it does anything ---- */

static bool is_ignored(const struct process *p, uint32_t number)
{
    uint64_t handler = p->signals.actions->of[number - 1].handler;
    return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && signal_default(number) == SIGNAL_IGNORED);
}

/* What is blocked may get a handler before it is let through. */
static bool is_lost(const struct user_thread *t, uint32_t number)
{
    return !((t->signals.blocked | t->signals.waits_for) & signal_bit(number)) &&
           is_ignored(t->process, number);
}

static bool ends_process(const struct user_thread *t, uint32_t number)
{
    return t->process->signals.actions->of[number - 1].handler == LINUX_SIG_DFL &&
           signal_default(number) == SIGNAL_ENDS && !(t->signals.waits_for & signal_bit(number));
}

static void drop_everywhere_locked(struct process *p, uint64_t set) REQUIRES(p->signal_lock)
{
    signal_queue_drop(&p->signals.pending, set);
    LIST_FOR_EACH (node, &p->threads)
        signal_queue_drop(&LIST_ENTRY(node, struct user_thread, process_link)->signals.pending, set);
}

/* ---- who acts on it ---- */

/* One that is about to look at its signals anyway would only keep others waiting. */
static bool wants(const struct user_thread *t, uint32_t number)
{
    if (t->signals.blocked & signal_bit(number)) return false;
    if (number == LINUX_SIGKILL) return true;
    return !t->signals.is_stopped && (t->thread == percpu_current() || !thread_is_interrupted(t->thread));
}

static struct user_thread *first_thread(struct process *p)
{
    return list_is_empty(&p->threads) ? NULL : LIST_ENTRY(p->threads.next, struct user_thread, process_link);
}

static struct user_thread *find_taker_locked(struct process *p, uint32_t number) REQUIRES(p->signal_lock)
{
    LIST_FOR_EACH (node, &p->threads) {
        struct user_thread *t = LIST_ENTRY(node, struct user_thread, process_link);
        if (wants(t, number)) return t;
    }
    return NULL;
}

static void end_locked(struct process *p, uint32_t number) REQUIRES(p->signal_lock)
{
    p->is_ending = true;
    p->end_status = wait_status_of_signal(number);
    LIST_FOR_EACH (node, &p->threads)
        thread_interrupt(LIST_ENTRY(node, struct user_thread, process_link)->thread);
}

/* `t` is NULL when nobody takes it now: the first one to unblock it will. */
static void tell_locked(struct process *p, struct user_thread *t, uint32_t number) REQUIRES(p->signal_lock)
{
    if (!t) return;
    if (ends_process(t, number))
        end_locked(p, number);
    else
        thread_interrupt(t->thread);
}

/* ---- sending ---- */

/* Stopping and going on cancel each other while they wait; going on does not wait to be acted upon. */
static void cancel_locked(struct process *p, uint32_t number) REQUIRES(p->signal_lock)
{
    if (number == LINUX_SIGCONT) {
        drop_everywhere_locked(p, SIGNALS_STOP);
        signal_continue_locked(p);
    } else {
        drop_everywhere_locked(p, signal_bit(LINUX_SIGCONT));
    }
}

/* `to` is the thread that is meant; NULL: any. Does what the signal does without waiting, and says who is the first to
 * be asked; NULL: it is lost. */
static struct user_thread *begin_locked(struct process *p, struct user_thread *to, uint32_t number)
    REQUIRES(p->signal_lock)
{
    struct user_thread *main = to ? to : first_thread(p);
    if (!main || p->is_ending) return NULL;
    if (unlikely(signal_bit(number) & (SIGNALS_STOP | signal_bit(LINUX_SIGCONT)))) cancel_locked(p, number);
    return is_lost(main, number) ? NULL : main;
}

static struct signal_pending *pending_of(struct process *p, struct user_thread *to)
{
    return to ? &to->signals.pending : &p->signals.pending;
}

/* It waits; who acts on it is to look. */
static void announce_locked(struct process *p, struct user_thread *to, struct user_thread *main,
                            uint32_t number) REQUIRES(p->signal_lock)
{
    readiness_changed(&signal_readiness, LINUX_POLLIN);
    bool takes = wants(main, number);
    tell_locked(p, takes ? main : to ? NULL : find_taker_locked(p, number), number);
}

static err_t send_locked(struct process *p, struct user_thread *to, const struct linux_siginfo_head *info)
    REQUIRES(p->signal_lock)
{
    uint32_t number = (uint32_t)info->number;
    struct user_thread *main = begin_locked(p, to, number);
    if (!main) return OK;
    err_t e = signal_queue_add(pending_of(p, to), info, p->limits[LINUX_RLIMIT_SIGPENDING].soft);
    if (!failed(e)) announce_locked(p, to, main, number);
    return e;
}

bool signal_send_item_locked(struct process *p, struct user_thread *to,
                             struct signal_item *item) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t number = (uint32_t)item->info.number;
    struct user_thread *main = begin_locked(p, to, number);
    if (!main) return false;
    signal_queue_add_item(pending_of(p, to), item);
    announce_locked(p, to, main, number);
    return true;
}

void signal_take_back_locked(struct process *p, struct user_thread *to, struct signal_item *item)
{
    signal_queue_remove_item(pending_of(p, to), item);
}

err_t signal_send(struct process *p, const struct linux_siginfo_head *info)
{
    spin_lock(&p->signal_lock);
    err_t e = send_locked(p, NULL, info);
    spin_unlock(&p->signal_lock);
    return e;
}

err_t signal_send_thread(struct user_thread *t, const struct linux_siginfo_head *info)
{
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    err_t e = send_locked(p, t, info);
    spin_unlock(&p->signal_lock);
    return e;
}

void signal_send_number(struct process *p, uint32_t number)
{
    struct linux_siginfo_head info = signal_info_of_kernel(number);
    err_t e = signal_send(p, &info);
    (void)e; /* the kernel's own are never refused */
}

bool signal_force(const struct linux_siginfo_head *info)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    uint32_t number = (uint32_t)info->number;
    spin_lock(&p->signal_lock);
    bool is_caught = p->signals.actions->of[number - 1].handler > LINUX_SIG_IGN &&
                     !(t->signals.blocked & signal_bit(number));
    if (is_caught) {
        err_t e = signal_queue_add(&t->signals.pending, info, UINT64_MAX);
        (void)e; /* it is not one of those that are refused */
        thread_interrupt(t->thread);
    }
    spin_unlock(&p->signal_lock);
    return is_caught;
}

/* ---- parents ---- */

static struct linux_siginfo_head info_of_child(const struct process *child, uint32_t number)
{
    struct linux_siginfo_head info = { .number = (int32_t)number,
                                       .child.pid = child->pid,
                                       .child.uid = child->credentials->uid.real };
    uint32_t status = child->wait_status;
    if (!child->is_zombie) {
        bool is_stopped = child->news == NEWS_STOPPED;
        info.code = is_stopped ? LINUX_CLD_STOPPED : LINUX_CLD_CONTINUED;
        info.child.status = (int32_t)(is_stopped ? child->stop_signal : LINUX_SIGCONT);
        return info;
    }
    info.code = status & 0x7f ? LINUX_CLD_KILLED : LINUX_CLD_EXITED;
    info.child.status = (int32_t)(status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
    info.child.user_ticks = (int64_t)(child->ended_threads.cpu_ns / (1000000000 / LINUX_USER_HZ));
    return info;
}

void signal_send_child_locked(struct process *parent, const struct process *child, uint32_t number)
{
    struct linux_siginfo_head info = info_of_child(child, number);
    spin_lock(&parent->signal_lock);
    struct linux_sigaction *a = &parent->signals.actions->of[number - 1];
    bool is_unwanted = !child->is_zombie && (a->handler == LINUX_SIG_IGN || a->flags & LINUX_SA_NOCLDSTOP);
    err_t e = is_unwanted ? OK : send_locked(parent, NULL, &info);
    (void)e; /* there is still wait(2) */
    spin_unlock(&parent->signal_lock);
}

bool signal_forgets_children(struct process *p)
{
    struct linux_sigaction a;
    spin_lock(&p->signal_lock); /* execve may be about to take other actions than those it shares */
    a = signal_action_get_locked(p, LINUX_SIGCHLD);
    spin_unlock(&p->signal_lock);
    return a.handler == LINUX_SIG_IGN || a.flags & LINUX_SA_NOCLDWAIT;
}

/* ---- what a process wants ---- */

uint64_t signal_pending_set(void)
{
    const struct user_thread *t = user_thread_current();
    return (t->signals.pending.set | t->process->signals.pending.set) & t->signals.blocked;
}

/* What waits for the process, and this thread does not act upon any more. */
static void retarget_locked(struct process *p, uint64_t set) REQUIRES(p->signal_lock)
{
    for (set &= p->signals.pending.set; set; set &= set - 1) {
        uint32_t number = (uint32_t)__builtin_ctzll(set) + 1;
        tell_locked(p, find_taker_locked(p, number), number);
    }
}

void signal_set_blocked(uint64_t blocked)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    blocked &= ~SIGNALS_NEVER_BLOCKED;
    /* Without the lock: either a sender sees the new mask, or this thread sees what was sent. */
    uint64_t newly = blocked & ~__atomic_exchange_n(&t->signals.blocked, blocked, __ATOMIC_SEQ_CST);
    if (unlikely(signal_due(t))) thread_interrupt(t->thread);
    if (likely(!(__atomic_load_n(&p->signals.pending.set, __ATOMIC_RELAXED) & newly))) return;
    spin_lock(&p->signal_lock);
    retarget_locked(p, newly);
    spin_unlock(&p->signal_lock);
}

void signal_mask_begin(uint64_t blocked)
{
    struct thread_signals *s = &user_thread_current()->signals;
    s->mask_before = s->blocked;
    s->restores_mask = true;
    signal_set_blocked(blocked);
}

/* A call that was interrupted leaves the rest to signal_act, since the handler is to run with the call's mask. */
int64_t signal_mask_end(int64_t result)
{
    struct user_thread *t = user_thread_current();
    struct thread_signals *s = &t->signals;
    if (!s->restores_mask) return result;
    /* One that only another thread was told of is that one's: this one might not get to signal_act. */
    if (result == 0 && signal_due(t) && thread_must_leave()) result = ERR_INTERRUPTED.code;
    if (result == ERR_INTERRUPTED.code) return result;
    s->restores_mask = false;
    signal_set_blocked(s->mask_before);
    return result;
}

void signal_set_action(uint32_t number, const struct linux_sigaction *action)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    signal_action_put_locked(p, number, action);
    if (is_ignored(p, number))
        drop_everywhere_locked(p, signal_bit(number));
    else if (unlikely(p->posix_timers.root))
        process_timers_heed_locked(p, number);
    spin_unlock(&p->signal_lock);
}

struct linux_sigaction signal_get_action(uint32_t number)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct linux_sigaction action = signal_action_get_locked(p, number);
    spin_unlock(&p->signal_lock);
    return action;
}

/* ---- the lives of threads and processes ---- */

void signal_inherit(struct user_thread *t, bool shares_space)
{
    const struct user_thread *from = user_thread_current();
    t->signals.blocked = from->signals.blocked;
    t->signals.stack = shares_space ? (struct linux_stack){ .flags = LINUX_SS_DISABLE } : from->signals.stack;
}

void signal_reset_for_exec(void)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    signal_actions_clear(p->signals.actions);
    t->signals.stack.base = t->signals.stack.bytes = 0;
    spin_unlock(&p->signal_lock);
}

void signal_join_locked(struct user_thread *t)
{
    struct process *p = t->process;
    if (p->is_ending || p->signals.stop_signal || signal_due(t)) thread_interrupt(t->thread);
}

void signal_leave_locked(struct user_thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    struct process *p = t->process;
    signal_queue_drop(&t->signals.pending, UINT64_MAX);
    if (list_is_empty(&p->threads))
        signal_queue_drop(&p->signals.pending, UINT64_MAX);
    else
        retarget_locked(p, ~t->signals.blocked);
}
