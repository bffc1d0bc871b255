/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/futex.h"
#include "process/user_thread.h"
#include "sched/thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_identity.h"
#include "syscall/usage.h"
#include "vm/space.h"
#include "vm/usercopy.h"

int64_t sys_exit(uint64_t status) { user_thread_exit(wait_status_of_exit((uint32_t)status)); }
int64_t sys_exit_group(uint64_t status) { process_end(wait_status_of_exit((uint32_t)status)); }

int64_t sys_getpid(void) { return process_current()->pid; }
int64_t sys_gettid(void) { return user_thread_current()->tid; }

int64_t sys_set_tid_address(uint64_t address)
{
    user_thread_current()->clear_tid = address;
    return sys_gettid();
}

int64_t sys_set_robust_list(uint64_t head, uint64_t bytes)
{
    if (bytes != sizeof(struct linux_robust_list_head)) return ERR_INVALID.code;
    user_thread_current()->robust_list = head;
    return 0;
}

static bool robust_list_of(uint32_t tid, uint64_t *out)
{
    spin_lock(&process_tree_lock);
    const struct user_thread *t = tid ? user_thread_find_locked(tid) : user_thread_current();
    if (t) *out = t->robust_list;
    spin_unlock(&process_tree_lock);
    return t;
}

int64_t sys_get_robust_list(uint64_t pid, uint64_t head, uint64_t bytes)
{
    uint64_t list, size = sizeof(struct linux_robust_list_head);
    if (!robust_list_of((uint32_t)pid, &list)) return ERR_NO_PROCESS.code;
    err_t e = user_copy_out(UADDR(bytes), &size, sizeof(size));
    if (!failed(e)) e = user_copy_out(UADDR(head), &list, sizeof(list));
    return e.code;
}

static struct process_usage children_usage(struct process *p)
{
    spin_lock(&process_tree_lock);
    struct process_usage usage = p->ended_children;
    spin_unlock(&process_tree_lock);
    return usage;
}

int64_t sys_getrusage(uint64_t who, uint64_t usage)
{
    struct process *p = process_current();
    struct process_usage sum;
    switch ((int32_t)who) {
    case LINUX_RUSAGE_SELF: sum = process_usage_sum(process_usage(p), space_usage(p->space)); break;
    case LINUX_RUSAGE_THREAD:
        sum = process_usage_sum(thread_usage(user_thread_current()), space_usage(p->space));
        break;
    case LINUX_RUSAGE_CHILDREN: sum = children_usage(p); break;
    default: return ERR_INVALID.code;
    }
    struct linux_rusage u = rusage_of(sum);
    return user_copy_out(UADDR(usage), &u, sizeof(u)).code;
}
