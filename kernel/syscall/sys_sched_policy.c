/* SPDX-License-Identifier: Apache-2.0 */
/* What programs ask about how they are scheduled. There is one policy, Linux's SCHED_OTHER, with one priority and one
 * niceness; what names another is refused as for a user who may not have it. */
#include "abi/linux/sched.h"
#include "abi/linux/time.h"
#include "config.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

enum { PRIORITY_MAX = 99, NICENESS = 0, NICENESS_MAX = 19, NICENESS_MIN = -20 };

static bool exists(uint32_t tid)
{
    if (!tid) return true;
    spin_lock(&process_tree_lock);
    bool found = user_thread_find_locked(tid);
    spin_unlock(&process_tree_lock);
    return found;
}

static err_t check_thread(uint64_t tid)
{
    if ((int32_t)tid < 0) return ERR_INVALID;
    return exists((uint32_t)tid) ? OK : ERR_NO_PROCESS;
}

/* FIFO and RR have priorities 1..99, OTHER, BATCH, IDLE and DEADLINE have 0. [linux sched(7)] */
static int64_t priority_limit(uint64_t policy, int64_t of_realtime)
{
    switch ((uint32_t)policy) {
    case LINUX_SCHED_FIFO:
    case LINUX_SCHED_RR: return of_realtime;
    case LINUX_SCHED_OTHER:
    case LINUX_SCHED_BATCH:
    case LINUX_SCHED_IDLE:
    case LINUX_SCHED_DEADLINE: return 0;
    }
    return ERR_INVALID.code;
}
int64_t sys_sched_get_priority_max(uint64_t policy) { return priority_limit(policy, PRIORITY_MAX); }
int64_t sys_sched_get_priority_min(uint64_t policy) { return priority_limit(policy, 1); }

int64_t sys_sched_getscheduler(uint64_t tid)
{
    err_t e = check_thread(tid);
    return failed(e) ? e.code : LINUX_SCHED_OTHER;
}

int64_t sys_sched_getparam(uint64_t tid, uint64_t param)
{
    int32_t priority = 0;
    if (!param) return ERR_INVALID.code;
    err_t e = check_thread(tid);
    return failed(e) ? e.code : user_copy_out(UADDR(param), &priority, sizeof(priority)).code;
}

static int64_t set(uint64_t tid, uint32_t policy, uint64_t param)
{
    int32_t priority;
    if (!param || (int32_t)tid < 0) return ERR_INVALID.code;
    err_t e = user_copy_in(&priority, UADDR(param), sizeof(priority));
    if (failed(e)) return e.code;
    if (!exists((uint32_t)tid)) return ERR_NO_PROCESS.code;
    int64_t least = priority_limit(policy, 1), most = priority_limit(policy, PRIORITY_MAX);
    if (least < 0 || priority < least || priority > most) return ERR_INVALID.code;
    return policy == LINUX_SCHED_OTHER ? 0 : ERR_NOT_PERMITTED.code;
}

int64_t sys_sched_setscheduler(uint64_t tid, uint64_t policy, uint64_t param)
{
    return set(tid, (uint32_t)policy & ~(uint32_t)LINUX_SCHED_RESET_ON_FORK, param);
}
int64_t sys_sched_setparam(uint64_t tid, uint64_t param) { return set(tid, LINUX_SCHED_OTHER, param); }

/* The slice that a thread has while others wait. */
int64_t sys_sched_rr_get_interval(uint64_t tid, uint64_t out)
{
    err_t e = check_thread(tid);
    return failed(e) ? e.code : timespec_write(out, CONFIG_TIME_SLICE_US * 1000ull).code;
}

/* ---- niceness ---- */

static err_t check_who(uint64_t which, uint64_t who)
{
    if ((uint32_t)which > LINUX_PRIO_USER) return ERR_INVALID;
    return which != LINUX_PRIO_PROCESS || exists((uint32_t)who) ? OK : ERR_NO_PROCESS;
}

/* As the call has it: 1 for the highest niceness, 40 for the lowest. */
int64_t sys_getpriority(uint64_t which, uint64_t who)
{
    err_t e = check_who(which, who);
    return failed(e) ? e.code : NICENESS_MAX + 1 - NICENESS;
}

int64_t sys_setpriority(uint64_t which, uint64_t who, uint64_t niceness)
{
    err_t e = check_who(which, who);
    if (failed(e)) return e.code;
    int32_t wanted = MIN((int32_t)niceness, (int32_t)NICENESS_MAX);
    wanted = MAX(wanted, (int32_t)NICENESS_MIN);
    return wanted == NICENESS ? 0 : ERR_ACCESS.code;
}
