/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware is set to the first deadline of its CPU. Where the first timer goes from another CPU it stays as it
 * was, and one interrupt comes for nothing. */
#include "sched/timer.h"

#include "core/ipi.h"
#include "core/lock.h"
#include "core/time.h"

struct timer_queue {
    struct spinlock lock;
    struct tree armed;     /* by deadline; under lock, as is: */
    struct timer *first;   /* of them, or NULL */
    struct timer *running; /* whose function runs now; atomic, read without the lock */
} ALIGNED(64);

static struct timer_queue queues[CONFIG_CPUS_MAX] = {
    [0 ... CONFIG_CPUS_MAX - 1] = { .lock = SPINLOCK_INIT_CLASS("timers") },
};

static struct timer *timer_of(struct tree_node *node) { return TREE_ENTRY(node, struct timer, node); }

static bool is_here(const struct timer_queue *q) { return q == &queues[percpu_index()]; }

static void program_hardware_locked(struct timer_queue *q) REQUIRES(q->lock)
{
    if (is_here(q)) time_arm_ns(q->first ? q->first->deadline_ns : UINT64_MAX);
}

/* Behind those with the same deadline. */
static void insert_locked(struct timer_queue *q, struct timer *t) REQUIRES(q->lock)
{
    struct tree_node *before = NULL;
    for (struct tree_node *at = q->armed.root; at;) {
        bool is_later = timer_of(at)->deadline_ns <= t->deadline_ns;
        if (is_later) before = at;
        at = at->child[is_later];
    }
    tree_insert_after(&q->armed, before, &t->node);
    if (!before) q->first = t;
    __atomic_store_n(&t->is_armed, true, __ATOMIC_RELAXED);
}

static void remove_locked(struct timer_queue *q, struct timer *t) REQUIRES(q->lock)
{
    if (q->first == t) {
        struct tree_node *next = tree_next(&t->node);
        q->first = next ? timer_of(next) : NULL;
    }
    tree_remove(&q->armed, &t->node);
    __atomic_store_n(&t->is_armed, false, __ATOMIC_RELEASE);
}

static void deadline_reached(void)
{
    struct timer_queue *q = &queues[percpu_index()];
    spin_lock(&q->lock);
    for (struct timer *t; (t = q->first) && t->deadline_ns <= time_now_ns();) {
        __atomic_store_n(&q->running, t, __ATOMIC_RELAXED); /* before it counts as not armed */
        remove_locked(q, t);
        spin_unlock(&q->lock);
        t->fire(t);
        spin_lock(&q->lock);
        __atomic_store_n(&q->running, NULL, __ATOMIC_RELAXED);
    }
    program_hardware_locked(q);
    spin_unlock(&q->lock);
}

void timers_start(void) { time_deadline_handler = deadline_reached; }

/* The queue it is in, or was in last, locked. */
static struct timer_queue *lock_queue_of(const struct timer *t) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        spin_lock(&queues[cpu].lock);
        if (likely(t->cpu == cpu)) return &queues[cpu];
        spin_unlock(&queues[cpu].lock);
    }
}

static bool disarm_locked(struct timer_queue *q, struct timer *t) REQUIRES(q->lock)
{
    if (!t->is_armed) return false;
    bool was_first = q->first == t;
    remove_locked(q, t);
    if (was_first) program_hardware_locked(q);
    return true;
}

bool timer_disarm(struct timer *t) NO_THREAD_SAFETY_ANALYSIS
{
    struct timer_queue *q = lock_queue_of(t);
    bool was_armed = disarm_locked(q, t);
    spin_unlock(&q->lock);
    return was_armed;
}

static bool runs_on(const struct timer *t, uint32_t cpu)
{
    return __atomic_load_n(&queues[cpu].running, __ATOMIC_RELAXED) == t;
}

/* The queue that it is to be in, locked: this CPU's. But while its function runs on another CPU it stays there, which
 * looks at its queue again after that, so that timer_cancel has one place to look at. */
static struct timer_queue *lock_queue_for(struct timer *t) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t here = (uint32_t)percpu_index(), there = t->cpu;
    if (unlikely(there != here && runs_on(t, there))) {
        spin_lock(&queues[there].lock);
        if (runs_on(t, there)) return &queues[there];
        spin_unlock(&queues[there].lock);
    }
    spin_lock(&queues[here].lock);
    __atomic_store_n(&t->cpu, here, __ATOMIC_RELAXED);
    return &queues[here];
}

void timer_arm(struct timer *t, uint64_t deadline_ns) NO_THREAD_SAFETY_ANALYSIS
{
    if (timer_is_armed(t)) timer_disarm(t);
    struct timer_queue *q = lock_queue_for(t);
    t->deadline_ns = deadline_ns;
    insert_locked(q, t);
    if (q->first == t) program_hardware_locked(q);
    spin_unlock(&q->lock);
}

void timer_cancel(struct timer *t) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        struct timer_queue *q = lock_queue_of(t);
        disarm_locked(q, t);
        bool is_running = q->running == t && !is_here(q);
        spin_unlock(&q->lock);
        if (!is_running) return;
        cpu_relax(); /* it may arm itself again: look again */
        ipi_poll();
    }
}
