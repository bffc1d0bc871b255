/* SPDX-License-Identifier: Apache-2.0 */
/* Who is whose parent, and in which group and session. */
#include "process/process.h"
#include "process/process_group.h"
#include "syscall/sys_core.h"

/* 0 where the parent is outside. */
int64_t sys_getppid(void) { return __atomic_load_n(&process_current()->parent_pid, __ATOMIC_RELAXED); }

static int64_t group_of(uint64_t pid, bool wants_session)
{
    int64_t result = ERR_NO_PROCESS.code;
    spin_lock(&process_tree_lock);
    const struct process *p = (uint32_t)pid ? process_find_locked((uint32_t)pid) : process_current();
    if (p) result = wants_session ? p->session->number : p->group->number;
    spin_unlock(&process_tree_lock);
    return result;
}

int64_t sys_getpgid(uint64_t pid) { return group_of(pid, false); }
int64_t sys_getpgrp(void) { return group_of(0, false); }
int64_t sys_getsid(uint64_t pid) { return group_of(pid, true); }

int64_t sys_setpgid(uint64_t pid, uint64_t group)
{
    if ((int32_t)group < 0 || (!(uint32_t)group && (int32_t)pid < 0)) return ERR_INVALID.code;
    return process_set_group((uint32_t)pid, (uint32_t)group).code;
}

int64_t sys_setsid(void)
{
    uint32_t session;
    err_t e = process_set_session(&session);
    return failed(e) ? e.code : (int64_t)session;
}
