/* SPDX-License-Identifier: Apache-2.0 */
/* Threads from their creation to their end. */
#include "sched/thread.h"

#include "arch/cpu.h"
#include "arch/segments.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "mm/tlb.h"
#include "sched/runqueue.h"
#include "sched/thread_fpu.h"
#include "sched/wait.h"

struct list thread_all = LIST_INIT(thread_all);
static struct spinlock all_lock = SPINLOCK_INIT;
static uint32_t next_id GUARDED_BY(all_lock);

static struct runqueue boot_runqueue;
static struct thread boot_thread, boot_idle;
extern char boot_stack_top[], idle_stack_top[];

static void thread_publish(struct thread *t)
{
    spin_lock(&all_lock);
    t->id = next_id++;
    list_push_back(&thread_all, &t->all_link);
    spin_unlock(&all_lock);
}

struct thread *thread_current(void) { return percpu_current(); }

static uint32_t count(bool is_all)
{
    uint32_t count = 0;
    spin_lock(&all_lock);
    for (const struct list *at = thread_all.next; at != &thread_all; at = at->next)
        count += is_all || LIST_ENTRY(at, struct thread, all_link)->is_of_process;
    spin_unlock(&all_lock);
    return count;
}

uint32_t thread_count(void) { return count(true); }

static uint32_t
    being_freed; /* atomic: they are in the list no more, and their memory is not given back yet */
uint32_t thread_count_of_processes(void)
{
    return count(false) + __atomic_load_n(&being_freed, __ATOMIC_ACQUIRE);
}

/* ---- beginning ---- */

static void first_run(void *thread)
{
    struct thread *self = thread;
    thread_switched();
    interrupts_on();
    self->entry(self->argument);
    thread_exit();
}

static void idle_first_run(void *unused)
{
    (void)unused;
    thread_switched();
    idle_run();
}

static void thread_init(struct thread *t, void *stack_top, void (*first)(void *))
{
    t->stack_top = (uint64_t)stack_top;
    t->context = context_prepare(stack_top, first, t);
    t->state = THREAD_SLEEPING; /* until it is started */
    t->affinity = CPU_SET_ALL;
    t->turn_percent = 100;
}

void sched_init(void)
{
    struct percpu *p = percpu();
    thread_init(&boot_idle, idle_stack_top, idle_first_run);
    format_string(boot_idle.name, sizeof(boot_idle.name), "idle/0");
    format_string(boot_thread.name, sizeof(boot_thread.name), "boot");
    boot_thread.stack_top = (uint64_t)boot_stack_top;
    boot_thread.context.is_on_cpu = true;
    boot_thread.affinity = CPU_SET_ALL;
    boot_thread.turn_percent = 100;
    runqueue_init(&boot_runqueue, 0, &boot_idle);
    runqueue_run_first(&boot_runqueue, &boot_thread);
    p->runqueue = &boot_runqueue;
    thread_publish(&boot_thread);
    p->current = &boot_thread;
    if (CONFIG_DEBUG) lock_order_start();
    segments_set_kernel_stack(p, boot_thread.stack_top);
    timers_start();
    schedule_start();
    tlb_init();
}

static struct thread *thread_alloc(void (*first)(void *))
{
    struct thread *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return NULL;
    void *stack_top;
    if (failed(kernel_stack_alloc(CONFIG_KERNEL_STACK_BYTES, &stack_top))) {
        heap_free(t);
        return NULL;
    }
    thread_init(t, stack_top, first);
    return t;
}

struct thread *thread_create_stopped(const char *name, void (*entry)(void *), void *argument)
{
    struct thread *t = thread_alloc(first_run);
    if (!t) return NULL;
    memcpy(t->name, name, MIN(strlen(name), sizeof(t->name) - 1));
    t->entry = entry;
    t->argument = argument;
    t->cpu = (uint32_t)percpu_index();
    t->affinity = thread_current()->affinity;
    thread_publish(t);
    return t;
}

void thread_start(struct thread *t) { thread_wake(t); }

struct thread *thread_create(const char *name, void (*entry)(void *), void *argument)
{
    struct thread *t = thread_create_stopped(name, entry, argument);
    if (t) thread_start(t);
    return t;
}

