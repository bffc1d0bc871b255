/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware is set to the first deadline of its CPU. Where the first timer goes from another CPU it stays as it
 * was, and one interrupt comes for nothing.
 *
 * A timer that is armed while its function still runs stays with the CPU that runs it, which looks at its queue once
 * more when the function has returned. So timer.cpu always tells where the function may run, and cancelling waits
 * for it there. */
#include "sched/timer.h"

#include "core/ipi.h"
#include "core/lock.h"
#include "core/time.h"

struct timer_queue {
    struct spinlock lock;
    struct tree armed;     /* by deadline; under lock, as is: */
    struct timer *first;   /* of them, or NULL */
    struct timer *running; /* whose function runs now; looked at without the lock, too */
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
    __atomic_store_n(&t->is_armed, false, __ATOMIC_RELEASE); /* after q->running, if it is about to run */
}

static void deadline_reached(void)
{
    struct timer_queue *q = &queues[percpu_index()];
    spin_lock(&q->lock);
    for (struct timer *t; (t = q->first) && t->deadline_ns <= time_now_ns();) {
        __atomic_store_n(&q->running, t, __ATOMIC_RELAXED);
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

/* The queue to put it in. It is not armed, so its function runs already if it will for the last deadline. */
static struct timer_queue *choose_queue(const struct timer *t)
{
    struct timer_queue *last = &queues[t->cpu];
    bool is_running = __atomic_load_n(&last->running, __ATOMIC_RELAXED) == t;
    return unlikely(is_running) ? last : &queues[percpu_index()];
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    bool on = interrupts_are_on();
    interrupts_off(); /* on this CPU until it is in the queue */
    if (timer_is_armed(t)) timer_disarm(t);
    struct timer_queue *q = choose_queue(t);
    spin_lock(&q->lock);
    if (unlikely(!is_here(q)) && q->running != t) { /* it has just returned */
        spin_unlock(&q->lock);
        q = &queues[percpu_index()];
        spin_lock(&q->lock);
    }
    __atomic_store_n(&t->cpu, (uint32_t)(q - queues), __ATOMIC_RELAXED);
    t->deadline_ns = deadline_ns;
    insert_locked(q, t);
    if (q->first == t) program_hardware_locked(q);
    spin_unlock(&q->lock);
    if (on) interrupts_on();
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
