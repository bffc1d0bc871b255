/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of resources: a process's own, and another's for those who may. [linux kernel/sys.c] */
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "vm/space.h"
#include "vm/usercopy.h"

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

/* Whose thread has the number, 0 being the caller's. */
static struct process *whose_locked(uint32_t tid) REQUIRES(process_tree_lock)
{
    const struct user_thread *t = tid ? user_thread_find_locked(tid) : user_thread_current();
    return t ? t->process : NULL;
}

static bool may_reach_locked(const struct process *p) REQUIRES(process_tree_lock)
{
    const struct credentials *own = credentials_current(), *its = p->credentials;
    if (p == process_current() || may_use(LINUX_CAP_SYS_RESOURCE)) return true;
    const struct credential_ids *uid = &its->uid, *gid = &its->gid;
    return own->uid.real == uid->real && own->uid.real == uid->effective && own->uid.real == uid->saved &&
           own->gid.real == gid->real && own->gid.real == gid->effective && own->gid.real == gid->saved;
}

static err_t check(uint32_t resource, const struct linux_rlimit *wanted)
{
    if (resource >= LINUX_RLIMIT_COUNT) return ERR_INVALID;
    if (!wanted) return OK;
    if (wanted->soft > wanted->hard) return ERR_INVALID;
    return resource == LINUX_RLIMIT_NOFILE && wanted->hard > FD_LIMIT_MAX ? ERR_NOT_PERMITTED : OK;
}

/* *space: the process's, with a reference, when it has to know, too. */
static err_t exchange_locked(struct process *p, uint32_t resource, const struct linux_rlimit *wanted,
                             struct linux_rlimit *old, struct space **space) REQUIRES(process_tree_lock)
{
    struct linux_rlimit *limit = &p->limits[resource];
    *old = *limit;
    if (!wanted) return OK;
    if (wanted->hard > limit->hard && !may_use(LINUX_CAP_SYS_RESOURCE)) return ERR_NOT_PERMITTED;
    *limit = *wanted;
    spin_lock(&p->signal_lock);
    if (p->space) *space = space_get(p->space);
    spin_unlock(&p->signal_lock);
    return OK;
}

int64_t sys_prlimit64(uint64_t pid, uint64_t resource, uint64_t new_limit, uint64_t old_limit)
{
    struct linux_rlimit given, old, *wanted = new_limit ? &given : NULL;
    err_t e = wanted ? user_copy_in(wanted, UADDR(new_limit), sizeof(*wanted)) : OK;
    if (failed(e)) return e.code;

    struct space *space = NULL;
    spin_lock(&process_tree_lock);
    struct process *p = whose_locked((uint32_t)pid);
    if (!p)
        e = ERR_NO_PROCESS;
    else
        e = may_reach_locked(p) ? check((uint32_t)resource, wanted) : ERR_NOT_PERMITTED;
    if (!failed(e)) e = exchange_locked(p, (uint32_t)resource, wanted, &old, &space);
    spin_unlock(&process_tree_lock);
    if (space) {
        set_memory_limit(space, (uint32_t)resource, wanted->soft);
        space_put(space);
    }
    if (failed(e)) return e.code;
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
