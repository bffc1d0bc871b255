/* SPDX-License-Identifier: Apache-2.0 */
/* Which thread runs next on a CPU, and the switch to it. How threads get into its queue: wake.c.
 *
 * A thread's CPU and state change under the lock of that CPU's run queue. Whoever woke a sleeping thread owns
 * it until it is in a queue. One that is still switching away (context.is_on_cpu) goes back into the queue of the CPU
 * it is on, which comes to it after the switch; other CPUs leave it alone until then.
 *
 * The slice timer of a CPU is armed while a thread of ring 3 runs and another one of ring 3 waits. It is not disarmed
 * when that ceases, since threads that wake each other would do it all the time: it fires once for nothing, and is not
 * armed again. When it fires early in the turn of another thread it is armed for the rest of that turn.
 *
 * A switch between two threads of one program, which is what programs do all the time, leaves out what they share: the
 * page tables, and the slice timer, which was armed for the one if another waits now. */
#include "sched/thread.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/segments.h"
#include "core/panic.h"
#include "core/time.h"
#include "mm/tlb.h"
#include "sched/runqueue.h"

struct runqueue *runqueues[CONFIG_CPUS_MAX];
static uint64_t slice_us = CONFIG_TIME_SLICE_US;

void sched_set_slice_us(uint64_t us) { slice_us = MAX(us, 1ull); }

/* ---- slices ---- */

static uint64_t slice_of_ns(const struct thread *t)
{
    return slice_us * 10 * __atomic_load_n(&t->turn_percent, __ATOMIC_RELAXED);
}

/* Of the running thread of this CPU; 0: it has had its turn. */
static uint64_t slice_left_ns(const struct runqueue *rq)
{
    uint64_t ran_ns = time_tsc_to_ns(tsc_read() - rq->switched_at), slice_ns = slice_of_ns(rq->running);
    return slice_ns - MIN(ran_ns, slice_ns);
}

static void arm_slice(struct runqueue *rq, uint64_t ns) { timer_arm(&rq->slice, time_now_ns() + ns); }

/* A thread of ring 3 runs on this CPU and another one waits: its slice began when it began to run. Over it is only
 * for one that is about to make way, and then this is the next one's. */
NOINLINE void runqueue_arm_slice(struct runqueue *rq)
{
    uint64_t left_ns = slice_left_ns(rq);
    arm_slice(rq, left_ns ? left_ns : slice_us * 1000);
}

static void slice_ended(struct timer *timer)
{
    struct runqueue *rq = CONTAINER_OF(timer, struct runqueue, slice);
    spin_lock_off(&rq->lock);
    bool is_needed = rq->waiting;
    rq->is_slice_armed = is_needed;
    uint64_t left_ns = is_needed ? slice_left_ns(rq) : 0;
    if (is_needed && !left_ns) {
        percpu()->user_work |= USER_WORK_RESCHEDULE;
        left_ns = rq->ready.first ? slice_of_ns(rq->ready.first) : slice_us * 1000;
    }
    spin_unlock_off(&rq->lock);
    if (is_needed) arm_slice(rq, left_ns);
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
    if (!thread_is_kernel(from)) user_bases_read_off(&from->bases);
    tlb_want(p, to->page_table);
    if (thread_is_kernel(to)) return;
    user_bases_write_off(&to->bases);
    if (rq->waiting && !rq->is_slice_armed) {
        rq->is_slice_armed = true;
        runqueue_arm_slice(rq);
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

NOINLINE void thread_move_self(void)
{
    struct runqueue *rq = this_runqueue();
    struct thread *self = percpu_current();
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
        thread_move_self();
    } else if (rq->waiting) {
        spin_lock_off(&rq->lock);
        runqueue_push_locked(rq, &rq->ready, self);
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

/* From `self` to the first that waits; NULL: it is not one of the same program, and nothing was done. An order to
 * leave this CPU is found when the thread comes back to ring 3 on it. */
static inline struct thread *take_turns(struct runqueue *rq, struct thread *self)
{
    spin_lock_off(&rq->lock);
    struct thread *next = rq->ready.first;
    if (likely(next && next->page_table == self->page_table && !rq->urgent.first)) {
        thread_queue_rotate(&rq->ready, next, self);
        set_running_locked(rq, self, next);
    } else {
        next = NULL;
    }
    spin_unlock_off(&rq->lock);
    return next;
}

int64_t thread_yield_call(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("yielding");
    struct percpu *p = percpu();
    if (!p->runqueue->waiting) return 0;
    interrupts_off();
    struct thread *self = percpu_current(), *next = take_turns(p->runqueue, self);
    if (likely(next)) {
        self->switches.involuntary++;
        switch_to(p, self, next, true);
    } else {
        yield(p->runqueue, self);
    }
    interrupts_on();
    return 0;
}

void thread_before_user(void)
{
    struct thread *self = percpu_current();
    if (__atomic_load_n(&self->user_work, __ATOMIC_RELAXED) & USER_WORK_MOVE) thread_move_self();
    if (percpu()->user_work & USER_WORK_RESCHEDULE) yield(this_runqueue(), self);
    percpu()->user_work &= ~(uint32_t)(USER_WORK_RESCHEDULE | USER_WORK_MOVE);
}

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
