/* SPDX-License-Identifier: Apache-2.0 */
#include "process/cpu_clock.h"

#include "abi/linux/time.h"
#include "core/cpus.h"
#include "core/time.h"
#include "lib/expiry.h"
#include "process/process.h"
#include "process/user_thread.h"
#include "sched/wait.h"
#include "vm/space.h"

/* ---- accounts ---- */

struct process_usage thread_usage(const struct user_thread *t)
{
    const struct thread *k = t->thread;
    return (struct process_usage){ .cpu_ns = thread_cpu_time_ns(k),
                                   .voluntary = k->switches.voluntary,
                                   .involuntary = k->switches.involuntary };
}

struct process_usage space_usage(const struct space *s)
{
    uint64_t peak = MAX(s->resident_peak_pages, s->resident_pages);
    return (struct process_usage){ .faults = s->fault_count, .peak_pages = peak };
}

uint64_t process_cpu_time_locked(struct process *p)
{
    uint64_t sum = p->ended_threads.cpu_ns;
    LIST_FOR_EACH (node, &p->threads)
        sum += thread_cpu_time_ns(LIST_ENTRY(node, struct user_thread, process_link)->thread);
    return sum;
}

struct process_usage process_usage(struct process *p)
{
    spin_lock(&p->signal_lock);
    struct process_usage sum = p->ended_threads;
    LIST_FOR_EACH (node, &p->threads)
        sum = process_usage_sum(sum, thread_usage(LIST_ENTRY(node, struct user_thread, process_link)));
    spin_unlock(&p->signal_lock);
    return sum;
}

/* ---- clocks ---- */

/* NULL: the running process knows no such thread. */
static struct user_thread *find_thread_locked(uint32_t number) REQUIRES(process_tree_lock)
{
    if (!number) return user_thread_current();
    struct user_thread *t = user_thread_find_locked(number);
    return t && t->process == process_current() ? t : NULL;
}

/* The running thread's own number means its process here, too. [linux kernel/time/posix-cpu-timers.c] */
static struct process *find_process_locked(uint32_t number) REQUIRES(process_tree_lock)
{
    if (!number || number == user_thread_current()->tid) return process_current();
    return process_find_locked(number);
}

uint32_t cpu_clock_threads_at_once(const struct process *p)
{
    return MIN(__atomic_load_n(&p->thread_count, __ATOMIC_RELAXED), cpus_online());
}

/* `*at_once` threads count at a time, at most. */
static err_t look(const struct cpu_clock_id *id, uint64_t *out_ns, uint32_t *at_once)
{
    err_t e = ERR_INVALID;
    spin_lock(&process_tree_lock);
    struct user_thread *t = id->is_thread ? find_thread_locked(id->number) : NULL;
    struct process *p = id->is_thread ? NULL : find_process_locked(id->number);
    if (t || p) e = OK;
    if (t) *out_ns = thread_cpu_time_ns(t->thread);
    *at_once = 1;
    if (p) {
        spin_lock(&p->signal_lock);
        *out_ns = process_cpu_time_locked(p);
        *at_once = cpu_clock_threads_at_once(p);
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return e;
}

err_t cpu_clock_read(uint32_t clock, uint64_t *out_ns)
{
    struct cpu_clock_id id;
    uint32_t at_once;
    return cpu_clock_decode(clock, &id) ? look(&id, out_ns, &at_once) : ERR_INVALID;
}

/* ---- waiting for one ---- */

static err_t sleep_for(uint64_t ns)
{
    struct wait_queue nobody_else = WAIT_QUEUE_INIT(nobody_else);
    spin_lock(&nobody_else.lock);
    err_t e = wait_sleep_interruptible_locked(&nobody_else, expiry_sum(time_now_ns(), ns));
    spin_unlock(&nobody_else.lock);
    return e.code == ERR_TIMED_OUT.code ? OK : e;
}

err_t cpu_clock_sleep(uint32_t clock, uint64_t until_ns)
{
    struct cpu_clock_id id;
    uint64_t now_ns, before_ns = UINT64_MAX;
    uint32_t at_once;
    if (!cpu_clock_decode(clock, &id)) return ERR_INVALID;
    if (id.is_thread && (!id.number || id.number == user_thread_current()->tid)) return ERR_INVALID;
    err_t e = look(&id, &now_ns, &at_once);
    if (failed(e)) return e;
    while (now_ns < until_ns) {
        e = sleep_for(cpu_clock_wait_ns(until_ns - now_ns, at_once, now_ns == before_ns));
        if (failed(e)) return e;
        before_ns = now_ns;
        if (failed(look(&id, &now_ns, &at_once))) return OK; /* it has ended, and never gets there */
    }
    return OK;
}
