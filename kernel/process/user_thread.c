/* SPDX-License-Identifier: Apache-2.0 */
#include "process/user_thread.h"

#include "lib/string.h"
#include "mm/heap.h"
#include "process/process_internal.h"
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

/* From here on orders for the whole process reach it. */
static void join_process(struct user_thread *t)
{
    struct process *p = t->process;
    spin_lock(&process_tree_lock);
    t->id->thread = t;
    spin_unlock(&process_tree_lock);
    spin_lock(&p->signal_lock);
    list_push_back(&p->threads, &t->process_link);
    p->thread_count++;
    if (p->is_ending) thread_interrupt(t->thread);
    spin_unlock(&p->signal_lock);
}

err_t user_thread_create(struct process *process, struct process_id *id, void (*entry)(void *thread),
                         struct user_thread **out)
{
    struct user_thread *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return ERR_NO_MEMORY;
    t->thread = thread_create_stopped("program", entry ? entry : begin, t);
    if (!t->thread) {
        heap_free(t);
        return ERR_NO_MEMORY;
    }
    t->process = process;
    t->id = id;
    t->tid = id->number;
    t->signals.stack.flags = LINUX_SS_DISABLE;
    t->thread->user = t;
    t->thread->process = process;
    *out = t;
    return OK;
}

/* The number of the first thread is its process's. */
static void put_id(struct user_thread *t)
{
    spin_lock(&process_tree_lock);
    t->id->thread = NULL;
    if (t->id != t->process->id) process_id_put_locked(t->id);
    spin_unlock(&process_tree_lock);
}

void user_thread_destroy(struct user_thread *t)
{
    thread_destroy_stopped(t->thread);
    put_id(t);
    heap_free(t);
}

void user_thread_start(struct user_thread *t)
{
    join_process(t);
    thread_detach(t->thread);
    thread_start(t->thread);
}

/* ---- the end ---- */

/* Returns true for the last one, whose process ends with it. */
static bool leave_process(struct user_thread *t, uint32_t wait_status)
{
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    list_remove(&t->process_link);
    bool is_last = --p->thread_count == 0;
    bool is_first_thread = t->id == p->id;
    if (!p->is_ending && (is_first_thread || (is_last && !p->has_status))) {
        p->end_status = wait_status; /* the process ends as its first thread did */
        p->has_status = true;
    }
    if (p->last_waits && p->thread_count == 1) thread_wake(p->last_waits);
    spin_unlock(&p->signal_lock);
    return is_last;
}

void user_thread_exit(uint32_t wait_status)
{
    struct user_thread *t = user_thread_current();
    interrupts_on();
    thread_set_space(NULL, PADDR_NONE); /* before the last thread of the process can empty the space */
    put_id(t);
    bool is_last = leave_process(t, wait_status);
    thread_current()->process = NULL;
    if (is_last) process_become_zombie(t->process);
    thread_current()->user = NULL;
    heap_free(t);
    thread_exit();
}
