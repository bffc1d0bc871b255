/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPU a thread waits for, and how that CPU learns of it.
 *
 * A thread that becomes ready goes to the CPU it ran on last if that is idle, else to an idle one it may run on, else
 * to the last one to wait there. A CPU with nothing to do looks through the other queues before it rests (idle.c).
 * The two cannot miss each other: the CPU is in cpus_idle before it looks, and who has queued a thread on a busy CPU
 * looks at cpus_idle afterwards. */
#include "arch/cpu.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "sched/runqueue.h"

cpu_set cpus_idle;

/* ---- becoming ready ---- */

/* What is left to do once the queue's lock is free. */
enum tell { TELL_NOBODY, TELL_ARM, TELL_CPU };

/* The CPU that will run the thread is told if it does not look by itself. */
static inline __attribute__((always_inline)) enum tell add_locked(struct runqueue *rq, struct thread *t)
    REQUIRES(rq->lock)
{
    bool is_here = rq == this_runqueue(), is_urgent = thread_is_kernel(t);
    if (is_urgent && !rq->urgent.first && !thread_is_kernel(rq->running)) rq->urgent_row = 0;
    runqueue_push_locked(rq, is_urgent ? &rq->urgent : &rq->ready, t);
    if (rq->running == rq->idle) {
        uint32_t rest = rq->rest;
        __atomic_store_n(&rq->rest, REST_NOT, __ATOMIC_RELAXED); /* ends an MWAIT */
        cpu_set_drop(&cpus_idle, rq->cpu);
        return rest == REST_HALTED && !is_here ? TELL_CPU : TELL_NOBODY;
    }
    if (thread_is_kernel(rq->running)) return TELL_NOBODY;
    if (is_urgent) {
        if (!is_here) return TELL_CPU;
        percpu()->user_work |= USER_WORK_RESCHEDULE;
    } else if (!rq->is_slice_armed) {
        rq->is_slice_armed = true;
        return is_here ? TELL_ARM : TELL_CPU;
    }
    return TELL_NOBODY;
}

static inline void tell(struct runqueue *rq, enum tell what)
{
    if (likely(what == TELL_NOBODY)) return;
    if (what == TELL_ARM)
        runqueue_arm_slice(rq);
    else if (what == TELL_CPU)
        ipi_send(rq->cpu, IPI_RESCHEDULE);
}

/* A CPU that rests is to look through the queues. */
static NOINLINE void wake_idle_cpu(uint32_t cpu)
{
    struct runqueue *rq = runqueues[cpu];
    spin_lock_off(&rq->lock);
    uint32_t rest = rq->rest;
    __atomic_store_n(&rq->rest, REST_NOT, __ATOMIC_RELAXED);
    spin_unlock_off(&rq->lock);
    if (rest == REST_HALTED) ipi_send(cpu, IPI_RESCHEDULE);
}

/* After a thread was queued on a CPU that runs another: one that became idle meanwhile may take it. */
static inline void offer(const struct runqueue *rq, cpu_set affinity)
{
    if (likely(cpus_online_set().bits == 1) || (rq->running == rq->idle && rq->waiting <= 1)) return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    cpu_set takers = cpu_set_without(cpu_set_both(cpu_set_read(&cpus_idle), affinity), rq->cpu);
    if (!cpu_set_is_empty(takers)) wake_idle_cpu(cpu_set_first(takers));
}

static NOINLINE uint32_t choose_cpu(const struct thread *t)
{
    cpu_set allowed = cpu_set_both(t->affinity, cpus_online_set());
    cpu_set idle = cpu_set_both(allowed, cpu_set_read(&cpus_idle));
    if (cpu_set_has(idle, t->cpu)) return t->cpu;
    if (!cpu_set_is_empty(idle)) return cpu_set_first(idle);
    return cpu_set_has(allowed, t->cpu) ? t->cpu : cpu_set_first(allowed);
}

void thread_place(struct thread *t)
{
    bool is_there = false;
    do {
        struct runqueue *rq = runqueues[choose_cpu(t)];
        enum tell what = TELL_NOBODY;
        spin_lock_off(&rq->lock);
        is_there = cpu_set_has(t->affinity, rq->cpu); /* or it has just changed */
        cpu_set affinity = t->affinity;
        if (is_there) {
            runqueue_adopt_locked(rq, t);
            what = add_locked(rq, t);
        }
        spin_unlock_off(&rq->lock);
        tell(rq, what);
        if (is_there) offer(rq, affinity);
    } while (!is_there);
}

/* Where choose_cpu() would send it, or it is there still. */
static inline bool stays_locked(const struct runqueue *rq, const struct thread *t) REQUIRES(rq->lock)
{
    bool nobody_rests = cpu_set_is_empty(cpu_set_read(&cpus_idle));
    if (likely(nobody_rests && cpu_set_has(t->affinity, rq->cpu))) return true;
    return __atomic_load_n(&t->context.is_on_cpu, __ATOMIC_ACQUIRE) || choose_cpu(t) == rq->cpu;
}

