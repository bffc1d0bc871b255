/* SPDX-License-Identifier: Apache-2.0 */
#include "process/user_thread.h"
#include "sched/thread.h"
#include "syscall/sys_core.h"
#include "vm/usercopy.h"

int64_t sys_sched_yield(void)
{
    thread_yield();
    return 0;
}

static bool is_self(uint64_t pid) { return (uint32_t)pid == 0 || (uint32_t)pid == process_current()->pid; }

int64_t sys_sched_getaffinity(uint64_t pid, uint64_t bytes, uint64_t mask)
{
    uint64_t cpus = 1;
    if (!is_self(pid)) return ERR_NO_PROCESS.code;
    if (bytes % sizeof(uint64_t) || (uint32_t)bytes == 0) return ERR_INVALID.code;
    err_t e = user_copy_out(UADDR(mask), &cpus, sizeof(cpus));
    return failed(e) ? e.code : (int64_t)sizeof(cpus);
}

int64_t sys_sched_setaffinity(uint64_t pid, uint64_t bytes, uint64_t mask)
{
    uint64_t cpus = 0;
    if (!is_self(pid)) return ERR_NO_PROCESS.code;
    err_t e = user_copy_in(&cpus, UADDR(mask), MIN(bytes, sizeof(cpus)));
    if (failed(e)) return e.code;
    return cpus & 1 ? 0 : ERR_INVALID.code; /* some CPU of the mask must exist */
}

/* SCHED_OTHER, the one policy. */
int64_t sys_sched_getscheduler(uint64_t pid)
{
    if ((int32_t)pid < 0) return ERR_INVALID.code;
    return is_self(pid) ? 0 : ERR_NO_PROCESS.code;
}

int64_t sys_sched_getparam(uint64_t pid, uint64_t param)
{
    int32_t priority = 0;
    if (!param || (int32_t)pid < 0) return ERR_INVALID.code;
    if (!is_self(pid)) return ERR_NO_PROCESS.code;
    return user_copy_out(UADDR(param), &priority, sizeof(priority)).code;
}

/* SCHED_FIFO and SCHED_RR have priorities 1..99, OTHER, BATCH and IDLE have 0. [linux sched(7)] */
static int64_t priority_limit(uint64_t policy, int64_t of_realtime)
{
    switch ((uint32_t)policy) {
    case 1:
    case 2: return of_realtime;
    case 0:
    case 3:
    case 5:
    case 6: return 0;
    }
    return ERR_INVALID.code;
}
int64_t sys_sched_get_priority_max(uint64_t policy) { return priority_limit(policy, 99); }
int64_t sys_sched_get_priority_min(uint64_t policy) { return priority_limit(policy, 1); }

int64_t sys_getcpu(uint64_t cpu, uint64_t node, uint64_t cache)
{
    uint32_t zero = 0;
    (void)cache;
    err_t e = cpu ? user_copy_out(UADDR(cpu), &zero, sizeof(zero)) : OK;
    if (!failed(e) && node) e = user_copy_out(UADDR(node), &zero, sizeof(zero));
    return e.code;
}
