/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs where.
 *
 * A thread's CPU and state change under the lock of that CPU's run queue. Whoever woke a sleeping thread owns
 * it until it is in a queue. One that is still switching away (context.is_on_cpu) goes back into the queue of the CPU
 * it is on, which comes to it after the switch; other CPUs leave it alone until then.
 *
 * A thread that becomes ready goes to the CPU it ran on last if that is idle, else to an idle one it may run on, else
 * to the last one to wait there. A CPU with nothing to do looks through the other queues before it rests (idle.c).
 * The two cannot miss each other: the CPU is in cpus_idle before it looks, and who has queued a thread on a busy CPU
 * looks at cpus_idle afterwards.
 *
 * The slice timer of a CPU is armed while a thread of ring 3 runs and another one of ring 3 waits. It is not disarmed
 * when that ceases, since threads that wake each other would do it all the time: it fires once for nothing, and is not
 * armed again. When it fires early in the turn of another thread it is armed for the rest of that turn.
 *
 * A switch between two threads of one program, which is what programs do all the time, leaves out what they share: the
 * page tables, and the slice timer, which is armed if one is needed. */
#include "sched/thread.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/segments.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "core/time.h"
#include "mm/tlb.h"
#include "sched/runqueue.h"

struct runqueue *runqueues[CONFIG_CPUS_MAX];
cpu_set cpus_idle;
static uint64_t slice_us = CONFIG_TIME_SLICE_US;

void sched_set_slice_us(uint64_t us) { slice_us = MAX(us, 1ull); }

static bool is_kernel_thread(const struct thread *t) { return !t->page_table; }

static inline struct runqueue *lock_of(const struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct runqueue *rq = runqueues[cpu];
        spin_lock_off(&rq->lock);
        if (likely(__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == cpu)) return rq;
        spin_unlock_off(&rq->lock);
    }
}

struct runqueue *runqueue_lock_of(const struct thread *t) { return lock_of(t); }

/* ---- slices ---- */

/* Of the running thread of this CPU; 0: it has had its turn. */
static uint64_t slice_left_ns(const struct runqueue *rq)
{
    uint64_t ran_ns = time_tsc_to_ns(tsc_read() - rq->switched_at);
    return slice_us * 1000 - MIN(ran_ns, slice_us * 1000);
}

/* A thread of ring 3 runs on this CPU and another one waits: its slice began when it began to run. Over it is only
 * for one that is about to make way, and then this is the next one's. */
static NOINLINE void arm_slice(struct runqueue *rq)
{
    uint64_t left_ns = slice_left_ns(rq);
    timer_arm(&rq->slice, time_now_ns() + (left_ns ? left_ns : slice_us * 1000));
}

static void slice_ended(struct timer *timer)
{
    struct runqueue *rq = CONTAINER_OF(timer, struct runqueue, slice);
    spin_lock_off(&rq->lock);
    bool is_needed = rq->waiting;
    rq->is_slice_armed = is_needed;
    if (is_needed && !slice_left_ns(rq)) percpu()->user_work |= USER_WORK_RESCHEDULE;
    spin_unlock_off(&rq->lock);
    if (is_needed) arm_slice(rq);
}

void runqueue_init(struct runqueue *rq, uint32_t cpu, struct thread *idle)
{
    *rq = (struct runqueue){ .lock = SPINLOCK_INIT_CLASS("runqueue.lock"), .cpu = cpu, .idle = idle };
    rq->running = idle;
    timer_init(&rq->slice, slice_ended);
    runqueues[cpu] = rq;
}

/* ---- switching ---- */

void thread_switched(void)
{
    if (CONFIG_DEBUG) lock_order_resume(&percpu_current()->mutexes[0]);
}

/* What a thread could not do on its own stack, by the next one. */
static void dispose(void *thread)
{
    struct thread *left = thread;
    thread_switched();
    if (left->state == THREAD_ENDED)
        thread_free(left);
    else
        thread_place(left);
}

static inline bool are_alike(const struct thread *a, const struct thread *b)
{
    return a->page_table == b->page_table && a->page_table;
}

static NOINLINE void change_space(struct percpu *p, struct thread *from, struct thread *to)
{
    struct runqueue *rq = p->runqueue;
    if (!is_kernel_thread(from)) user_bases_read_off(&from->bases);
    tlb_want(p, to->page_table);
    if (is_kernel_thread(to)) return;
    user_bases_write_off(&to->bases);
    if (rq->waiting && !rq->is_slice_armed) {
        rq->is_slice_armed = true;
        arm_slice(rq);
    }
}

