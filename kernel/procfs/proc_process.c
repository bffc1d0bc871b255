/* SPDX-License-Identifier: Apache-2.0 */
/* The one file of /proc that looks into processes. A subject is a number with the serial of whoever had it then, so
 * one that has ended is not taken for another; what is counted here outlives the process for as long as a reader
 * needs it. Lock order: fs_queue.lock, process_tree_lock, signal_lock, fd_table.lock. */
#include "procfs/proc_process.h"

#include "core/cpus.h"
#include "core/time.h"
#include "fs/credentials.h"
#include "fs/directory.h"
#include "fs/fd_table.h"
#include "lib/format.h"
#include "lib/string.h"
#include "process/identity.h"
#include "process/user_thread.h"
#include "procfs/proc_text.h"
#include "sched/runqueue.h"
#include "vm/space.h"

uint32_t proc_own_process(void) { return process_current()->pid; }
uint32_t proc_own_thread(void) { return user_thread_current()->tid; }

/* ---- from a subject to a process ---- */

/* *thread is its first one, or NULL, for a subject without one. */
static struct process *find_locked(const struct made_subject *subject, struct user_thread **thread)
    REQUIRES(process_tree_lock)
{
    struct process_id *id = process_id_find_locked(subject->index ? subject->index : subject->number);
    if (!id || id->birth != subject->birth) return NULL;
    *thread = id->thread;
    if (!subject->index) return id->process;
    bool is_its = id->thread && id->thread->process->pid == subject->number;
    return is_its ? id->thread->process : NULL;
}

struct process_id *proc_id_get(const struct made_subject *subject)
{
    struct user_thread *first;
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(subject, &first);
    struct process_id *id = p ? process_id_get_locked(p->id) : NULL;
    spin_unlock(&process_tree_lock);
    return id;
}

/* From here on there may be a name for it, which goes when it ends. */
static struct made_subject subject_of_locked(struct process_id *id, uint32_t pid, uint32_t tid)
    REQUIRES(process_tree_lock)
{
    id->is_shown = true;
    return (struct made_subject){ .birth = id->birth, .number = pid, .index = tid };
}

bool proc_look(const struct made_subject *subject, struct made_owner *owner)
{
    struct user_thread *thread;
    spin_lock(&process_tree_lock);
    const struct process *p = find_locked(subject, &thread);
    if (p) *owner = (struct made_owner){ p->credentials->uid.effective, p->credentials->gid.effective };
    spin_unlock(&process_tree_lock);
    return p;
}

bool proc_find_process(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    spin_lock(&process_tree_lock);
    struct process_id *id = process_id_find_locked(number);
    bool is_there = id && id->process;
    if (is_there) *child = subject_of_locked(id, number, 0);
    spin_unlock(&process_tree_lock);
    return is_there;
}

bool proc_next_process(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    spin_lock(&process_tree_lock);
    struct process_id *id = process_id_next_locked(from ? from - 1 : 0);
    while (id && !id->process) id = process_id_next_locked(id->number);
    if (id) *number = id->number;
    spin_unlock(&process_tree_lock);
    return id;
}

bool proc_find_thread(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    struct user_thread *first;
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(parent, &first);
    struct user_thread *t = p ? user_thread_find_locked(number) : NULL;
    bool is_there = t && t->process == p;
    if (is_there) *child = subject_of_locked(t->id, p->pid, number);
    spin_unlock(&process_tree_lock);
    return is_there;
}

