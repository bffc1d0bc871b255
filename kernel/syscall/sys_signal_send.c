/* SPDX-License-Identifier: Apache-2.0 */
/* Sending signals. */
#include "fs/file.h"
#include "process/identity.h"
#include "process/pidfd.h"
#include "process/process.h"
#include "process/user_thread.h"
#include "procfs/procfs.h"
#include "syscall/sys_core.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

static bool is_valid(uint64_t signal) { return (uint32_t)signal <= LINUX_NSIG; }

/* A signal that there is not was sent as 0: what is wrong with it is said after "nobody", but before "not to him". */
static int64_t result_of(err_t e, bool is_good)
{
    bool is_about_signal = !is_good && (!failed(e) || e.code == ERR_NOT_PERMITTED.code);
    return is_about_signal ? ERR_INVALID.code : e.code;
}

/* What a program pretends to come from the kernel is only for itself: decode_info. */
static bool may_send_locked(const struct process *p, const struct credentials *to, uint32_t number)
    REQUIRES(process_tree_lock)
{
    return p == process_current() || identity_may_signal_locked(to, p, number);
}

/* Signal 0 only asks whether there is somebody. */
static err_t send(struct process *p, const struct linux_siginfo_head *info)
{
    return info->number ? signal_send(p, info) : OK;
}

static err_t send_locked(struct process *p, const struct linux_siginfo_head *info) REQUIRES(process_tree_lock)
{
    return may_send_locked(p, p->credentials, (uint32_t)info->number) ? send(p, info) : ERR_NOT_PERMITTED;
}

/* ---- to processes ---- */

/* The number of any thread is its process's here. */
static struct process *find_locked(uint32_t number) REQUIRES(process_tree_lock)
{
    struct process_id *id = process_id_find_locked(number);
    if (!id) return NULL;
    return id->process ? id->process : id->thread ? id->thread->process : NULL;
}

static err_t send_to_process(uint32_t number, const struct linux_siginfo_head *info)
{
    struct process *self = process_current();
    if (number == self->pid) return send(self, info);
    spin_lock(&process_tree_lock);
    struct process *p = find_locked(number);
    err_t e = p ? send_locked(p, info) : ERR_NO_PROCESS;
    spin_unlock(&process_tree_lock);
    return e;
}

/* 0 is the caller's own. */
static err_t send_to_group(uint32_t number, const struct linux_siginfo_head *info)
{
    err_t result = ERR_NO_PROCESS;
    spin_lock(&process_tree_lock);
    struct process_id *id = number ? process_id_find_locked(number) : process_current()->group;
    if (id) {
        LIST_FOR_EACH (node, &id->group) {
            err_t e = send_locked(LIST_ENTRY(node, struct process, group_link), info);
            if (failed(result)) result = e; /* one success is enough */
        }
    }
    spin_unlock(&process_tree_lock);
    return result;
}

struct everybody {
    const struct linux_siginfo_head *info;
    err_t result;
};

/* Those who may not get it make no difference, if there is anybody. [linux kernel/signal.c kill_something_info] */
static void send_to_other(struct process *p, void *context) REQUIRES(process_tree_lock)
{
    struct everybody *all = context;
    if (p->pid == 1 || p == process_current()) return;
    err_t e = send_locked(p, all->info);
    if (e.code != ERR_NOT_PERMITTED.code)
        all->result = e;
    else if (all->result.code == ERR_NO_PROCESS.code)
        all->result = OK;
}

static err_t send_to_others(const struct linux_siginfo_head *info)
{
    struct everybody all = { info, ERR_NO_PROCESS };
    spin_lock(&process_tree_lock);
    process_for_each_locked(send_to_other, &all);
    spin_unlock(&process_tree_lock);
    return all.result;
}

static err_t kill_group_or_all(int32_t pid, const struct linux_siginfo_head *info)
{
    if (pid == INT32_MIN) return ERR_NO_PROCESS;
    return pid == -1 ? send_to_others(info) : send_to_group((uint32_t)-pid, info);
}

int64_t sys_kill(uint64_t pid, uint64_t signal)
{
    int32_t to = (int32_t)pid;
    bool is_good = is_valid(signal);
    struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, is_good ? (uint32_t)signal : 0, LINUX_SI_USER);
    err_t e = to > 0 ? send_to_process((uint32_t)to, &info) : kill_group_or_all(to, &info);
    return result_of(e, is_good);
}

/* ---- to threads ---- */