/* Swaps all that a thread owns of the CPU but the stack. Inline, since some programs do nothing else. */
static inline __attribute__((always_inline)) void become(struct percpu *p, struct thread *from,
                                                         struct thread *to, bool alike)
{
    p->counters[CPU_SWITCHES]++;
    p->current = to;
    p->user_work = __atomic_load_n(&to->user_work, __ATOMIC_RELAXED);
    segments_set_kernel_stack(p, to->stack_top);
    if (likely(alike))
        user_bases_exchange_off(&from->bases, &to->bases);
    else
        change_space(p, from, to);
    fpu_switch(&from->fpu, &to->fpu);
}

static inline __attribute__((always_inline)) void switch_to(struct percpu *p, struct thread *from,
                                                            struct thread *to, bool alike)
{
    become(p, from, to, alike);
    context_switch(&from->context, &to->context);
    thread_switched();
}

void thread_switch(struct thread *from, struct thread *to)
{
    switch_to(percpu(), from, to, are_alike(from, to));
}

static NOINLINE void switch_and_dispose(struct thread *from, struct thread *to)
{
    become(percpu(), from, to, are_alike(from, to));
    context_switch_last(&from->context, &to->context, dispose, from);
    thread_switched();
}

/* The time up to now was the thread's that runs until now. */
static inline void set_running_locked(struct runqueue *rq, struct thread *self, struct thread *next)
    REQUIRES(rq->lock)
{
    uint64_t now = tsc_read();
    self->cpu_ticks += now;
    next->cpu_ticks -= now;
    rq->switched_at = now;
    rq->running = next;
    next->context.is_on_cpu = true;
}

static inline __attribute__((always_inline)) struct thread *take_locked(struct runqueue *rq)
    REQUIRES(rq->lock)
{
    struct thread *next = NULL;
    if (unlikely(rq->urgent.first) && (rq->urgent_row < CONFIG_URGENT_ROW_MAX || !rq->ready.first)) {
        next = thread_queue_pop(&rq->urgent);
        rq->urgent_row++;
    } else if (likely((next = thread_queue_pop(&rq->ready)))) {
        rq->urgent_row = 0;
    } else {
        return NULL;
    }
    rq->waiting--;
    set_running_locked(rq, rq->running, next);
    return next;
}

struct thread *runqueue_take_locked(struct runqueue *rq) { return take_locked(rq); }

static inline struct thread *take_or_idle_locked(struct runqueue *rq) REQUIRES(rq->lock)
{
    struct thread *next = take_locked(rq);
    if (!next) set_running_locked(rq, rq->running, next = rq->idle);
    return next;
}

static inline void push_locked(struct runqueue *rq, struct thread_queue *q, struct thread *t)
    REQUIRES(rq->lock)
{
    t->state = THREAD_AWAKE;
    rq->waiting++;
    thread_queue_push(q, t);
}

void thread_schedule(void)
{
    struct percpu *p = percpu();
    struct runqueue *rq = p->runqueue;
    struct thread *self = percpu_current();
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("sleeping");
    spin_lock_off(&rq->lock);
    struct thread *next = take_or_idle_locked(rq);
    spin_unlock_off(&rq->lock);
    self->switches.voluntary++;
    if (next != self) switch_to(p, self, next, are_alike(self, next));
}

void thread_schedule_last(bool is_freed)
{
    struct runqueue *rq = this_runqueue();
    struct thread *self = percpu_current();
    spin_lock_off(&rq->lock);
    struct thread *next = take_or_idle_locked(rq);
    spin_unlock_off(&rq->lock);
    if (is_freed)
        switch_and_dispose(self, next);
    else
        thread_switch(self, next);
    panic("an ended thread was scheduled");
}

/* Leaves for a CPU where it may run. */
static NOINLINE void move_self(struct runqueue *rq, struct thread *self)
{
    __atomic_and_fetch(&self->user_work, ~(uint32_t)USER_WORK_MOVE, __ATOMIC_SEQ_CST);
    spin_lock_off(&rq->lock);
    bool must_move = !cpu_set_has(self->affinity, rq->cpu);
    struct thread *next = NULL;
    if (must_move) {
        self->state = THREAD_MOVING;
        next = take_or_idle_locked(rq);
    }
    spin_unlock_off(&rq->lock);
    if (next) switch_and_dispose(self, next);
}

static NOINLINE void yield(struct runqueue *rq, struct thread *self)
{
    if (unlikely(__atomic_load_n(&self->user_work, __ATOMIC_RELAXED) & USER_WORK_MOVE)) {
        move_self(rq, self);
    } else if (rq->waiting) {
        spin_lock_off(&rq->lock);
        push_locked(rq, &rq->ready, self);
        struct thread *next = take_locked(rq);
        spin_unlock_off(&rq->lock);
        if (!next || next == self) return; /* what waited was taken away by another CPU */
        self->switches.involuntary++;
        thread_switch(self, next);
    }
}

