/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that wait for one CPU. Inside sched/ only. */
#pragma once
#include "arch/cpu.h"
#include "core/lock.h"
#include "sched/thread.h"
#include "sched/timer.h"

/* First in, first out. */
struct thread_queue {
    struct thread *first, *last; /* `last` means nothing while there is no first */
};

static inline void thread_queue_push(struct thread_queue *q, struct thread *t)
{
    t->run_next = NULL;
    if (q->first)
        q->last->run_next = t;
    else
        q->first = t;
    q->last = t;
}
/* NULL when it is empty. */
static inline struct thread *thread_queue_pop(struct thread_queue *q)
{
    struct thread *t = q->first;
    if (t) q->first = t->run_next;
    return t;
}
/* Pop `first`, which is the first, and push another. */
static inline void thread_queue_rotate(struct thread_queue *q, struct thread *first, struct thread *pushed)
{
    q->last->run_next = pushed;
    q->last = pushed;
    pushed->run_next = NULL;
    q->first = first->run_next;
}
/* Takes out what follows `before`; NULL: the first. */
static inline void thread_queue_remove_after(struct thread_queue *q, struct thread *before)
{
    struct thread *t = before ? before->run_next : q->first;
    *(before ? &before->run_next : &q->first) = t->run_next;
    if (q->last == t) q->last = before;
}

/* How a CPU without work waits for some, and so how it is told. */
enum cpu_rest {
    REST_NOT,     /* it runs a thread, or looks at `waiting` before it rests */
    REST_WATCHES, /* MWAIT: a write to `rest` */
    REST_HALTED,  /* HLT: an interrupt */
};

struct runqueue {
    struct spinlock lock;
    uint32_t rest;              /* enum cpu_rest; written under lock, watched without */
    uint32_t waiting;           /* threads in both queues; written under lock, looked at without */
    struct thread_queue ready;  /* under lock, as is all that follows up to `running`: */
    struct thread_queue urgent; /* woken kernel threads: they are short, and others wait for them */
    uint32_t urgent_row;    /* so many of them ran one after the other; means nothing while there are none */
    bool is_slice_armed;    /* the slice timer is, or will be by the interrupt that is on its way */
    struct thread *running; /* may be `idle` */
    uint64_t switched_at;   /* TSC when it began: its slice did, too */
    struct timer slice;
    uint32_t cpu; /* fixed, as is: */
    struct thread *idle;
} ALIGNED(64);

extern struct runqueue *runqueues[CONFIG_CPUS_MAX];
extern cpu_set cpus_idle; /* that found nothing to run and were given nothing since; atomic */
static inline struct runqueue *this_runqueue(void) { return percpu()->runqueue; }

/* A CPU's queue, before the CPU is in use; `idle` runs on it then. */
void runqueue_init(struct runqueue *rq, uint32_t cpu, struct thread *idle);
/* What runs on the CPU from its start. */
static inline void runqueue_run_first(struct runqueue *rq, struct thread *t)
{
    rq->running = t;
    rq->switched_at = tsc_read();
    t->cpu_ticks = -rq->switched_at;
}

/* ---- all that follows with interrupts off ---- */

/* The queue of the thread's CPU, locked: its cpu and state stay as they are. */
static inline struct runqueue *runqueue_lock_of(const struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct runqueue *rq = runqueues[cpu];
        spin_lock_off(&rq->lock);
        if (likely(__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == cpu)) return rq;
        spin_unlock_off(&rq->lock);
    }
}
static inline void runqueue_push_locked(struct runqueue *rq, struct thread_queue *q, struct thread *t)
    REQUIRES(rq->lock)
{
    t->state = THREAD_AWAKE;
    rq->waiting++;
    thread_queue_push(q, t);
}
/* It waits for another CPU than before. */
static inline void runqueue_adopt_locked(const struct runqueue *rq, struct thread *t) REQUIRES(rq->lock)
{
    if (unlikely(t->placed_work) && t->cpu != rq->cpu)
        __atomic_or_fetch(&t->user_work, t->placed_work, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->cpu, rq->cpu, __ATOMIC_RELAXED);
}
/* One that runs on any page tables. */
static inline bool thread_is_kernel(const struct thread *t) { return !t->page_table; }

/* ---- schedule.c ---- */

/* The running thread leaves for a CPU where it may run, if it must. */
void thread_move_self(void);
/* A thread of ring 3 runs on this CPU and another one waits. */
void runqueue_arm_slice(struct runqueue *rq);

/* The next to run, as running from now on; NULL: nothing waits. */
struct thread *runqueue_take_locked(struct runqueue *rq) REQUIRES(rq->lock);
/* Goes on as `next`, which was taken. */
void thread_switch(struct thread *from, struct thread *next);
/* On the new stack after a switch. */
void thread_switched(void);
/* Runs something else in the place of a thread that has ended, which is freed if nobody else will do it. */
NORETURN void thread_schedule_last(bool is_freed);

/* ---- wake.c ---- */

void schedule_start(void);
/* Puts a thread that is MOVING where it may run. */
void thread_place(struct thread *t);

/* ---- thread.c ---- */
/* The idle thread of a further CPU, which begins on its stack; NULL. */
struct thread *thread_create_idle(uint32_t cpu);
/* Nobody runs on its stack any more. */
void thread_free(struct thread *t);

/* ---- idle.c ---- */
/* The idle thread, from its first instruction. Interrupts off. */
NORETURN void idle_run(void);
