/* SPDX-License-Identifier: Apache-2.0 */
/* How threads and processes end.
 *
 * Each thread ends by itself, on its way to ring 3 or in a system call, in user_thread_exit. The last one of a
 * process gives back what the process had and makes it a zombie, which its parent waits for. */
#include "abi/linux/poll.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "mm/heap.h"
#include "process/posix_timer.h"
#include "process/process_group.h"
#include "process/process_internal.h"
#include "process/user_thread.h"
#include "vm/space.h"

void (*process_undo_semaphores)(struct process *process);
void (*process_session_ends)(struct process *leader);
void (*process_init_ended)(struct process *process, uint32_t wait_status);

static struct process *init GUARDED_BY(process_tree_lock); /* NULL: not there yet, or ended */
/* Sleepers in process_end_all. */
static struct wait_queue others_ended = WAIT_QUEUE_INIT(others_ended);

/* ---- orders ---- */

void process_order_end(struct process *p, uint32_t wait_status)
{
    spin_lock(&p->signal_lock);
    if (!p->is_ending) {
        p->is_ending = true;
        p->end_status = wait_status;
        LIST_FOR_EACH (node, &p->threads)
            thread_interrupt(LIST_ENTRY(node, struct user_thread, process_link)->thread);
    }
    spin_unlock(&p->signal_lock);
}

void process_end(uint32_t wait_status)
{
    process_order_end(process_current(), wait_status);
    user_thread_exit(wait_status);
}

/* ---- a process without threads ---- */

void process_tell_parent_locked(struct process *p, uint32_t number)
{
    struct process *parent = p->parent;
    if (!parent) return;
    if (number) signal_send_child_locked(parent, p, number);
    spin_lock(&parent->child_queue.lock);
    parent->child_events++;
    wait_wake_all_locked(&parent->child_queue);
    spin_unlock(&parent->child_queue.lock);
}

/* Nobody will wait for it: it has no parent, or one that does not want to know. */
static bool is_unwanted_locked(const struct process *p) REQUIRES(process_tree_lock)
{
    return !p->parent || (p->end_signal == LINUX_SIGCHLD && signal_forgets_children(p->parent));
}

/* What nobody will wait for leaves the tree, for `dead`. */
static void tell_end_locked(struct process *p, struct list *dead) REQUIRES(process_tree_lock)
{
    process_tell_parent_locked(p, p->end_signal);
    if (!is_unwanted_locked(p)) return;
    process_forget_locked(p);
    list_push_back(dead, &p->sibling);
}

/* The nearest ancestor that asked for orphans, or init. */
static struct process *adopter_locked(const struct process *p) REQUIRES(process_tree_lock)
{
    for (struct process *at = p->parent; at; at = at->parent)
        if (at->adopts && !at->is_zombie) return at;
    return init;
}

static void give_children_away_locked(struct process *p, struct list *dead) REQUIRES(process_tree_lock)
{
    struct process *adopter = adopter_locked(p);
    LIST_FOR_EACH_SAFE (node, &p->children) {
        struct process *child = LIST_ENTRY(node, struct process, sibling);
        list_remove(&child->sibling);
        process_set_parent_locked(child, adopter);
        child->end_signal = LINUX_SIGCHLD;
        if (adopter) list_push_back(&adopter->children, &child->sibling);
        if (child->orphan_signal) signal_send_number(child, child->orphan_signal);
        process_group_check_locked(child, p, NULL);
        if (child->is_zombie) tell_end_locked(child, dead);
    }
}

static void free_all(struct list *dead)
{
    LIST_FOR_EACH_SAFE (node, dead) {
        list_remove(node);
        process_free(LIST_ENTRY(node, struct process, sibling));
    }
}

static void give_back(struct process *p)
{
    struct space *space = p->space;
    struct fd_table *files = p->files;
    struct fs_context *fs = p->fs;
    spin_lock(&p->signal_lock);
    if (space) p->ended_threads = process_usage_sum(p->ended_threads, space_usage(space));
    p->space = NULL;
    p->files = NULL;
    p->fs = NULL;
    spin_unlock(&p->signal_lock);
    if (space) space_leave(space); /* init may have failed to get a program */
    fd_table_put(files);
    fs_context_put(fs);
}

void process_become_zombie(struct process *p)
{
    struct list dead = LIST_INIT(dead);
    process_timers_end(p);
    if (p->has_semaphore_undos) process_undo_semaphores(p);
    if (p->session == p->id && process_session_ends)
        process_session_ends(p); /* nobody else changes its session */
    give_back(p);
    spin_lock(&process_tree_lock);
    bool is_init = p == init;
    if (is_init) init = NULL;
    give_children_away_locked(p, &dead);
    process_group_check_locked(p, p->parent, p);
    p->wait_status = p->end_status;
    p->is_zombie = true;
    readiness_changed(&p->id->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
    if (!is_init) tell_end_locked(p, &dead);
    spin_unlock(&process_tree_lock);
    free_all(&dead);
    if (is_init) process_init_ended(p, p->wait_status);
}

/* ---- the end of the container ---- */

void process_set_init(struct process *p)
{
    spin_lock(&process_tree_lock);
    init = p;
    spin_unlock(&process_tree_lock);
}

void process_start_init(struct process *p, struct user_thread *thread)
{
    process_set_init(p);
    err_t e = process_publish(p, NULL, false, thread);
    (void)e; /* nobody has made it who could be interrupted */
    user_thread_run(thread);
}

bool process_tree_has_ended_locked(void) { return !init; }

static void kill(struct process *p, void *context)
{
    (void)context;
    process_order_end(p, wait_status_of_signal(LINUX_SIGKILL));
}

void process_others_ended(void) { wait_wake_all(&others_ended); }

void process_end_all(struct process *last)
{
    spin_lock(&process_tree_lock);
    process_for_each_locked(kill, NULL);
    spin_unlock(&process_tree_lock);
    spin_lock(&others_ended.lock);
    while (process_count() > 1) wait_sleep_locked(&others_ended);
    spin_unlock(&others_ended.lock);
    spin_lock(&process_tree_lock);
    process_forget_locked(last);
    spin_unlock(&process_tree_lock);
    process_free(last);
}
