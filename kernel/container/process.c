/* SPDX-License-Identifier: Apache-2.0 */
#include "container/process.h"

#include "abi/linux/fcntl.h"
#include "arch/percpu.h"
#include "container/container.h"
#include "container/process_internal.h"
#include "container/stdio.h"
#include "core/log.h"
#include "core/time.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "fs/rootfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "vm/space.h"
#include "config.h"

struct process *process_current(void) { return thread_current()->process; }

static void set_default_limits(struct process *p)
{
    for (int i = 0; i < LINUX_RLIMIT_COUNT; i++)
        p->limits[i] = (struct linux_rlimit){ LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY };
    p->limits[LINUX_RLIMIT_STACK].soft = CONFIG_USER_STACK_BYTES;
    p->limits[LINUX_RLIMIT_NOFILE] = (struct linux_rlimit){ FD_LIMIT_DEFAULT, FD_LIMIT_MAX };
    p->limits[LINUX_RLIMIT_CORE].soft = 0;
}

static err_t open_standard_streams(struct fd_table *files)
{
    for (uint32_t fd = 0; fd < 3; fd++) {
        struct file *file = stdio_open(fd);
        if (!file) return ERR_NO_MEMORY;
        uint32_t got;
        err_t e = fd_reserve(files, fd, FD_LIMIT_DEFAULT, false, &got);
        if (failed(e)) {
            file_put(file);
            return e;
        }
        fd_install(files, got, file);
    }
    return OK;
}

/* The part of a path after its last slash, as Linux's comm. */
static void set_name(struct process *p, const char *path)
{
    const char *slash = strrchr(path, '/');
    format_string(p->name, sizeof(p->name), "%s", slash ? slash + 1 : path);
}

err_t process_create(const char *path, struct process **out)
{
    struct process *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return ERR_NO_MEMORY;
    err_t e = ERR_NO_MEMORY;
    size_t path_bytes = strlen(path) + 1;
    spin_set_class(&p->signal_lock, "process.signal_lock");
    p->pid = 1;
    p->signal_stack.flags = LINUX_SS_DISABLE;
    set_default_limits(p);
    set_name(p, path);
    p->path = heap_alloc(path_bytes);
    p->files = fd_table_create();
    p->fs = fs_context_create(rootfs_root());
    if (!p->path || !p->files || !p->fs) goto destroy;
    memcpy(p->path, path, path_bytes);
    p->fs->files = p->files;
    e = open_standard_streams(p->files);
    if (failed(e)) goto destroy;
    *out = p;
    return OK;

destroy:
    process_destroy(p);
    return e;
}

void process_destroy(struct process *p)
{
    fs_context_put(p->fs);
    fd_table_put(p->files);
    heap_free(p->path);
    heap_free(p);
}

/* Runs in the program's own thread: gives back its memory and files and tells the container. */
static NORETURN void end(uint32_t signal, uint32_t status)
{
    struct process *p = process_current();
    struct space *space = p->space;
    interrupts_on();
    thread_set_space(NULL, NULL);
    p->space = NULL;
    space_destroy(space);
    container_init_ended(p, signal, status);
    thread_exit();
}

void process_exit(uint32_t status) { end(0, status); }
void process_exit_by_signal(uint32_t signal) { end(signal, 0); }

static bool is_ignored_by_default(uint32_t signal)
{
    switch (signal) {
    case LINUX_SIGCHLD:
    case LINUX_SIGCONT:
    case LINUX_SIGURG:
    case LINUX_SIGWINCH:
    case LINUX_SIGSTOP: /* nobody could continue the container's only process */
    case LINUX_SIGTSTP:
    case LINUX_SIGTTIN:
    case LINUX_SIGTTOU: return true;
    }
    return false;
}

static bool is_ignored(const struct process *p, uint32_t signal)
{
    uint64_t handler = p->actions[signal - 1].handler;
    return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && is_ignored_by_default(signal));
}

static err_t act_locked(struct process *p, uint32_t signal) REQUIRES(p->signal_lock)
{
    if (signal != LINUX_SIGKILL) {
        if (is_ignored(p, signal)) return OK;
        if (p->actions[signal - 1].handler != LINUX_SIG_DFL) return ERR_NO_SYSCALL;
    }
    if (!p->exit_signal) p->exit_signal = signal; /* the first is the one that ends it */
    __atomic_or_fetch(&p->thread->user_work, USER_WORK_EXIT, __ATOMIC_SEQ_CST);
    thread_kick(p->thread);
    thread_interrupt(p->thread);
    return OK;
}

static uint64_t signal_bit(uint32_t signal) { return 1ull << (signal - 1); }

err_t process_signal(struct process *p, uint32_t signal)
{
    err_t e = OK;
    spin_lock(&p->signal_lock);
    if (p->blocked_signals & signal_bit(signal))
        p->pending_signals |= signal_bit(signal);
    else
        e = act_locked(p, signal);
    spin_unlock(&p->signal_lock);
    return e;
}

void process_block_signals(struct process *p, uint64_t blocked)
{
    spin_lock(&p->signal_lock);
    p->blocked_signals = blocked & ~(signal_bit(LINUX_SIGKILL) | signal_bit(LINUX_SIGSTOP));
    uint64_t due = p->pending_signals & ~p->blocked_signals;
    p->pending_signals &= ~due;
    for (; due; due &= due - 1) {
        uint32_t signal = (uint32_t)__builtin_ctzll(due) + 1;
        if (failed(act_locked(p, signal)))
            log_warning("signal %u has a handler, which cannot be run yet", signal);
    }
    spin_unlock(&p->signal_lock);
}

void process_set_action(struct process *p, uint32_t signal, const struct linux_sigaction *action)
{
    spin_lock(&p->signal_lock);
    p->actions[signal - 1] = *action;
    if (is_ignored(p, signal)) p->pending_signals &= ~signal_bit(signal);
    spin_unlock(&p->signal_lock);
}

/* On the way back to ring 3, interrupts off. */
void process_user_work(void)
{
    struct process *p = process_current();
    if (CONFIG_DEBUG) lock_order_expect_none("returning to ring 3", &thread_current()->mutexes[0]);
    thread_before_user();
    percpu()->user_work = 0;
    if (p->exit_signal) process_exit_by_signal(p->exit_signal);
}
