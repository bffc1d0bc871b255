/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process.h"

#include "arch/cpu.h"
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "fs/rootfs.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/signal_internal.h"

static uint32_t count; /* atomic; changes under process_tree_lock */

static void set_default_limits(struct process *p)
{
    for (int i = 0; i < LINUX_RLIMIT_COUNT; i++)
        p->limits[i] = (struct linux_rlimit){ LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY };
    p->limits[LINUX_RLIMIT_STACK].soft = CONFIG_USER_STACK_BYTES;
    p->limits[LINUX_RLIMIT_NOFILE] = (struct linux_rlimit){ FD_LIMIT_DEFAULT, FD_LIMIT_HARD };
    p->limits[LINUX_RLIMIT_CORE].soft = 0;
    p->limits[LINUX_RLIMIT_MSGQUEUE] = (struct linux_rlimit){ LINUX_MSGQUEUE_BYTES, LINUX_MSGQUEUE_BYTES };
    p->limits[LINUX_RLIMIT_SIGPENDING] =
        (struct linux_rlimit){ CONFIG_SIGNALS_QUEUED_MAX, CONFIG_SIGNALS_QUEUED_MAX };
}

static char *copy_of(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = heap_alloc(bytes);
    if (copy) memcpy(copy, text, bytes);
    return copy;
}

void process_set_parent_locked(struct process *p, struct process *parent)
{
    p->parent = parent;
    __atomic_store_n(&p->parent_pid, parent ? parent->pid : 0, __ATOMIC_RELAXED);
}

err_t process_alloc(const char *path, struct process **out)
{
    struct process *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return ERR_NO_MEMORY;
    spin_set_class(&p->signal_lock, "process.signal_lock");
    wait_queue_init(&p->child_queue);
    wait_queue_init(&p->thread_queue);
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->group_link);
    list_init(&p->threads);
    p->end_signal = LINUX_SIGCHLD;
    p->is_dumpable = true;
    p->start_tsc = tsc_read();
    p->credentials = credentials_get(credentials_current());
    p->path = copy_of(path);
    p->id = process_id_alloc();
    if (!p->path || !p->id) {
        process_free(p);
        return ERR_NO_MEMORY;
    }
    p->pid = p->id->number;
    *out = p;
    return OK;
}

err_t process_create_init(const char *path, struct process **out)
{
    struct process *p;
    err_t e = process_alloc(path, &p);
    if (failed(e)) return e;
    set_default_limits(p);
    p->signals.actions = signal_actions_create();
    p->files = fd_table_create();
    p->fs = fs_context_create(rootfs_root());
    if (!p->signals.actions || !p->files || !p->fs) {
        process_free(p);
        return ERR_NO_MEMORY;
    }
    *out = p;
    return OK;
}

void (*process_forgotten)(uint32_t pid, uint32_t tid);

void process_free(struct process *p)
{
    if (p->id && p->id->is_shown && process_forgotten) process_forgotten(p->pid, 0);
    fd_table_put(p->files);
    fs_context_put(p->fs);
    credentials_put(p->credentials);
    if (p->id) process_id_put(p->id);
    signal_actions_put(p->signals.actions);
    heap_free(p->path);
    heap_free(p);
}

void process_discard_init(struct process *p) { process_free(p); }

/* ---- the tree ---- */

static bool must_act_first(const struct user_thread *t)
{
    return thread_is_interrupted(t->thread) || signal_due(t);
}

err_t process_publish(struct process *p, struct process *maker, bool is_sibling, struct user_thread *first)
{
    spin_lock(&process_tree_lock);
    if (maker && must_act_first(user_thread_current())) {
        thread_interrupt(thread_current()); /* so that it does act, and the call begins again */
        spin_unlock(&process_tree_lock);
        return ERR_INTERRUPTED;
    }
    struct process *parent = is_sibling ? maker->parent : maker;
    if (is_sibling) p->end_signal = maker->end_signal;
    process_set_parent_locked(p, parent);
    p->id->process = p;
    p->group = process_id_get_locked(maker ? maker->group : p->id);
    p->session = process_id_get_locked(maker ? maker->session : p->id);
    p->session->session_members++;
    list_push_back(&p->group->group, &p->group_link);
    if (parent) list_push_back(&parent->children, &p->sibling);
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    if (maker && process_tree_has_ended_locked()) process_order_end(p, wait_status_of_signal(LINUX_SIGKILL));
    user_thread_join_locked(first);
    spin_unlock(&process_tree_lock);
    return OK;
}

void process_forget_locked(struct process *p)
{
    p->id->process = NULL;
    list_remove(&p->sibling);
    list_remove(&p->group_link);
    process_id_put_locked(p->group);
    p->session->session_members--;
    process_id_put_locked(p->session);
    if (__atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED) <= 1) process_others_ended();
}

uint32_t process_count(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

void process_for_each_locked(void (*each)(struct process *process, void *context), void *context)
{
    for (struct process_id *id = process_id_next_locked(0); id; id = process_id_next_locked(id->number))
        if (id->process) each(id->process, context);
}