/* A process's threads are in no order, so this is a walk over all for each name; they are few, or the caller busy. */
bool proc_next_thread(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    struct user_thread *first;
    uint32_t best = UINT32_MAX;
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(parent, &first);
    if (p) {
        spin_lock(&p->signal_lock);
        LIST_FOR_EACH (node, &p->threads) {
            uint32_t tid = LIST_ENTRY(node, struct user_thread, process_link)->tid;
            if (tid >= from && tid < best) best = tid;
        }
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    *number = best;
    return best != UINT32_MAX;
}

err_t proc_check_look(const struct made_subject *subject)
{
    struct user_thread *thread;
    spin_lock(&process_tree_lock);
    const struct process *p = find_locked(subject, &thread);
    bool is_refused = p && !identity_may_look_locked(p);
    spin_unlock(&process_tree_lock);
    return is_refused ? ERR_ACCESS : OK;
}

err_t proc_open_looking(const struct made_node *node, uint32_t flags)
{
    (void)flags;
    return proc_check_look(&node->subject);
}

/* ---- what a process has, counted ---- */

/* The table of descriptors, watched, or NULL. */
static struct fd_table *files_of(const struct made_subject *subject)
{
    struct user_thread *thread;
    struct fd_table *files = NULL;
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(subject, &thread);
    if (p) {
        spin_lock(&p->signal_lock);
        if (p->files) files = fd_table_watch(p->files);
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return files;
}

/* A descriptor's subject: that of the process, and the number. */
struct made_subject proc_of_fd(const struct made_subject *fd)
{
    return (struct made_subject){ .birth = fd->birth, .number = fd->number };
}

bool proc_find_fd(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    struct fd_table *files = files_of(parent);
    uint32_t found;
    if (!files) return false;
    bool is_open = fd_next(files, number, &found) && found == number;
    fd_table_unwatch(files);
    if (!is_open) return false;
    /* A thread has the process's, under names of its own. */
    struct made_subject process = *parent;
    if (parent->index && !proc_find_process(NULL, parent->number, &process)) return false;
    *child = process;
    child->index = number;
    return true;
}

bool proc_next_fd(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    struct fd_table *files = files_of(parent);
    if (!files) return false;
    bool is_open = fd_next(files, from, number);
    fd_table_unwatch(files);
    return is_open;
}

uint32_t proc_fd_mode(const struct made_subject *subject)
{
    struct made_subject process = proc_of_fd(subject);
    struct fd_table *files = files_of(&process);
    if (!files) return 0;
    uint32_t mode = fd_get_mode(files, subject->index);
    fd_table_unwatch(files);
    return mode;
}

bool proc_fd_place_locked(const struct made_subject *subject, struct vnode **vnode, struct dir_entry **entry)
{
    struct made_subject process = proc_of_fd(subject);
    struct fd_table *files = files_of(&process);
    if (!files) return false;
    bool is_open = fd_get_vnode(files, subject->index, vnode, entry);
    fd_table_unwatch(files);
    return is_open;
}

struct file *proc_file_get(const struct made_subject *subject)
{
    struct made_subject process = proc_of_fd(subject);
    struct fd_table *files = files_of(&process);
    if (!files) return NULL;
    struct file *file = fd_get(files, subject->index);
    fd_table_unwatch(files);
    return file;
}

static bool get_place(const struct fs_context *fs, enum proc_place place, struct vnode **vnode,
                      struct dir_entry **entry) REQUIRES(fs_queue.lock)
{
    if (place == PROC_EXE) {
        if (fs->exe) file_get_vnode(fs->exe, vnode, entry);
        return fs->exe;
    }
    *vnode = vnode_get(place == PROC_CWD ? fs->cwd : fs->root);
    struct dir_entry *own = (*vnode)->directory.entry;
    *entry = own ? dir_entry_get(own) : NULL;
    return true;
}

bool proc_place_locked(const struct made_subject *subject, enum proc_place place, struct vnode **vnode,
                       struct dir_entry **entry)
{
    struct user_thread *thread;
    bool has = false;
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(subject, &thread);
    if (p) {
        spin_lock(&p->signal_lock);
        has = p->fs && get_place(p->fs, place, vnode, entry);
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return has;
}

/* ---- the whole picture ---- */

static char state_of(const struct process *p, const struct user_thread *t)
{
    if (p->is_zombie || !t) return 'Z';
    if (t->signals.is_stopped) return 'T';
    if (__atomic_load_n(&t->thread->state, __ATOMIC_RELAXED) != THREAD_SLEEPING) return 'R';
    return __atomic_load_n(&t->thread->is_interruptible, __ATOMIC_RELAXED) ? 'S' : 'D';
}

static void read_tree_locked(struct process *p, struct proc_process *out) REQUIRES(process_tree_lock)
{
    out->parent_pid = p->parent ? p->parent->pid : 0;
    out->group = p->group->number;
    out->session = p->session->number;
    out->terminal = p->session->terminal_device;
    out->terminal_group = out->terminal ? (int32_t)p->session->foreground : -1;
    out->credentials = credentials_get(p->credentials);
    out->end_signal = p->end_signal;
    out->wait_status = p->wait_status;
    out->children_cpu_ns = p->ended_children.cpu_ns;
}

static void read_signals(const struct process *p, const struct user_thread *t, struct proc_process *out)
{
    if (t) {
        out->signals.pending = t->signals.pending.set;
        out->signals.blocked = t->signals.blocked;
    }
    out->signals.shared_pending = p->signals.pending.set;
    for (uint32_t i = 0; i < LINUX_NSIG; i++) {
        uint64_t handler = p->signals.actions->of[i].handler;
        if (handler == LINUX_SIG_IGN)
            out->signals.ignored |= 1ull << i;
        else if (handler != LINUX_SIG_DFL)
            out->signals.caught |= 1ull << i;
    }
}

static void read_thread(const struct user_thread *t, struct proc_process *out)
{
    const struct thread *k = t->thread;
    struct process_usage usage = thread_usage(t);
    out->tid = t->tid;
    out->cpu = k->cpu;
    out->affinity = cpu_set_both(k->affinity, cpus_online_set()).bits;
    out->cpu_ns = usage.cpu_ns;
    out->voluntary_switches = usage.voluntary;
    out->involuntary_switches = usage.involuntary;
    memcpy(out->name, t->name, sizeof(out->name));
}

/* Under signal_lock. */
static void read_parts(struct process *p, struct proc_process *out)
{
    out->thread_count = p->thread_count;
    out->no_new_privileges = p->no_new_privileges;
    memcpy(out->limits, p->limits, sizeof(out->limits));
    if (p->space) out->space = space_get(p->space);
    if (p->fs) out->fs = fs_context_get(p->fs);
    if (p->files) out->files = fd_table_watch(p->files);
}

err_t proc_process_get(const struct made_subject *subject, struct proc_process *out)
{
    struct user_thread *t;
    *out = (struct proc_process){ .signals_queued = signal_queued_count() };
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(subject, &t);
    if (p) {
        spin_lock(&p->signal_lock);
        out->pid = out->tid = p->pid;
        memcpy(out->name, p->name, sizeof(out->name));
        if (t) read_thread(t, out);
        if (!subject->index) out->cpu_ns = process_cpu_time_locked(p);
        out->state = state_of(p, t);
        read_signals(p, t, out);
        read_parts(p, out);
        read_tree_locked(p, out);
        out->start_ns = time_tsc_to_ns(p->start_tsc);
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return p ? OK : ERR_NO_PROCESS;
}

void proc_process_put(struct proc_process *process)
{
    if (process->space) space_put(process->space);
    credentials_put(process->credentials);
    fs_context_put(process->fs);
    if (process->files) fd_table_unwatch(process->files);
}

bool proc_begin(struct text *text, uint64_t *cursor, struct proc_process *process)
{
    if ((*cursor)++) return false;
    text->error = proc_process_get(&text->node->subject, process);
    return !failed(text->error);
}

err_t proc_set_name(const struct made_subject *subject, const char *name)
{
    struct user_thread *t;
    err_t e = ERR_NO_PROCESS;
    spin_lock(&process_tree_lock);
    if (find_locked(subject, &t) && t) {
        format_string(t->name, sizeof(t->name), "%s", name);
        e = OK;
    }
    spin_unlock(&process_tree_lock);
    return e;
}

/* ---- all of them ---- */

static void count_threads(struct process *p, void *context)
{
    struct proc_counts *counts = context;
    spin_lock(&p->signal_lock);
    LIST_FOR_EACH (node, &p->threads) {
        const struct user_thread *t = LIST_ENTRY(node, struct user_thread, process_link);
        counts->threads++;
        counts->running += state_of(p, t) == 'R';
    }
    spin_unlock(&p->signal_lock);
}

struct proc_counts proc_count(void)
{
    struct proc_counts counts = { 0 };
    spin_lock(&process_tree_lock);
    process_for_each_locked(count_threads, &counts);
    counts.last_pid = process_id_last_locked(&counts.births);
    spin_unlock(&process_tree_lock);
    return counts;
}

uint64_t proc_idle_ns(uint32_t cpu)
{
    const struct runqueue *rq = runqueues[cpu];
    return rq ? thread_cpu_time_ns(rq->idle) : 0;
}
