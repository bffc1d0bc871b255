/* SPDX-License-Identifier: Apache-2.0 */
#include "process/clone.h"

#include "abi/linux/sched.h"
#include "arch/features.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "process/pidfd.h"
#include "process/process_internal.h"
#include "process/rseq.h"
#include "process/user_thread.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

/* What one thread shares with another of its process. */
#define THREAD_FLAGS (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND)

/* Without effect here: nobody traces, there are no I/O contexts, and threads always share what semop(2) shall undo. */
#define IDLE_FLAGS \
    (LINUX_CLONE_PTRACE | LINUX_CLONE_UNTRACED | LINUX_CLONE_SYSVSEM | LINUX_CLONE_DETACHED | LINUX_CLONE_IO)

#define SUPPORTED_FLAGS                                                                        \
    (THREAD_FLAGS | IDLE_FLAGS | LINUX_CLONE_VFORK | LINUX_CLONE_PARENT | LINUX_CLONE_THREAD | \
     LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID |             \
     LINUX_CLONE_CHILD_SETTID | LINUX_CLONE_CLEAR_SIGHAND | LINUX_CLONE_PIDFD)

/* The parent that waits until the child leaves its space; on the parent's stack. Who ends it, child or parent, does so
 * under process_tree_lock. */
struct vfork {
    struct wait_queue queue; /* its lock guards: */
    bool is_over;
    struct user_thread *child; /* fixed; there until it is over */
};

static err_t check(const struct clone_request *r)
{
    uint64_t flags = r->flags, shared = flags & THREAD_FLAGS;
    if (flags & ~SUPPORTED_FLAGS) return ERR_INVALID;
    if ((flags & LINUX_CLONE_SIGHAND) && !(flags & LINUX_CLONE_VM)) return ERR_INVALID;
    if ((flags & LINUX_CLONE_SIGHAND) && (flags & LINUX_CLONE_CLEAR_SIGHAND)) return ERR_INVALID;
    /* Init has no siblings, which nobody could wait for. */
    if ((flags & LINUX_CLONE_PARENT) && !__atomic_load_n(&process_current()->parent_pid, __ATOMIC_RELAXED))
        return ERR_INVALID;
    if ((flags & LINUX_CLONE_THREAD) && shared != THREAD_FLAGS) return ERR_INVALID;
    if ((flags & LINUX_CLONE_PIDFD) && (flags & (LINUX_CLONE_THREAD | LINUX_CLONE_DETACHED)))
        return ERR_INVALID;
    if ((flags & LINUX_CLONE_SETTLS) && r->tls >= USER_END) return ERR_NOT_PERMITTED;
    return r->end_signal <= LINUX_NSIG ? OK : ERR_INVALID;
}

/* ---- a thread, of whatever process ---- */

static void fill_thread(struct user_thread *t, const struct clone_request *r, const struct trap_frame *frame)
{
    const struct user_thread *from = user_thread_current();
    struct space *space = t->process->space;
    t->thread->space = space;
    t->thread->page_table = &space->page_table;
    t->thread->bases.fs = r->flags & LINUX_CLONE_SETTLS ? r->tls : fs_base_read();
    t->thread->bases.gs = user_gs_base_read();
    fpu_copy(&t->thread->fpu, &thread_current()->fpu);
    t->start = *frame;
    t->start.rax = 0;
    if (r->stack) t->start.rsp = r->stack;
    if (r->flags & LINUX_CLONE_CHILD_SETTID) t->set_tid = r->child_tid;
    if (r->flags & LINUX_CLONE_CHILD_CLEARTID) t->clear_tid = r->child_tid;
    memcpy(t->name, from->name, sizeof(t->name));
    t->timer_slack_ns = from->timer_slack_ns;
    t->memory_policy = from->memory_policy;
    t->io_priority = from->io_priority;
    niceness_inherit(t);
    if (!(r->flags & LINUX_CLONE_VM)) rseq_inherit(t);
    signal_inherit(t, (r->flags & (LINUX_CLONE_VM | LINUX_CLONE_VFORK)) == LINUX_CLONE_VM);
}

static void tell_parent_tid(const struct clone_request *r, uint32_t number)
{
    if (!(r->flags & LINUX_CLONE_PARENT_SETTID)) return;
    err_t e = user_copy_out(UADDR(r->parent_tid), &number, sizeof(number));
    (void)e; /* as on Linux, nobody is told */
}

static err_t clone_thread(const struct clone_request *r, const struct trap_frame *frame, uint32_t *number)
{
    struct user_thread *t;
    struct process_id *id = process_id_alloc();
    if (!id) return ERR_TRY_AGAIN;
    err_t e = user_thread_create(process_current(), id, NULL, &t);
    if (failed(e)) {
        process_id_put(id);
        return e;
    }
    fill_thread(t, r, frame);
    *number = t->tid;
    tell_parent_tid(r, t->tid);
    user_thread_start(t);
    return OK;
}

/* ---- a process ---- */