/* One that stays needs one lock; others are given up and placed. */
static inline void wake_and_unlock(struct runqueue *rq, struct thread *t) RELEASES(rq->lock)
{
    bool stays = stays_locked(rq, t);
    cpu_set affinity = t->affinity;
    enum tell what = TELL_NOBODY;
    if (stays)
        what = add_locked(rq, t);
    else
        t->state = THREAD_MOVING;
    spin_unlock_off(&rq->lock);
    tell(rq, what);
    if (stays)
        offer(rq, affinity);
    else
        thread_place(t);
}

static inline __attribute__((always_inline)) void
wake_off(struct thread *t, bool only_if_interruptible) NO_THREAD_SAFETY_ANALYSIS
{
    struct runqueue *rq = runqueue_lock_of(t);
    bool sleeps = __atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_SLEEPING;
    if (sleeps && (!only_if_interruptible || __atomic_load_n(&t->is_interruptible, __ATOMIC_RELAXED)))
        wake_and_unlock(rq, t);
    else
        spin_unlock_off(&rq->lock);
}

void thread_wake_off(struct thread *t) { wake_off(t, false); }

static void wake(struct thread *t, bool only_if_interruptible)
{
    bool on = interrupts_are_on();
    interrupts_off();
    if (only_if_interruptible)
        wake_off(t, true);
    else
        thread_wake_off(t);
    if (on) interrupts_on();
}

void thread_wake(struct thread *t) { wake(t, false); }

void thread_interrupt(struct thread *t)
{
    __atomic_or_fetch(&t->user_work, USER_WORK_INTERRUPTED, __ATOMIC_SEQ_CST);
    if (t == percpu_current()) {
        percpu_add_work(USER_WORK_INTERRUPTED);
        return;
    }
    wake(t, true);
    thread_kick(t);
}

/* ---- telling a thread that runs ---- */

/* The bits go to a thread that is switched to after they were set; one that is running then is found here. */
void thread_kick(struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = interrupts_are_on();
    interrupts_off();
    struct runqueue *rq = runqueue_lock_of(t);
    bool is_running = rq->running == t, is_here = rq == this_runqueue();
    spin_unlock_off(&rq->lock);
    if (is_running && is_here)
        percpu()->user_work |= __atomic_load_n(&t->user_work, __ATOMIC_RELAXED);
    else if (is_running)
        ipi_send(rq->cpu, IPI_RESCHEDULE);
    if (on) interrupts_on();
}

/* Another CPU gave this one a thread, or its thread something to look at. */
static void reschedule_interrupt(void)
{
    struct runqueue *rq = this_runqueue();
    struct percpu *p = percpu();
    spin_lock_off(&rq->lock);
    bool is_user = !thread_is_kernel(rq->running), is_armed = timer_is_armed(&rq->slice);
    bool arms = is_user && rq->waiting && !is_armed;
    rq->is_slice_armed = arms || is_armed; /* a request that is out of date is dropped */
    p->user_work |= __atomic_load_n(&p->current->user_work, __ATOMIC_RELAXED);
    if (is_user && rq->urgent.first) p->user_work |= USER_WORK_RESCHEDULE;
    spin_unlock_off(&rq->lock);
    if (arms) runqueue_arm_slice(rq);
}

/* ---- affinity ---- */

static void unqueue_locked(struct runqueue *rq, struct thread *t) REQUIRES(rq->lock)
{
    struct thread_queue *queues[] = { &rq->ready, &rq->urgent };
    for (size_t i = 0; i < ARRAY_LENGTH(queues); i++) {
        struct thread *before = NULL, *at = queues[i]->first;
        for (; at && at != t; at = at->run_next) before = at;
        if (!at) continue;
        thread_queue_remove_after(queues[i], before);
        rq->waiting--;
        return;
    }
    panic("the ready thread %s is in no queue", t->name);
}

/* Where it may not stay: one that waits in a queue moves now, one that runs is to move itself. */
static void move_away_and_unlock(struct runqueue *rq, struct thread *t) RELEASES(rq->lock)
{
    bool is_on_cpu = __atomic_load_n(&t->context.is_on_cpu, __ATOMIC_ACQUIRE);
    bool is_queued = t->state == THREAD_AWAKE && !is_on_cpu;
    if (is_queued) {
        unqueue_locked(rq, t);
        t->state = THREAD_MOVING;
    }
    if (is_on_cpu) __atomic_or_fetch(&t->user_work, USER_WORK_MOVE, __ATOMIC_SEQ_CST);
    spin_unlock_off(&rq->lock);
    if (is_queued) thread_place(t);
    if (is_on_cpu) thread_kick(t);
}

err_t thread_set_affinity(struct thread *t, cpu_set affinity) NO_THREAD_SAFETY_ANALYSIS
{
    if (cpu_set_is_empty(cpu_set_both(affinity, cpus_online_set()))) return ERR_INVALID;
    bool on = interrupts_are_on();
    interrupts_off();
    struct runqueue *rq = runqueue_lock_of(t);
    t->affinity = affinity;
    if (cpu_set_has(affinity, rq->cpu))
        spin_unlock_off(&rq->lock);
    else
        move_away_and_unlock(rq, t);
    if (t == percpu_current() && (t->user_work & USER_WORK_MOVE)) thread_move_self();
    if (on) interrupts_on();
    return OK;
}

cpu_set thread_affinity(const struct thread *t) { return cpu_set_read(&t->affinity); }

void schedule_start(void) { ipi_set_handler(IPI_RESCHEDULE, reschedule_interrupt); }
