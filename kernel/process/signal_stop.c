/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping and going on. A stopped thread sleeps in signal_act, whatever else waits for it; SIGCONT and the end of
 * the process alone wake it. The last thread to stop tells the parent. */
#include "process/signal_internal.h"

static void interrupt_all_locked(struct process *p) REQUIRES(p->signal_lock)
{
    LIST_FOR_EACH (node, &p->threads)
        thread_interrupt(LIST_ENTRY(node, struct user_thread, process_link)->thread);
}

void signal_stop_locked(struct process *p, uint32_t number) NO_THREAD_SAFETY_ANALYSIS
{
    p->signals.stop_signal = number;
    p->signals.is_stop_told = false;
    interrupt_all_locked(p);
}

void signal_continue_locked(struct process *p) NO_THREAD_SAFETY_ANALYSIS
{
    if (!p->signals.stop_signal) return;
    p->signals.must_tell_continued = p->signals.is_stop_told;
    p->signals.stop_signal = 0;
    interrupt_all_locked(p);
}

static bool has_stopped_locked(const struct process *p)
{
    if (!p->signals.stop_signal || p->signals.is_stop_told || p->is_ending) return false;
    LIST_FOR_EACH (node, &p->threads)
        if (!LIST_ENTRY(node, struct user_thread, process_link)->signals.is_stopped) return false;
    return true;
}

/* If all of its threads have stopped, still. */
static void tell_stopped_locked(struct process *p) REQUIRES(process_tree_lock)
{
    spin_lock(&p->signal_lock);
    bool tells = has_stopped_locked(p);
    if (tells) {
        p->signals.is_stop_told = true;
        p->stop_signal = p->signals.stop_signal;
    }
    spin_unlock(&p->signal_lock);
    if (tells) {
        p->news = NEWS_STOPPED;
        process_tell_parent_locked(p, LINUX_SIGCHLD);
    }
}

static void tell_stopped(struct process *p)
{
    spin_lock(&process_tree_lock);
    tell_stopped_locked(p);
    spin_unlock(&process_tree_lock);
}

/* Everybody who has a reason to wake this thread tells it by thread_interrupt, so there is nothing else to wait for. */
static void sleep_until_interrupted(void)
{
    struct wait_queue nobody_else = WAIT_QUEUE_INIT(nobody_else);
    spin_lock(&nobody_else.lock);
    err_t e = wait_sleep_interruptible_locked(&nobody_else, UINT64_MAX);
    (void)e;
    spin_unlock(&nobody_else.lock);
}

void signal_stay_stopped_locked(struct user_thread *t)
{
    struct process *p = t->process;
    t->signals.is_stopped = true;
    while (p->signals.stop_signal && !user_thread_must_end(t)) {
        bool tells = has_stopped_locked(p);
        process_forget_interrupt();
        spin_unlock(&p->signal_lock);
        if (tells)
            tell_stopped(p);
        else
            sleep_until_interrupted();
        spin_lock(&p->signal_lock);
    }
    t->signals.is_stopped = false;
}

void signal_tell_continued_locked(struct process *p)
{
    p->signals.must_tell_continued = false;
    spin_unlock(&p->signal_lock);
    spin_lock(&process_tree_lock);
    p->news = NEWS_CONTINUED;
    process_tell_parent_locked(p, LINUX_SIGCHLD);
    spin_unlock(&process_tree_lock);
    spin_lock(&p->signal_lock);
}

void signal_after_leave_locked(struct process *p)
{
    if (unlikely(p->signals.stop_signal)) tell_stopped_locked(p);
}

bool signal_group_is_orphaned(const struct process *process)
{
    bool is_orphaned = true;
    spin_lock(&process_tree_lock);
    LIST_FOR_EACH (node, &process->group->group) {
        const struct process *p = LIST_ENTRY(node, struct process, group_link);
        if (p->is_zombie || !p->parent) continue;
        if (p->parent->group != p->group && p->parent->session == p->session) is_orphaned = false;
    }
    spin_unlock(&process_tree_lock);
    return is_orphaned;
}
