/* SPDX-License-Identifier: Apache-2.0 */
/* Which session a terminal controls, and which group of it may use it. [posix 11.1, linux drivers/tty/tty_jobctrl.c]
 * All under process_tree_lock; the session's number keeps the terminal and its foreground (process/process_id.h). */
#include "terminal/job_control.h"

#include "fs/credentials.h"
#include "process/process_group.h"
#include "process/user_thread.h"
#include "terminal/terminal.h"

static void signal_group_locked(struct process_id *group, uint32_t signal) REQUIRES(process_tree_lock)
{
    LIST_FOR_EACH (node, &group->group)
        signal_send_number(LIST_ENTRY(node, struct process, group_link), signal);
}

static void signal_foreground_locked(const struct terminal *t, uint32_t signal) REQUIRES(process_tree_lock)
{
    if (!t->session || !t->session->foreground) return;
    struct process_id *group = process_id_find_locked(t->session->foreground);
    if (group) signal_group_locked(group, signal);
}

void job_signal(struct terminal *t, uint32_t signal)
{
    spin_lock(&process_tree_lock);
    signal_foreground_locked(t, signal);
    spin_unlock(&process_tree_lock);
}

void job_act(struct terminal *t, uint32_t events)
{
    if (events & LINE_SIGNAL_INTERRUPT) job_signal(t, LINUX_SIGINT);
    if (events & LINE_SIGNAL_QUIT) job_signal(t, LINUX_SIGQUIT);
    if (events & LINE_SIGNAL_STOP) job_signal(t, LINUX_SIGTSTP);
}

/* ---- who may use it now ---- */

static bool is_ignored(uint32_t signal)
{
    bool is_blocked = user_thread_current()->signals.blocked & signal_bit(signal);
    return is_blocked || signal_get_action(signal).handler == LINUX_SIG_IGN;
}

err_t job_check(struct terminal *t, uint32_t signal)
{
    struct process *p = process_current();
    bool is_deaf = is_ignored(signal);
    err_t e = OK;
    spin_lock(&process_tree_lock);
    const struct process_id *session = p->session;
    bool is_behind = session->terminal == t && session->foreground && session->foreground != p->group->number;
    if (is_behind && is_deaf)
        e = signal == LINUX_SIGTTIN ? ERR_IO : OK;
    else if (is_behind && process_group_is_orphaned_locked(p->group))
        e = ERR_IO;
    else if (is_behind) {
        signal_group_locked(p->group, signal);
        e = ERR_INTERRUPTED;
    }
    spin_unlock(&process_tree_lock);
    return e;
}

/* ---- whose it is ---- */

/* Returns what is to be put after unlocking. */
static struct terminal *release_locked(struct process_id *session) REQUIRES(process_tree_lock)
{
    struct terminal *t = session->terminal;
    if (!t) return NULL;
    session->terminal = NULL;
    session->terminal_device = session->foreground = 0;
    t->session = NULL;
    process_id_put_locked(session);
    return t;
}

static void take_locked(struct terminal *t, const struct process *p) REQUIRES(process_tree_lock)
{
    t->session = process_id_get_locked(p->session);
    p->session->terminal = terminal_get(t);
    p->session->terminal_device = t->device;
    p->session->foreground = p->group->number;
}

err_t job_take_terminal(struct terminal *t, bool steals)
{
    const struct process *p = process_current();
    struct terminal *before = NULL;
    err_t e = OK;
    bool may_steal = steals && may_use(LINUX_CAP_SYS_ADMIN);
    spin_lock(&process_tree_lock);
    if (t->session != p->session || p->session != p->id) {
        bool is_free = !t->session || may_steal;
        if (p->session != p->id || p->session->terminal || !is_free) e = ERR_NOT_PERMITTED;
        if (!failed(e) && t->session) before = release_locked(t->session);
        if (!failed(e)) take_locked(t, p);
    }
    spin_unlock(&process_tree_lock);
    terminal_put(before);
    return e;
}