void thread_yield(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("yielding");
    bool on = interrupts_are_on();
    interrupts_off();
    yield(this_runqueue(), percpu_current());
    if (on) interrupts_on();
}

/* From `self` to the first that waits, which was `next` before the lock was taken. An order to leave this CPU is
 * found when the thread comes back to ring 3 on it. */
static inline bool take_turns(struct runqueue *rq, struct thread *self, struct thread *next)
{
    spin_lock_off(&rq->lock);
    bool is_there = rq->ready.first == next; /* no other CPU has pulled it */
    if (likely(is_there)) {
        thread_queue_rotate(&rq->ready, next, self);
        set_running_locked(rq, self, next);
    }
    spin_unlock_off(&rq->lock);
    return is_there;
}

int64_t thread_yield_call(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("yielding");
    interrupts_off();
    struct percpu *p = percpu();
    struct runqueue *rq = p->runqueue;
    struct thread *self = percpu_current(), *next = rq->ready.first;
    if (likely(next && next->page_table == self->page_table && !rq->urgent.first) &&
        likely(take_turns(rq, self, next))) {
        self->switches.involuntary++;
        switch_to(p, self, next, true);
    } else if (rq->waiting) {
        yield(rq, self);
    }
    interrupts_on();
    return 0;
}

void thread_before_user(void)
{
    struct thread *self = percpu_current();
    if (__atomic_load_n(&self->user_work, __ATOMIC_RELAXED) & USER_WORK_MOVE)
        move_self(this_runqueue(), self);
    if (percpu()->user_work & USER_WORK_RESCHEDULE) yield(this_runqueue(), self);
    percpu()->user_work &= ~(uint32_t)(USER_WORK_RESCHEDULE | USER_WORK_MOVE);
}

/* ---- becoming ready ---- */

/* What is left to do once the queue's lock is free. */
enum tell { TELL_NOBODY, TELL_ARM, TELL_CPU };

/* The CPU that will run the thread is told if it does not look by itself. */
static inline __attribute__((always_inline)) enum tell add_locked(struct runqueue *rq, struct thread *t)
    REQUIRES(rq->lock)
{
    bool is_here = rq == this_runqueue(), is_urgent = is_kernel_thread(t);
    if (is_urgent && !rq->urgent.first && !is_kernel_thread(rq->running)) rq->urgent_row = 0;
    push_locked(rq, is_urgent ? &rq->urgent : &rq->ready, t);
    if (rq->running == rq->idle) {
        uint32_t rest = rq->rest;
        __atomic_store_n(&rq->rest, REST_NOT, __ATOMIC_RELAXED); /* ends an MWAIT */
        cpu_set_drop(&cpus_idle, rq->cpu);
        return rest == REST_HALTED && !is_here ? TELL_CPU : TELL_NOBODY;
    }
    if (is_kernel_thread(rq->running)) return TELL_NOBODY;
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
        arm_slice(rq);
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
            __atomic_store_n(&t->cpu, rq->cpu, __ATOMIC_RELAXED);
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
    struct runqueue *rq = lock_of(t);
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
    bool is_user = !is_kernel_thread(rq->running), is_armed = timer_is_armed(&rq->slice);
    bool arms = is_user && rq->waiting && !is_armed;
    rq->is_slice_armed = arms || is_armed; /* a request that is out of date is dropped */
    p->user_work |= __atomic_load_n(&p->current->user_work, __ATOMIC_RELAXED);
    if (is_user && rq->urgent.first) p->user_work |= USER_WORK_RESCHEDULE;
    spin_unlock_off(&rq->lock);
    if (arms) arm_slice(rq);
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
    if (t == percpu_current() && (t->user_work & USER_WORK_MOVE)) move_self(this_runqueue(), t);
    if (on) interrupts_on();
    return OK;
}

cpu_set thread_affinity(const struct thread *t) { return cpu_set_read(&t->affinity); }

/* ---- time ---- */

uint64_t thread_cpu_time_ns(const struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = interrupts_are_on();
    interrupts_off();
    struct runqueue *rq = runqueue_lock_of(t);
    uint64_t ticks = t->cpu_ticks, now = tsc_read();
    if (rq->running == t) ticks += MAX(rq->switched_at, now); /* its CPU's TSC may be a little ahead */
    spin_unlock_off(&rq->lock);
    if (on) interrupts_on();
    return time_tsc_to_ns(ticks);
}

void schedule_start(void) { ipi_set_handler(IPI_RESCHEDULE, reschedule_interrupt); }
