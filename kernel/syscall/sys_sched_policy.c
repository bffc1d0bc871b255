/* SPDX-License-Identifier: Apache-2.0 */
/* What programs ask about how they are scheduled, and want changed. Threads of one CPU take turns; the niceness, and the
 * policy SCHED_IDLE, decide how long a turn is (process/niceness.h). What names a policy of real time is refused as for a
 * user who may not have it. */
#include "abi/linux/sched.h"
#include "abi/linux/system.h"
#include "abi/linux/time.h"
#include "config.h"
#include "fs/credentials.h"
#include "lib/string.h"
#include "process/niceness.h"
#include "process/process_group.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

enum { PRIORITY_MAX = 99 };

static struct user_thread *find_locked(uint32_t tid) REQUIRES(process_tree_lock)
{
    return tid ? user_thread_find_locked(tid) : user_thread_current();
}

/* What is told of a thread. ERR_INVALID, ERR_NO_PROCESS. */
static err_t look(uint64_t tid, struct niceness *out)
{
    if ((int32_t)tid < 0) return ERR_INVALID;
    spin_lock(&process_tree_lock);
    const struct user_thread *t = find_locked((uint32_t)tid);
    if (t) *out = t->niceness;
    spin_unlock(&process_tree_lock);
    return t ? OK : ERR_NO_PROCESS;
}

/* ---- policies ---- */

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
    struct niceness n;
    err_t e = look(tid, &n);
    return failed(e) ? e.code : n.policy | (n.resets_on_fork ? LINUX_SCHED_RESET_ON_FORK : 0);
}

int64_t sys_sched_getparam(uint64_t tid, uint64_t param)
{
    int32_t priority = 0;
    struct niceness n;
    if (!param) return ERR_INVALID.code;
    err_t e = look(tid, &n);
    return failed(e) ? e.code : user_copy_out(UADDR(param), &priority, sizeof(priority)).code;
}

static err_t check_policy(uint32_t policy, int64_t priority)
{
    int64_t least = priority_limit(policy, 1), most = priority_limit(policy, PRIORITY_MAX);
    if (least < 0 || priority < least || priority > most) return ERR_INVALID;
    return policy == LINUX_SCHED_DEADLINE || most ? ERR_NOT_PERMITTED : OK;
}

/* `n` with what the request leaves as it is. */
static err_t change(uint64_t tid, const struct niceness *n, bool keeps_policy, bool keeps_value)
{
    spin_lock(&process_tree_lock);
    struct user_thread *t = find_locked((uint32_t)tid);
    err_t e = ERR_NO_PROCESS;
    if (t) {
        struct niceness wanted = *n;
        if (keeps_policy) wanted.policy = t->niceness.policy;
        if (keeps_value || wanted.policy == LINUX_SCHED_IDLE) wanted.value = t->niceness.value;
        e = niceness_may_change_locked(t, &wanted);
        if (!failed(e)) niceness_set(t, &wanted);
    }
    spin_unlock(&process_tree_lock);
    return e;
}

static err_t exists(uint64_t tid)
{
    struct niceness n;
    return look(tid, &n);
}

int64_t sys_sched_setscheduler(uint64_t tid, uint64_t policy, uint64_t param)
{
    int32_t priority;
    uint32_t wanted = (uint32_t)policy & ~(uint32_t)LINUX_SCHED_RESET_ON_FORK;
    if (!param || (int32_t)policy < 0 || (int32_t)tid < 0) return ERR_INVALID.code;
    err_t e = user_copy_in(&priority, UADDR(param), sizeof(priority));
    if (!failed(e)) e = exists(tid);
    if (!failed(e)) e = check_policy(wanted, priority);
    if (failed(e)) return e.code;
    bool resets = policy & LINUX_SCHED_RESET_ON_FORK;
    const struct niceness n = { .policy = (uint8_t)wanted, .resets_on_fork = resets };
    return change(tid, &n, false, true).code;
}