void job_take_free_terminal(struct terminal *t)
{
    const struct process *p = process_current();
    spin_lock(&process_tree_lock);
    if (p->session == p->id && !p->session->terminal && !t->session) take_locked(t, p);
    spin_unlock(&process_tree_lock);
}

/* What is left of the session keeps none either. */
static void end_session(struct process *leader)
{
    spin_lock(&process_tree_lock);
    if (leader->session->terminal) signal_foreground_locked(leader->session->terminal, LINUX_SIGHUP);
    struct terminal *t = release_locked(leader->session);
    spin_unlock(&process_tree_lock);
    terminal_put(t);
}

err_t job_leave_terminal(struct terminal *t)
{
    struct process *p = process_current();
    struct terminal *before = NULL;
    err_t e = OK;
    spin_lock(&process_tree_lock);
    if (p->session->terminal != t) e = ERR_NOT_TTY;
    /* A terminal is a session's here, not each process's, so one that is not the leader cannot leave it alone. */
    else if (p->session != p->id)
        e = ERR_NOT_PERMITTED;
    else {
        signal_foreground_locked(t, LINUX_SIGHUP);
        signal_foreground_locked(t, LINUX_SIGCONT);
        before = release_locked(p->session);
    }
    spin_unlock(&process_tree_lock);
    terminal_put(before);
    return e;
}

void job_hang_up(struct terminal *t)
{
    struct terminal *before = NULL;
    spin_lock(&process_tree_lock);
    if (t->session) {
        struct process *leader = t->session->process;
        if (leader && leader->session == t->session) {
            signal_send_number(leader, LINUX_SIGHUP);
            signal_send_number(leader, LINUX_SIGCONT);
        }
        signal_foreground_locked(t, LINUX_SIGHUP);
        before = release_locked(t->session);
    }
    spin_unlock(&process_tree_lock);
    terminal_put(before);
}

struct terminal *job_terminal(void)
{
    spin_lock(&process_tree_lock);
    struct terminal *t = process_current()->session->terminal;
    if (t) terminal_get(t);
    spin_unlock(&process_tree_lock);
    return t;
}

/* ---- the foreground ---- */

static bool is_own_locked(const struct terminal *t) REQUIRES(process_tree_lock)
{
    const struct process_id *session = process_current()->session;
    return session->terminal == t && t->session == session;
}

err_t job_get_group(struct terminal *t, bool is_master, int32_t *group)
{
    spin_lock(&process_tree_lock);
    bool may_ask = is_master || is_own_locked(t);
    *group = t->session ? (int32_t)t->session->foreground : 0;
    spin_unlock(&process_tree_lock);
    return may_ask ? OK : ERR_NOT_TTY;
}

err_t job_get_session(struct terminal *t, bool is_master, int32_t *session)
{
    spin_lock(&process_tree_lock);
    bool may_ask = (is_master || is_own_locked(t)) && t->session;
    *session = t->session ? (int32_t)t->session->number : 0;
    spin_unlock(&process_tree_lock);
    return may_ask ? OK : ERR_NOT_TTY;
}

err_t job_set_group(struct terminal *t, bool is_master, int32_t group)
{
    err_t e = is_master ? OK : job_check(t, LINUX_SIGTTOU);
    if (failed(e)) return e.code == ERR_IO.code ? ERR_NOT_TTY : e;
    spin_lock(&process_tree_lock);
    struct process_id *id = group > 0 ? process_id_find_locked((uint32_t)group) : NULL;
    if (!is_own_locked(t))
        e = ERR_NOT_TTY;
    else if (group < 0)
        e = ERR_INVALID;
    else if (!id)
        e = ERR_NO_PROCESS;
    else if (list_is_empty(&id->group) ||
             LIST_ENTRY(id->group.next, struct process, group_link)->session != process_current()->session)
        e = ERR_NOT_PERMITTED;
    else
        t->session->foreground = (uint32_t)group;
    spin_unlock(&process_tree_lock);
    return e;
}

void job_control_init(void) { process_session_ends = end_session; }