/* `pid` 0: of any process. */
static err_t send_to_thread(uint32_t pid, uint32_t tid, const struct linux_siginfo_head *info)
{
    struct user_thread *self = user_thread_current();
    if (tid == self->tid && (!pid || pid == self->process->pid))
        return info->number ? signal_send_thread(self, info) : OK;
    spin_lock(&process_tree_lock);
    struct user_thread *t = user_thread_find_locked(tid);
    err_t e = t && (!pid || t->process->pid == pid) ? OK : ERR_NO_PROCESS;
    if (!failed(e) && !may_send_locked(t->process, t->thread->credentials, (uint32_t)info->number))
        e = ERR_NOT_PERMITTED;
    if (!failed(e) && info->number) e = signal_send_thread(t, info);
    spin_unlock(&process_tree_lock);
    return e;
}

static int64_t kill_thread(uint32_t pid, uint32_t tid, uint64_t signal)
{
    bool is_good = is_valid(signal);
    struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, is_good ? (uint32_t)signal : 0, LINUX_SI_TKILL);
    err_t e = send_to_thread(pid, tid, &info);
    return result_of(e, is_good);
}

int64_t sys_tkill(uint64_t tid, uint64_t signal)
{
    return (int32_t)tid <= 0 ? ERR_INVALID.code : kill_thread(0, (uint32_t)tid, signal);
}

int64_t sys_tgkill(uint64_t pid, uint64_t tid, uint64_t signal)
{
    if ((int32_t)pid <= 0 || (int32_t)tid <= 0) return ERR_INVALID.code;
    return kill_thread((uint32_t)pid, (uint32_t)tid, signal);
}

/* ---- with a value ---- */

/* Nobody but a process itself may pretend that a signal of its comes from the kernel, or from kill(2). */
static err_t check_info(uint64_t pid, uint64_t signal, struct linux_siginfo_head *out)
{
    bool is_pretended = out->code >= 0 || out->code == LINUX_SI_TKILL;
    if (is_pretended && (uint32_t)pid != process_current()->pid) return ERR_NOT_PERMITTED;
    out->number = is_valid(signal) ? (int32_t)signal : 0;
    out->padding = 0;
    return OK;
}

int64_t sys_rt_sigqueueinfo(uint64_t pid, uint64_t signal, uint64_t address)
{
    struct linux_siginfo_head info;
    err_t e = user_copy_in(&info, UADDR(address), sizeof(info));
    if (!failed(e)) e = check_info(pid, signal, &info);
    if (!failed(e)) e = send_to_process((uint32_t)pid, &info);
    return result_of(e, is_valid(signal));
}

int64_t sys_rt_tgsigqueueinfo(uint64_t pid, uint64_t tid, uint64_t signal, uint64_t address)
{
    struct linux_siginfo_head info;
    err_t e = user_copy_in(&info, UADDR(address), sizeof(info));
    if (!failed(e) && ((int32_t)pid <= 0 || (int32_t)tid <= 0)) e = ERR_INVALID;
    if (!failed(e)) e = check_info(pid, signal, &info);
    if (!failed(e)) e = send_to_thread((uint32_t)pid, (uint32_t)tid, &info);
    return result_of(e, is_valid(signal));
}

/* ---- by file ---- */

/* The process of a pidfd, or of an open directory of /proc; counted. */
static err_t process_of(const struct file *file, struct process_id **out)
{
    *out = pidfd_id(file);
    if (!*out) return procfs_process(file, out);
    spin_lock(&process_tree_lock);
    process_id_get_locked(*out);
    spin_unlock(&process_tree_lock);
    return OK;
}

static err_t send_by_id(const struct process_id *id, uint64_t signal, uint64_t address)
{
    bool is_good = is_valid(signal);
    struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, is_good ? (uint32_t)signal : 0, LINUX_SI_USER);
    err_t e = address ? user_copy_in(&info, UADDR(address), sizeof(info)) : OK;
    if (failed(e)) return e;
    if (address && info.number != (int32_t)signal) return ERR_INVALID;
    bool is_pretended = address && (info.code >= 0 || info.code == LINUX_SI_TKILL);
    spin_lock(&process_tree_lock);
    struct process *p = id->process;
    e = p ? OK : ERR_NO_PROCESS;
    if (p != process_current() && is_pretended) e = ERR_NOT_PERMITTED;
    if (!failed(e)) e = is_good ? send_locked(p, &info) : ERR_INVALID;
    spin_unlock(&process_tree_lock);
    return e;
}

int64_t sys_pidfd_send_signal(uint64_t pidfd, uint64_t signal, uint64_t info, uint64_t flags)
{
    struct file *file;
    struct process_id *id;
    if ((uint32_t)flags) return ERR_INVALID.code;
    err_t e = file_argument(pidfd, &file);
    if (failed(e)) return e.code;
    e = process_of(file, &id);
    file_put(file);
    if (failed(e)) return e.code;
    e = send_by_id(id, signal, info);
    process_id_put(id);
    return e.code;
}
