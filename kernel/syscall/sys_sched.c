/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/system.h"
#include "process/user_thread.h"
#include "core/time.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"
#include "vm/layout.h"
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

/* With one thread nobody can wake a waiter, so a wait lasts until its time is over. */
static int64_t futex_wait(uint64_t word, uint32_t value, uint64_t deadline_ns)
{
    static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
    uint32_t now;
    err_t e = user_copy_in(&now, UADDR(word), sizeof(now));
    if (failed(e)) return e.code;
    if (now != value) return ERR_TRY_AGAIN.code;
    spin_lock(&queue.lock);
    do e = wait_sleep_interruptible_locked(&queue, deadline_ns);
    while (e.code != ERR_INTERRUPTED.code && time_now_ns() < deadline_ns);
    spin_unlock(&queue.lock);
    return e.code;
}

static err_t futex_deadline(uint64_t timeout, bool is_absolute, bool is_realtime, uint64_t *out)
{
    *out = UINT64_MAX;
    if (!timeout) return OK;
    uint64_t ns, clock = is_realtime ? time_realtime_ns() : time_now_ns();
    err_t e = timespec_read(timeout, &ns);
    if (failed(e)) return e;
    uint64_t left = !is_absolute ? ns : ns > clock ? ns - clock : 0;
    if (add_overflows(time_now_ns(), left, out)) *out = UINT64_MAX - 1;
    return OK;
}

int64_t sys_futex(uint64_t word, uint64_t operation, uint64_t value, uint64_t timeout, uint64_t word2,
                  uint64_t value3)
{
    (void)word2;
    uint32_t command =
        (uint32_t)operation & ~(uint32_t)(LINUX_FUTEX_PRIVATE_FLAG | LINUX_FUTEX_CLOCK_REALTIME);
    bool is_realtime = operation & LINUX_FUTEX_CLOCK_REALTIME;
    bool is_wait = command == LINUX_FUTEX_WAIT || command == LINUX_FUTEX_WAIT_BITSET;
    bool is_wake = command == LINUX_FUTEX_WAKE || command == LINUX_FUTEX_WAKE_BITSET;
    bool has_bitset = command == LINUX_FUTEX_WAIT_BITSET || command == LINUX_FUTEX_WAKE_BITSET;
    if (!is_wait && !is_wake) return ERR_NO_SYSCALL.code;
    if (is_realtime && command != LINUX_FUTEX_WAIT_BITSET) return ERR_NO_SYSCALL.code;

    uint64_t deadline = 0;
    err_t e = is_wait ? futex_deadline(timeout, has_bitset, is_realtime, &deadline) : OK;
    if (failed(e)) return e.code;
    if ((has_bitset && !(uint32_t)value3) || word % sizeof(uint32_t)) return ERR_INVALID.code;
    if (is_wait) return futex_wait(word, (uint32_t)value, signal_deadline(deadline));
    return is_user_range(word, sizeof(uint32_t)) ? 0 : ERR_FAULT.code; /* there is nobody to wake */
}
