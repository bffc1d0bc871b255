/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal.h"

#include "lib/string.h"
#include "process/process_internal.h"
#include "process/user_thread.h"

static uint64_t signal_bit(uint32_t number) { return 1ull << (number - 1); }

static bool is_ignored_by_default(uint32_t number)
{
    switch (number) {
    case LINUX_SIGCHLD:
    case LINUX_SIGCONT:
    case LINUX_SIGURG:
    case LINUX_SIGWINCH:
    case LINUX_SIGSTOP:
    case LINUX_SIGTSTP:
    case LINUX_SIGTTIN:
    case LINUX_SIGTTOU: return true;
    }
    return false;
}

static bool is_ignored(const struct process *p, uint32_t number)
{
    uint64_t handler = p->signals.actions[number - 1].handler;
    return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && is_ignored_by_default(number));
}

static err_t act_locked(struct process *p, uint32_t number) REQUIRES(p->signal_lock)
{
    if (number != LINUX_SIGKILL) {
        if (is_ignored(p, number)) return OK;
        if (p->signals.actions[number - 1].handler != LINUX_SIG_DFL) return ERR_NO_SYSCALL;
    }
    if (p->is_ending) return OK;
    p->is_ending = true;
    p->end_status = wait_status_of_signal(number);
    LIST_FOR_EACH (node, &p->threads)
        thread_interrupt(LIST_ENTRY(node, struct user_thread, process_link)->thread);
    return OK;
}

static struct user_thread *first_thread(struct process *p)
{
    return list_is_empty(&p->threads) ? NULL : LIST_ENTRY(p->threads.next, struct user_thread, process_link);
}

err_t signal_send(struct process *p, uint32_t number)
{
    err_t e = OK;
    spin_lock(&p->signal_lock);
    struct user_thread *t = first_thread(p);
    if (t && t->signals.blocked & signal_bit(number))
        p->signals.pending |= signal_bit(number);
    else
        e = act_locked(p, number);
    spin_unlock(&p->signal_lock);
    return e;
}

err_t signal_send_thread(struct user_thread *t, uint32_t number)
{
    err_t e = OK;
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    if (t->signals.blocked & signal_bit(number))
        t->signals.pending |= signal_bit(number);
    else
        e = act_locked(p, number);
    spin_unlock(&p->signal_lock);
    return e;
}

void signal_send_child_locked(struct process *parent, const struct process *child, uint32_t number)
{
    (void)child;
    err_t e = signal_send(parent, number);
    (void)e;
}

bool signal_forgets_children(struct process *p)
{
    return p->signals.actions[LINUX_SIGCHLD - 1].handler == LINUX_SIG_IGN;
}

void signal_set_blocked(uint64_t blocked)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    t->signals.blocked = blocked & ~(signal_bit(LINUX_SIGKILL) | signal_bit(LINUX_SIGSTOP));
    uint64_t due = (t->signals.pending | p->signals.pending) & ~t->signals.blocked;
    t->signals.pending &= ~due;
    p->signals.pending &= ~due;
    for (; due; due &= due - 1) {
        err_t e = act_locked(p, (uint32_t)__builtin_ctzll(due) + 1);
        (void)e;
    }
    spin_unlock(&p->signal_lock);
}

void signal_set_action(struct process *p, uint32_t number, const struct linux_sigaction *action)
{
    spin_lock(&p->signal_lock);
    p->signals.actions[number - 1] = *action;
    if (is_ignored(p, number)) p->signals.pending &= ~signal_bit(number);
    spin_unlock(&p->signal_lock);
}

void signal_act(struct trap_frame *frame) { (void)frame; }

void signal_inherit(struct user_thread *t, bool shares_space)
{
    const struct user_thread *from = user_thread_current();
    t->signals.blocked = from->signals.blocked;
    if (!shares_space) t->signals.stack = from->signals.stack;
}

static void clear_caught(struct process_signals *signals)
{
    for (uint32_t i = 0; i < LINUX_NSIG; i++) {
        uint64_t handler = signals->actions[i].handler == LINUX_SIG_IGN ? LINUX_SIG_IGN : LINUX_SIG_DFL;
        signals->actions[i] = (struct linux_sigaction){ .handler = handler };
    }
}

void signal_copy_actions(struct process *to, struct process *from, bool clears)
{
    spin_lock(&from->signal_lock);
    memcpy(to->signals.actions, from->signals.actions, sizeof(to->signals.actions));
    spin_unlock(&from->signal_lock);
    if (clears) clear_caught(&to->signals);
}

void signal_reset_for_exec(void)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    clear_caught(&p->signals);
    t->signals.stack = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
    spin_unlock(&p->signal_lock);
}