/* The policy stays, and none that there is has priorities. */
int64_t sys_sched_setparam(uint64_t tid, uint64_t param)
{
    int32_t priority;
    if (!param || (int32_t)tid < 0) return ERR_INVALID.code;
    err_t e = user_copy_in(&priority, UADDR(param), sizeof(priority));
    if (!failed(e)) e = exists(tid);
    if (failed(e)) return e.code;
    return priority ? ERR_INVALID.code : 0;
}

/* The slice that a thread has while others wait. */
int64_t sys_sched_rr_get_interval(uint64_t tid, uint64_t out)
{
    err_t e = exists(tid);
    return failed(e) ? e.code : timespec_write(out, CONFIG_TIME_SLICE_US * 1000ull).code;
}

/* ---- all at once ---- */

/* The structure grows with Linux: what is beyond the one that is known here must be zero. */
static err_t read_attributes(uint64_t at, struct linux_sched_attr *out)
{
    uint32_t size, known = sizeof(*out);
    *out = (struct linux_sched_attr){ 0 };
    err_t e = user_copy_in(&size, UADDR(at), sizeof(size));
    if (failed(e)) return e;
    if (!size) size = LINUX_SCHED_ATTR_SIZE_VER0;
    bool fits = size >= LINUX_SCHED_ATTR_SIZE_VER0 && size <= PAGE_BYTES;
    for (uint32_t i = known; fits && i < size; i++) {
        uint8_t byte;
        e = user_copy_in(&byte, UADDR(at + i), sizeof(byte));
        if (failed(e)) return e;
        fits = !byte;
    }
    if (!fits) {
        e = user_copy_out(UADDR(at), &known, sizeof(known));
        return failed(e) ? e : ERR_ARGS_TOO_LONG;
    }
    return user_copy_in(out, UADDR(at), MIN(size, known));
}

int64_t sys_sched_setattr(uint64_t tid, uint64_t attributes, uint64_t flags)
{
    struct linux_sched_attr a;
    if (!attributes || (int32_t)tid < 0 || (uint32_t)flags) return ERR_INVALID.code;
    err_t e = read_attributes(attributes, &a);
    if (failed(e)) return e.code;
    bool keeps_policy = a.flags & LINUX_SCHED_FLAG_KEEP_POLICY,
         keeps_all = a.flags & LINUX_SCHED_FLAG_KEEP_PARAMS;
    if ((int32_t)a.policy < 0) return ERR_INVALID.code;
    e = exists(tid);
    if (failed(e)) return e.code;
    if (a.flags & ~(uint64_t)LINUX_SCHED_FLAG_KNOWN) return ERR_INVALID.code;
    if (!keeps_policy) e = check_policy(a.policy, a.priority);
    if (failed(e)) return e.code;
    const struct niceness n = { .policy = (uint8_t)a.policy,
                                .value = niceness_clamp(a.nice),
                                .resets_on_fork = a.flags & LINUX_SCHED_FLAG_RESET_ON_FORK };
    return change(tid, &n, keeps_policy, keeps_all).code;
}

int64_t sys_sched_getattr(uint64_t tid, uint64_t attributes, uint64_t size, uint64_t flags)
{
    struct niceness n;
    size = (uint32_t)size;
    bool fits = size >= LINUX_SCHED_ATTR_SIZE_VER0 && size <= PAGE_BYTES;
    if (!attributes || (int32_t)tid < 0 || (uint32_t)flags || !fits) return ERR_INVALID.code;
    err_t e = look(tid, &n);
    if (failed(e)) return e.code;
    struct linux_sched_attr a = { .size = MIN((uint32_t)size, (uint32_t)sizeof(a)),
                                  .policy = n.policy,
                                  .flags = n.resets_on_fork ? LINUX_SCHED_FLAG_RESET_ON_FORK : 0,
                                  .nice = n.value };
    return user_copy_out(UADDR(attributes), &a, a.size).code;
}
