/* SPDX-License-Identifier: Apache-2.0 */
/* What a CPU does when no thread of its own queue is ready: it takes one that waits elsewhere, zeroes memory for
 * later, and rests in the end. */
#include "arch/cpu.h"
#include "mm/frame.h"
#include "sched/runqueue.h"

/* MWAIT with a pattern to watch for. QEMU's emulation offers one that watches 0 bytes, and does not rest.
 * [intel-sdm2 CPUID 05H] */
static bool can_watch(void)
{
    const uint32_t monitor = 1u << 3;
    return (cpuid_read(1, 0).ecx & monitor) && cpuid_read(0, 0).eax >= 5 && (cpuid_read(5, 0).eax & 0xffff);
}

/* Two at a time, always in the order of their CPUs. */
static void lock_pair(struct runqueue *a, struct runqueue *b) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock_off(a->cpu < b->cpu ? &a->lock : &b->lock);
    spin_lock_nested_off(a->cpu < b->cpu ? &b->lock : &a->lock);
}
static void unlock_pair(struct runqueue *a, struct runqueue *b) NO_THREAD_SAFETY_ANALYSIS
{
    spin_unlock_off(a->cpu < b->cpu ? &b->lock : &a->lock);
    spin_unlock_off(a->cpu < b->cpu ? &a->lock : &b->lock);
}

/* The first that may run on `cpu` and has left its own CPU. */
static struct thread *remove_for(struct thread_queue *q, uint32_t cpu)
{
    struct thread *before = NULL;
    for (struct thread *t = q->first; t; before = t, t = t->run_next) {
        if (!cpu_set_has(t->affinity, cpu) || __atomic_load_n(&t->context.is_on_cpu, __ATOMIC_ACQUIRE))
            continue;
        thread_queue_remove_after(q, before);
        return t;
    }
    return NULL;
}

/* A CPU that has just been given a thread will run it itself. */
static bool has_too_many(const struct runqueue *rq)
{
    return __atomic_load_n(&rq->waiting, __ATOMIC_RELAXED) > (rq->running == rq->idle);
}

static bool pull_from(struct runqueue *rq, struct runqueue *other) NO_THREAD_SAFETY_ANALYSIS
{
    struct thread *t = NULL;
    lock_pair(rq, other);
    if (has_too_many(other)) {
        t = remove_for(&other->urgent, rq->cpu);
        if (!t) t = remove_for(&other->ready, rq->cpu);
    }
    if (t) {
        other->waiting--;
        rq->waiting++;
        runqueue_adopt_locked(rq, t);
        thread_queue_push(&rq->ready, t);
    }
    unlock_pair(rq, other);
    return t;
}

/* True when something is in the queue now. Every CPU begins with its neighbour, so that they do not all go to the
 * same one. */
static bool pull(struct runqueue *rq)
{
    uint64_t others = cpu_set_without(cpus_online_set(), rq->cpu).bits, above = ~0ull << rq->cpu;
    const uint64_t parts[] = { others & above, others & ~above };
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        for (uint64_t left = parts[i]; left; left &= left - 1) {
            struct runqueue *other = runqueues[__builtin_ctzll(left)];
            if (has_too_many(other) && pull_from(rq, other)) return true;
        }
    return false;
}

static void watch(const uint32_t *rest)
{
    __asm__ volatile("monitor" : : "a"(rest), "c"(0), "d"(0) : "memory");
    if (__atomic_load_n(rest, __ATOMIC_RELAXED) != REST_WATCHES) return;
    /* The first instruction after STI is not interrupted: an interrupt ends the wait. C1. */
    __asm__ volatile("sti; mwait" : : "a"(0), "c"(0) : "memory");
}

/* Whoever queues a thread from now on sees how this CPU rests. */
static void rest(struct runqueue *rq, enum cpu_rest how)
{
    spin_lock_off(&rq->lock);
    bool can_rest = !rq->waiting;
    if (can_rest) __atomic_store_n(&rq->rest, how, __ATOMIC_RELAXED);
    spin_unlock_off(&rq->lock);
    if (!can_rest) return;
    if (how == REST_WATCHES)
        watch(&rq->rest);
    else
        cpu_halt_with_interrupts();
    interrupts_off();
    __atomic_store_n(&rq->rest, REST_NOT, __ATOMIC_RELAXED);
}

static struct thread *take(struct runqueue *rq)
{
    if (!rq->waiting) return NULL;
    spin_lock_off(&rq->lock);
    struct thread *next = runqueue_take_locked(rq);
    spin_unlock_off(&rq->lock);
    return next;
}

void idle_run(void)
{
    struct runqueue *rq = this_runqueue();
    enum cpu_rest how = can_watch() ? REST_WATCHES : REST_HALTED;
    for (;;) {
        struct thread *next = take(rq);
        if (next) {
            cpu_set_drop(&cpus_idle, rq->cpu);
            thread_switch(rq->idle, next);
            continue;
        }
        /* A step at a time, with interrupts let in between. */
        cpu_set_add(&cpus_idle, rq->cpu);
        if (pull(rq)) continue;
        if (frame_pool_fill_step()) {
            interrupts_let_in();
            interrupts_off();
        } else {
            rest(rq, how);
        }
    }
}
