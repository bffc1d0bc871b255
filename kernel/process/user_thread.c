/* SPDX-License-Identifier: Apache-2.0 */
#include "process/user_thread.h"

#include "fs/credentials.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/clone.h"
#include "process/posix_timer.h"
#include "process/process_internal.h"
#include "sched/thread_fpu.h"
#include "vm/usercopy.h"

/* The first thing that a thread does, in the kernel. The frame has to lie on its stack. */
static void begin(void *argument)
{
    struct user_thread *t = argument;
    struct trap_frame frame = t->start;
    if (t->set_tid) {
        err_t e = user_copy_out(UADDR(t->set_tid), &t->tid, sizeof(t->tid));
        (void)e; /* as on Linux, nobody is told */
    }
    trap_resume(&frame);
}

/* Under its process's signal_lock. */
static void dismiss_locked(struct user_thread *t)
{
    __atomic_store_n(&t->is_dismissed, true, __ATOMIC_RELAXED);
    thread_interrupt(t->thread);
}

/* From here on orders for the whole process reach it, and those before, too. */
void user_thread_join_locked(struct user_thread *t)
{
    struct process *p = t->process;
    t->id->thread = t;
    spin_lock(&p->signal_lock);
    list_push_back(&p->threads, &t->process_link);
    __atomic_add_fetch(&p->thread_count, 1, __ATOMIC_RELAXED);
    signal_join_locked(t);
    if (p->is_dismissing) dismiss_locked(t);
    spin_unlock(&p->signal_lock);
}

err_t user_thread_create(struct process *process, struct process_id *id, void (*entry)(void *thread),
                         struct user_thread **out)
{
    struct user_thread *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return ERR_NO_MEMORY;
    t->thread = thread_create_stopped("program", entry ? entry : begin, t);
    if (!t->thread) goto free_thread;
    if (failed(thread_fpu_create(t->thread))) goto destroy_stopped;
    t->process = process;
    t->timer_slack_ns = TIMER_SLACK_DEFAULT_NS;
    t->id = id;
    t->tid = id->number;

    t->thread->user = t;
    t->thread->process = process;
    t->thread->is_of_process = true;
    t->thread->credentials = credentials_get(credentials_current());
    *out = t;
    return OK;

destroy_stopped:
    thread_destroy_stopped(t->thread);
free_thread:
    heap_free(t);
    return ERR_NO_MEMORY;
}

/* The number of the first thread is its process's. */
static void put_id_locked(struct user_thread *t) REQUIRES(process_tree_lock)
{
    t->id->thread = NULL;
    if (t->id != t->process->id) process_id_put_locked(t->id);
}

void user_thread_destroy(struct user_thread *t)
{
    const struct credentials *credentials = t->thread->credentials;
    thread_destroy_stopped(t->thread);
    spin_lock(&process_tree_lock);
    put_id_locked(t);
    spin_unlock(&process_tree_lock);
    credentials_put(credentials);
    heap_free(t);
}

void user_thread_run(struct user_thread *t)
{
    thread_detach(t->thread);
    thread_start(t->thread);
}

void user_thread_start(struct user_thread *t)
{
    spin_lock(&process_tree_lock);
    user_thread_join_locked(t);
    spin_unlock(&process_tree_lock);
    user_thread_run(t);
}

/* ---- one alone ---- */

static bool begin_dismissal(struct user_thread *self)
{
    struct process *p = self->process;
    spin_lock(&p->signal_lock);
    bool is_first = !p->is_ending && !p->is_dismissing;
    if (is_first) {
        p->is_dismissing = true;
        LIST_FOR_EACH (node, &p->threads) {
            struct user_thread *t = LIST_ENTRY(node, struct user_thread, process_link);
            if (t != self) dismiss_locked(t);
        }
    }
    spin_unlock(&p->signal_lock);
    return is_first;
}

/* The first thread is gone, and its number free. */
static void take_first_number(struct user_thread *t)
{
    struct process *p = t->process;
    if (t->id == p->id) return;
    spin_lock(&process_tree_lock);
    t->id->thread = NULL;
    process_id_put_locked(t->id);
    t->id = p->id;
    t->tid = p->pid;
    t->id->thread = t;
    spin_unlock(&process_tree_lock);
}

err_t user_thread_dismiss_others(void)
{
    struct user_thread *self = user_thread_current();
    struct process *p = self->process;
    if (!begin_dismissal(self)) return ERR_INTERRUPTED;
    spin_lock(&p->thread_queue.lock);
    while (__atomic_load_n(&p->thread_count, __ATOMIC_RELAXED) > 1) wait_sleep_locked(&p->thread_queue);
    spin_unlock(&p->thread_queue.lock);
    spin_lock(&p->signal_lock);
    p->is_dismissing = false;
    spin_unlock(&p->signal_lock);
    take_first_number(self);
    return OK;
}

/* ---- the end ---- */

/* Returns true for the last one, whose process ends with it. For others the process may be gone on return: the lock of
 * the tree keeps it until then. */
static bool leave_process(struct user_thread *t, uint32_t wait_status)
{
    struct process *p = t->process;
    uint32_t pid = p->pid;
    spin_lock(&process_tree_lock);
    bool is_shown = t->id->is_shown;
    put_id_locked(t);
    if (t->tid == p->pid) memcpy(p->name, t->name, sizeof(p->name));
    spin_lock(&p->signal_lock);
    list_remove(&t->process_link);
    signal_leave_locked(t);
    process_timers_leave_locked(t);
    p->ended_threads = process_usage_sum(p->ended_threads, thread_usage(t));
    bool is_last = __atomic_sub_fetch(&p->thread_count, 1, __ATOMIC_RELAXED) == 0;
    if (is_last && !p->is_ending) p->end_status = wait_status; /* it ends as its last thread did */
    if (p->is_dismissing) wait_wake_all(&p->thread_queue);
    spin_unlock(&p->signal_lock);
    if (!is_last) signal_after_leave_locked(p);
    spin_unlock(&process_tree_lock);
    if (!is_last && is_shown && process_forgotten) process_forgotten(pid, t->tid);
    return is_last;
}

void user_thread_exit(uint32_t wait_status)
{
    struct user_thread *t = user_thread_current();
    interrupts_on();
    futex_exit_robust(t);
    futex_clear_tid(t);
    vfork_end(t);
    thread_set_space(NULL, NULL); /* before the last thread of the process can empty the space */
    bool is_last = leave_process(t, wait_status);
    thread_current()->process = NULL;
    if (is_last) process_become_zombie(t->process);
    thread_current()->user = NULL;
    credentials_put(thread_current()->credentials);
    thread_current()->credentials = NULL;
    heap_free(t);
    thread_exit();
}
