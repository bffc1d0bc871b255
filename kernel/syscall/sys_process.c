/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/futex.h"
#include "abi/linux/fpu.h"
#include "arch/features.h"
#include "core/unsupported.h"
#include "process/fpu_permission.h"
#include "process/user_thread.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_identity.h"
#include "syscall/usage.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

int64_t sys_exit(uint64_t status) { user_thread_exit(wait_status_of_exit((uint32_t)status)); }
int64_t sys_exit_group(uint64_t status) { process_end(wait_status_of_exit((uint32_t)status)); }

int64_t sys_getpid(void) { return process_current()->pid; }
int64_t sys_gettid(void) { return user_thread_current()->tid; }

static bool is_self(uint64_t pid) { return (uint32_t)pid == 0 || (uint32_t)pid == process_current()->pid; }

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

int64_t sys_arch_prctl(uint64_t option, uint64_t address)
{
    uint64_t value;
    switch (option) {
    case LINUX_ARCH_SET_FS:
    case LINUX_ARCH_SET_GS:
        if (address >= USER_END) return ERR_NOT_PERMITTED.code;
        if (option == LINUX_ARCH_SET_FS)
            fs_base_write(address);
        else
            user_gs_base_write(address);
        return 0;
    case LINUX_ARCH_GET_FS:
    case LINUX_ARCH_GET_GS:
        value = option == LINUX_ARCH_GET_FS ? fs_base_read() : user_gs_base_read();
        return user_copy_out(UADDR(address), &value, sizeof(value)).code;
    case LINUX_ARCH_GET_XCOMP_SUPP:
    case LINUX_ARCH_GET_XCOMP_PERM:
        value = option == LINUX_ARCH_GET_XCOMP_SUPP ? fpu_layout.features : fpu_permission();
        return user_copy_out(UADDR(address), &value, sizeof(value)).code;
    case LINUX_ARCH_REQ_XCOMP_PERM: return fpu_permission_request(address).code;
    }
    return ERR_INVALID.code;
}

static int64_t set_name(uint64_t address)
{
    char name[PROCESS_NAME_MAX] = "";
    size_t length;
    /* A longer one is cut, and its rest not looked at, as on Linux. */
    err_t e = user_copy_string(name, UADDR(address), sizeof(name) - 1, &length);
    if (failed(e) && e.code != ERR_NAME_TOO_LONG.code) return e.code;
    memcpy(user_thread_current()->name, name, sizeof(name));
    return 0;
}

static int64_t set_family_option(uint32_t *option, uint32_t value)
{
    spin_lock(&process_tree_lock);
    *option = value;
    spin_unlock(&process_tree_lock);
    return 0;
}

int64_t sys_prctl(uint64_t option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct process *p = process_current();
    int64_t result;
    if (identity_prctl((uint32_t)option, (const uint64_t[]){ a, b, c, d }, &result)) return result;
    switch ((uint32_t)option) {
    case LINUX_PR_SET_PDEATHSIG:
        if (a > LINUX_NSIG) return ERR_INVALID.code;
        return set_family_option(&p->orphan_signal, (uint32_t)a);
    case LINUX_PR_GET_PDEATHSIG:
        return user_copy_out(UADDR(a), &p->orphan_signal, sizeof(p->orphan_signal)).code;
    case LINUX_PR_SET_CHILD_SUBREAPER: return set_family_option(&p->adopts, a != 0);
    case LINUX_PR_GET_CHILD_SUBREAPER: return user_copy_out(UADDR(a), &p->adopts, sizeof(p->adopts)).code;
    case LINUX_PR_SET_NAME: return set_name(a);
    case LINUX_PR_GET_NAME:
        return user_copy_out(UADDR(a), user_thread_current()->name, PROCESS_NAME_MAX).code;
    case LINUX_PR_GET_DUMPABLE: return 1;
    case LINUX_PR_SET_DUMPABLE: return a <= 1 ? 0 : ERR_INVALID.code;
    case LINUX_PR_GET_NO_NEW_PRIVS: return a || b || c || d ? ERR_INVALID.code : p->no_new_privileges;
    case LINUX_PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d) return ERR_INVALID.code;
        p->no_new_privileges = true;
        return 0;
    }
    unsupported_note(CHANNEL_STAT_PRCTL, (uint32_t)option);
    return ERR_INVALID.code;
}

/* RLIMIT_MEMLOCK limits nobody who has CAP_IPC_LOCK, as root has. */
static void set_memory_limit(struct space *space, uint32_t resource, uint64_t bytes)
{
    mutex_lock(&space->lock);
    switch (resource) {
    case LINUX_RLIMIT_AS: space->limits.mapped_bytes = bytes; break;
    case LINUX_RLIMIT_DATA: space->limits.data_bytes = bytes; break;
    case LINUX_RLIMIT_STACK: space->limits.stack_bytes = bytes; break;
    }
    mutex_unlock(&space->lock);
}

int64_t sys_prlimit64(uint64_t pid, uint64_t resource, uint64_t new_limit, uint64_t old_limit)
{
    struct process *p = process_current();
    struct linux_rlimit wanted = { 0 };
    if ((uint32_t)resource >= LINUX_RLIMIT_COUNT) return ERR_INVALID.code;
    if (!is_self(pid)) return ERR_NO_PROCESS.code;
    struct linux_rlimit *limit = &p->limits[(uint32_t)resource], old = *limit;
    if (new_limit) {
        err_t e = user_copy_in(&wanted, UADDR(new_limit), sizeof(wanted));
        if (failed(e)) return e.code;
        if (wanted.soft > wanted.hard) return ERR_INVALID.code;
        *limit = wanted;
        set_memory_limit(p->space, (uint32_t)resource, wanted.soft);
    }
    return old_limit ? user_copy_out(UADDR(old_limit), &old, sizeof(old)).code : 0;
}

int64_t sys_getrlimit(uint64_t resource, uint64_t limit)
{
    if ((uint32_t)resource >= LINUX_RLIMIT_COUNT) return ERR_INVALID.code;
    return limit ? sys_prlimit64(0, resource, 0, limit) : ERR_FAULT.code;
}

int64_t sys_setrlimit(uint64_t resource, uint64_t limit)
{
    if (!limit) return ERR_FAULT.code;
    return sys_prlimit64(0, resource, limit, 0);
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
    struct linux_rusage u;
    switch ((int32_t)who) {
    case LINUX_RUSAGE_SELF: u = rusage_of(process_usage(p)); break;
    case LINUX_RUSAGE_THREAD: u = rusage_of(thread_usage(user_thread_current())); break;
    case LINUX_RUSAGE_CHILDREN: u = rusage_of(children_usage(p)); break;
    default: return ERR_INVALID.code;
    }
    if ((int32_t)who != LINUX_RUSAGE_CHILDREN) {
        u.max_resident_kib =
            (int64_t)(MAX(p->space->resident_peak_pages, p->space->resident_pages) * (PAGE_BYTES / 1024));
        u.minor_faults = (int64_t)p->space->fault_count;
    }
    return user_copy_out(UADDR(usage), &u, sizeof(u)).code;
}