struct thread *thread_create_idle(uint32_t cpu)
{
    struct thread *t = thread_alloc(idle_first_run);
    if (!t) return NULL;
    format_string(t->name, sizeof(t->name), "idle/%u", cpu);
    list_init(&t->all_link);
    t->cpu = cpu;
    t->state = THREAD_AWAKE;
    return t;
}

/* ---- end ---- */

void thread_free(struct thread *t)
{
    __atomic_add_fetch(&being_freed, 1, __ATOMIC_RELAXED);
    spin_lock(&all_lock);
    list_remove(&t->all_link);
    spin_unlock(&all_lock);
    thread_fpu_destroy(t);
    kernel_stack_free((void *)t->stack_top, CONFIG_KERNEL_STACK_BYTES);
    heap_free(t);
    __atomic_sub_fetch(&being_freed, 1, __ATOMIC_RELEASE);
}

void thread_destroy_stopped(struct thread *t) { thread_free(t); }

/* The stack it stands on is freed by whoever waits for it, or by the next thread of this CPU. */
void thread_exit(void) NO_THREAD_SAFETY_ANALYSIS
{
    struct thread *self = thread_current();
    interrupts_off();
    ASSERT(self != &boot_thread);
    if (CONFIG_DEBUG) lock_order_expect_none("ending a thread", &self->mutexes[0]);
    struct runqueue *rq = runqueue_lock_of(self);
    self->state = THREAD_ENDED;
    struct thread *joiner = self->joiner;
    bool is_freed = self->is_detached;
    spin_unlock_off(&rq->lock);
    if (joiner) thread_wake(joiner);
    thread_schedule_last(is_freed);
}

/* It has ended; its CPU is about to leave its stack. */
static void free_ended(struct thread *t)
{
    while (__atomic_load_n(&t->context.is_on_cpu, __ATOMIC_ACQUIRE)) {
        cpu_relax();
        ipi_poll();
    }
    thread_free(t);
}

void thread_join(struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = interrupts_are_on();
    interrupts_off();
    for (;;) {
        struct runqueue *rq = runqueue_lock_of(t);
        bool has_ended = t->state == THREAD_ENDED;
        if (!has_ended) {
            t->joiner = thread_current();
            thread_prepare_sleep();
        }
        spin_unlock_off(&rq->lock);
        if (has_ended) break;
        thread_schedule();
    }
    free_ended(t);
    if (on) interrupts_on();
}

void thread_detach(struct thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    bool on = interrupts_are_on();
    interrupts_off();
    struct runqueue *rq = runqueue_lock_of(t);
    bool has_ended = t->state == THREAD_ENDED;
    t->is_detached = true;
    spin_unlock_off(&rq->lock);
    if (has_ended) free_ended(t);
    if (on) interrupts_on();
}

/* ---- what a thread does with itself ---- */

/* Threads that became ready before told nobody, since a kernel thread yields by itself: one of ring 3 has to. */
static void become_interruptible(struct thread *self, struct page_table *page_table) NO_THREAD_SAFETY_ANALYSIS
{
    struct runqueue *rq = this_runqueue();
    spin_lock_off(&rq->lock);
    self->page_table = page_table;
    if (rq->waiting) percpu()->user_work |= USER_WORK_RESCHEDULE;
    spin_unlock_off(&rq->lock);
}

void thread_set_space(struct space *space, struct page_table *page_table)
{
    struct thread *self = thread_current();
    bool on = interrupts_are_on();
    interrupts_off();
    self->space = space;
    if (page_table && !self->page_table)
        become_interruptible(self, page_table);
    else
        self->page_table = page_table;
    if (page_table)
        tlb_want(percpu(), page_table);
    else
        tlb_load_kernel();
    if (on) interrupts_on();
}

void thread_sleep_until_ns(uint64_t deadline_ns)
{
    struct wait_queue nobody_else = WAIT_QUEUE_INIT(nobody_else);
    spin_lock(&nobody_else.lock);
    while (!failed(wait_sleep_until_locked(&nobody_else, deadline_ns))) continue; /* woken early */
    spin_unlock(&nobody_else.lock);
}
