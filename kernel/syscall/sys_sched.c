/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process.h"
#include "process/process_id.h"
#include "process/user_thread.h"
#include "sched/cpu_start.h"
#include "sched/thread.h"
#include "syscall/sys_core.h"
#include "vm/usercopy.h"

int64_t sys_sched_yield(void) { return thread_yield_call(); }

/* Of the calling thread, or of the one with this number. A new set goes to a thread that is not freed meanwhile. */
static err_t set_affinity(uint32_t tid, cpu_set affinity)
{
    if (!tid || tid == user_thread_current()->tid) return thread_set_affinity(thread_current(), affinity);
    spin_lock(&process_tree_lock);
    struct user_thread *t = user_thread_find_locked(tid);
    err_t e = t ? thread_set_affinity(t->thread, affinity) : ERR_NO_PROCESS;
    spin_unlock(&process_tree_lock);
    return e;
}

static err_t get_affinity(uint32_t tid, cpu_set *out)
{
    spin_lock(&process_tree_lock);
    struct user_thread *t = tid ? user_thread_find_locked(tid) : user_thread_current();
    if (t) *out = thread_affinity(t->thread);
    spin_unlock(&process_tree_lock);
    return t ? OK : ERR_NO_PROCESS;
}

/* Programs ask how many CPUs they have, so all that are to come are waited for. */
int64_t sys_sched_getaffinity(uint64_t tid, uint64_t bytes, uint64_t mask)
{
    cpu_set cpus;
    if (bytes % sizeof(uint64_t) || (uint32_t)bytes == 0) return ERR_INVALID.code;
    cpus_wait();
    err_t e = get_affinity((uint32_t)tid, &cpus);
    if (failed(e)) return e.code;
    cpus = cpu_set_both(cpus, cpus_online_set());
    e = user_copy_out(UADDR(mask), &cpus.bits, sizeof(cpus.bits));
    return failed(e) ? e.code : (int64_t)sizeof(cpus.bits);
}

int64_t sys_sched_setaffinity(uint64_t tid, uint64_t bytes, uint64_t mask)
{
    cpu_set cpus = CPU_SET_NONE;
    err_t e = user_copy_in(&cpus.bits, UADDR(mask), MIN(bytes, sizeof(cpus.bits)));
    if (failed(e)) return e.code;
    cpus_wait();
    return set_affinity((uint32_t)tid, cpu_set_both(cpus, CPU_SET_ALL)).code;
}

int64_t sys_getcpu(uint64_t cpu, uint64_t node, uint64_t cache)
{
    uint32_t zero = 0, here = (uint32_t)percpu_index();
    (void)cache;
    err_t e = cpu ? user_copy_out(UADDR(cpu), &here, sizeof(here)) : OK;
    if (!failed(e) && node) e = user_copy_out(UADDR(node), &zero, sizeof(zero));
    return e.code;
}
