/* SPDX-License-Identifier: Apache-2.0 */
#include "process/wait.h"

#include "abi/linux/sched.h"
#include "process/process_internal.h"

/* How wait(2) encodes what is not an end. */
enum { STATUS_STOPPED = 0x7f, STATUS_CONTINUED = 0xffff };

static bool is_meant_locked(const struct process *child, const struct wait_request *r)
    REQUIRES(process_tree_lock)
{
    bool is_clone = child->end_signal != LINUX_SIGCHLD;
    if (!(r->options & LINUX_WALL) && is_clone != !!(r->options & LINUX_WCLONE)) return false;
    switch (r->which) {
    case WAIT_FOR_PROCESS: return child->pid == r->number;
    case WAIT_FOR_GROUP: return child->group->number == r->number;
    default: return true;
    }
}

static bool take_news_locked(struct process *child, const struct wait_request *r, struct wait_result *out)
    REQUIRES(process_tree_lock)
{
    bool is_stop = child->news == NEWS_STOPPED && (r->options & LINUX_WSTOPPED);
    bool is_continuation = child->news == NEWS_CONTINUED && (r->options & LINUX_WCONTINUED);
    if (child->is_zombie || (!is_stop && !is_continuation)) return false;
    out->status = is_stop ? child->stop_signal << 8 | STATUS_STOPPED : STATUS_CONTINUED;
    if (!(r->options & LINUX_WNOWAIT)) child->news = NEWS_NONE;
    return true;
}

static bool take_end_locked(struct process *child, const struct wait_request *r, struct wait_result *out,
                            struct process **dead) REQUIRES(process_tree_lock)
{
    if (!child->is_zombie || !(r->options & LINUX_WEXITED)) return false;
    out->status = child->wait_status;
    out->usage = process_usage_sum(child->ended_threads, child->ended_children);
    if (r->options & LINUX_WNOWAIT) return true;
    child->parent->ended_children = process_usage_sum(child->parent->ended_children, out->usage);
    process_forget_locked(child);
    *dead = child;
    return true;
}

/* ERR_TRY_AGAIN: there are such children, and no news. */
static err_t look(const struct wait_request *r, struct wait_result *out)
{
    struct process *p = process_current(), *dead = NULL;
    err_t e = ERR_NO_CHILD;
    spin_lock(&process_tree_lock);
    LIST_FOR_EACH (node, &p->children) {
        struct process *child = LIST_ENTRY(node, struct process, sibling);
        if (!is_meant_locked(child, r)) continue;
        if (child->is_zombie && !(r->options & LINUX_WEXITED)) continue; /* it has nothing else to tell */
        e = ERR_TRY_AGAIN;
        out->pid = child->pid;
        if (!take_end_locked(child, r, out, &dead) && !take_news_locked(child, r, out)) continue;
        e = OK;
        break;
    }
    spin_unlock(&process_tree_lock);
    if (dead) process_free(dead);
    return e;
}

/* So many changes were seen by the look that has found none. */
static err_t sleep_after(struct process *p, uint32_t seen)
{
    err_t e = OK;
    spin_lock(&p->child_queue.lock);
    while (p->child_events == seen && !failed(e))
        e = wait_sleep_interruptible_locked(&p->child_queue, UINT64_MAX);
    spin_unlock(&p->child_queue.lock);
    return e;
}

static uint32_t events_so_far(struct process *p)
{
    spin_lock(&p->child_queue.lock);
    uint32_t events = p->child_events;
    spin_unlock(&p->child_queue.lock);
    return events;
}

err_t process_wait(const struct wait_request *request, struct wait_result *out)
{
    struct process *p = process_current();
    *out = (struct wait_result){ 0 };
    for (;;) {
        uint32_t seen = events_so_far(p);
        err_t e = look(request, out);
        if (e.code != ERR_TRY_AGAIN.code) return e;
        out->pid = 0;
        if (request->options & LINUX_WNOHANG) return OK;
        e = sleep_after(p, seen);
        if (failed(e)) return e;
    }
}