static err_t copy_space(struct process *to, struct process *from, uint64_t flags)
{
    if (!(flags & LINUX_CLONE_VM)) return space_clone(from->space, &to->space);
    to->space = space_enter(from->space);
    return OK;
}

static err_t copy_files(struct process *to, struct process *from, uint64_t flags)
{
    to->files = flags & LINUX_CLONE_FILES ? fd_table_get(from->files) : fd_table_clone(from->files);
    if (!to->files) return ERR_NO_MEMORY;
    to->fs = flags & LINUX_CLONE_FS ? fs_context_get(from->fs) : fs_context_clone(from->fs);
    return to->fs ? OK : ERR_NO_MEMORY;
}

static err_t copy_process(struct process *from, const struct clone_request *r, struct process **out)
{
    struct process *p;
    err_t e = process_alloc(from->path, &p);
    if (failed(e)) return e;
    p->end_signal = r->end_signal;
    p->no_new_privileges = from->no_new_privileges;
    p->is_dumpable = from->is_dumpable;
    p->personality = from->personality;
    p->fpu_permitted = from->fpu_permitted;
    memcpy(p->limits, from->limits, sizeof(p->limits));
    e = signal_give_actions(p, from, r->flags & LINUX_CLONE_SIGHAND, r->flags & LINUX_CLONE_CLEAR_SIGHAND);
    if (!failed(e)) e = copy_files(p, from, r->flags);
    if (!failed(e)) e = copy_space(p, from, r->flags);
    if (failed(e))
        process_free(p);
    else
        *out = p;
    return e;
}

static void discard(struct process *p)
{
    space_leave(p->space);
    process_free(p);
}

/* Signals wait for the child, but for those that end this thread. */
static bool must_end(struct user_thread *t)
{
    spin_lock(&t->process->signal_lock);
    bool is_end = user_thread_must_end(t);
    if (!is_end) process_forget_interrupt();
    spin_unlock(&t->process->signal_lock);
    return is_end;
}

static bool sleep_once(struct vfork *vfork, err_t *e)
{
    spin_lock(&vfork->queue.lock);
    bool is_over = vfork->is_over;
    *e = is_over ? OK : wait_sleep_interruptible_locked(&vfork->queue, UINT64_MAX);
    spin_unlock(&vfork->queue.lock);
    return is_over;
}

static void wait_for(struct vfork *vfork)
{
    struct user_thread *self = user_thread_current();
    bool was_interrupted = false, gives_up = false;
    for (err_t e = OK; !gives_up && !sleep_once(vfork, &e);) {
        if (!failed(e)) continue;
        was_interrupted = true;
        gives_up = must_end(self);
    }
    if (gives_up) {
        spin_lock(&process_tree_lock);
        if (!vfork->is_over) vfork->child->vfork = NULL;
        spin_unlock(&process_tree_lock);
    }
    if (was_interrupted) thread_interrupt(self->thread); /* what it was for is looked at later */
}

void vfork_end(struct user_thread *t)
{
    if (!t->vfork) return;
    spin_lock(&process_tree_lock);
    struct vfork *vfork = t->vfork;
    t->vfork = NULL;
    if (vfork) {
        spin_lock(&vfork->queue.lock);
        vfork->is_over = true;
        wait_wake_all_locked(&vfork->queue);
        spin_unlock(&vfork->queue.lock);
    }
    spin_unlock(&process_tree_lock);
}

static err_t clone_process(const struct clone_request *r, const struct trap_frame *frame, uint32_t *number)
{
    struct user_thread *t;
    struct process *p, *from = process_current();
    err_t e = copy_process(from, r, &p);
    if (failed(e)) return e;
    e = user_thread_create(p, p->id, NULL, &t);
    if (failed(e)) {
        discard(p);
        return e;
    }
    fill_thread(t, r, frame);
    struct vfork vfork = { .queue = WAIT_QUEUE_INIT(vfork.queue), .child = t };
    if (r->flags & LINUX_CLONE_VFORK) t->vfork = &vfork;
    struct file *pidfd = NULL;
    uint32_t fd = 0;
    if (r->flags & LINUX_CLONE_PIDFD) e = pidfd_prepare(p->id, r->pidfd, &fd, &pidfd);
    if (!failed(e)) e = process_publish(p, from, r->flags & LINUX_CLONE_PARENT, t);
    if (failed(e)) {
        if (pidfd) pidfd_cancel(fd, pidfd);
        user_thread_destroy(t);
        discard(p);
        return e;
    }
    if (pidfd) fd_install(from->files, fd, pidfd);
    *number = p->pid;
    tell_parent_tid(r, p->pid);
    user_thread_run(t);
    if (r->flags & LINUX_CLONE_VFORK) wait_for(&vfork);
    return OK;
}

err_t clone_run(const struct clone_request *r, const struct trap_frame *frame, uint32_t *number)
{
    err_t e = check(r);
    if (failed(e)) return e;
    return r->flags & LINUX_CLONE_THREAD ? clone_thread(r, frame, number) : clone_process(r, frame, number);
}
