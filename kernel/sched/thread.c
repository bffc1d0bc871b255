/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/thread.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/percpu.h"
#include "arch/segments.h"
#include "core/panic.h"
#include "core/time.h"
#include "lib/format.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "mm/page_table.h"
#include "sched/runqueue.h"
#include "sched/timer.h"
#include "sched/wait.h"

struct list thread_all = LIST_INIT(thread_all);
static struct spinlock all_lock = SPINLOCK_INIT;
static uint32_t next_id GUARDED_BY(all_lock);

static struct runqueue boot_runqueue;
static struct thread boot_thread;
static uint64_t switched_at; /* TSC; 0: the CPU idles */
extern char boot_stack_top[];

/* One queue a CPU; with one CPU there is one. */
static struct runqueue *this_runqueue(void) { return &boot_runqueue; }

struct thread *thread_current(void) { return percpu_current(); }

static void thread_publish(struct thread *t, const char *name)
{
    format_string(t->name, sizeof(t->name), "%s", name);
    list_init(&t->run_link);
    spin_lock(&all_lock);
    t->id = next_id++;
    list_push_back(&thread_all, &t->all_link);
    spin_unlock(&all_lock);
}

uint32_t thread_count(void)
{
    uint32_t count = 0;
    spin_lock(&all_lock);
    for (const struct list *at = thread_all.next; at != &thread_all; at = at->next) count++;
    spin_unlock(&all_lock);
    return count;
}

void sched_init(void)
{
    runqueue_init(&boot_runqueue);
    boot_thread.stack_top = (uint64_t)boot_stack_top;
    boot_thread.state = THREAD_RUNNING;
    boot_thread.page_table = PADDR_NONE;
    thread_publish(&boot_thread, "boot");
    percpu()->current = &boot_thread;
    if (CONFIG_DEBUG) lock_order_start();
    segments_set_kernel_stack(boot_thread.stack_top);
    switched_at = tsc_read();
    timers_start();
}

struct thread *thread_create_stopped(const char *name, void (*entry)(void *), void *argument)
{
    struct thread *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return NULL;
    void *stack_top;
    if (failed(kernel_stack_alloc(CONFIG_KERNEL_STACK_BYTES, &stack_top))) {
        heap_free(t);
        return NULL;
    }
    t->stack_top = (uint64_t)stack_top;
    t->rsp = context_prepare(stack_top, entry, argument, thread_exit);
    t->state = THREAD_SLEEPING;
    t->page_table = PADDR_NONE;
    thread_publish(t, name);
    return t;
}

void thread_start(struct thread *t) { thread_wake(t); }

struct thread *thread_create(const char *name, void (*entry)(void *), void *argument)
{
    struct thread *t = thread_create_stopped(name, entry, argument);
    if (t) thread_start(t);
    return t;
}

static void thread_free(struct thread *t)
{
    spin_lock(&all_lock);
    list_remove(&t->all_link);
    spin_unlock(&all_lock);
    kernel_stack_free((void *)t->stack_top);
    heap_free(t);
}

void thread_destroy_stopped(struct thread *t) { thread_free(t); }

/* The time up to now was this thread's, unless the CPU was idle. */
static void count_time(struct thread *t)
{
    uint64_t now = tsc_read();
    if (switched_at) t->cpu_ticks += now - switched_at;
    switched_at = now;
}

/* Swaps everything a thread owns of the CPU. FPU registers are not among it: only one thread has a
 * ring-3 side, and the kernel never touches them. */
static void switch_to(struct thread *from, struct thread *to)
{
    count_time(from);
    percpu()->current = to;
    percpu()->user_work = __atomic_load_n(&to->user_work, __ATOMIC_RELAXED);
    segments_set_kernel_stack(to->stack_top);
    if (!is_paddr_none(from->page_table)) {
        from->fs_base = fs_base_read();
        from->gs_base = user_gs_base_read();
    }
    if (!is_paddr_none(to->page_table)) {
        cr3_write(to->page_table.raw);
        fs_base_write(to->fs_base);
        user_gs_base_write(to->gs_base);
    }
    context_switch(&from->rsp, to->rsp);
}

/* A thread that ended cannot free the stack it stands on: the next one to run does. */
static void reap_ended(struct runqueue *rq)
{
    struct thread *ended = rq->ended;
    if (!ended) return;
    rq->ended = NULL;
    thread_free(ended);
}

void thread_schedule(void)
{
    struct runqueue *rq = this_runqueue();
    struct thread *self = thread_current();
    struct thread *next;
    bool could_go_on = self->state == THREAD_READY;
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("sleeping");
    while (!(next = runqueue_take(rq))) {
        if (switched_at) count_time(self);
        switched_at = 0;
        /* Nothing to run: zero memory for later, a step at a time with interrupts let in between, then
         * wait for one to wake somebody, perhaps ourselves. */
        if (frame_pool_fill_step())
            interrupts_let_in();
        else
            cpu_halt_with_interrupts();
        interrupts_off();
    }
    next->state = THREAD_RUNNING;
    self->switches.voluntary += !could_go_on;
    self->switches.involuntary += could_go_on && next != self;
    if (!switched_at) switched_at = tsc_read();
    if (next != self) switch_to(self, next);
    if (CONFIG_DEBUG) lock_order_resume(&self->mutexes[0]);
    reap_ended(rq);
}

void thread_yield(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("yielding");
    bool on = interrupts_are_on();
    interrupts_off();
    struct runqueue *rq = this_runqueue();
    if (!list_is_empty(&rq->ready)) {
        struct thread *self = thread_current();
        self->state = THREAD_READY;
        runqueue_add(rq, self);
        thread_schedule();
    }
    if (on) interrupts_on();
}

void thread_prepare_sleep(void) { thread_current()->state = THREAD_SLEEPING; }

void thread_wake(struct thread *t)
{
    struct runqueue *rq = this_runqueue();
    spin_lock(&rq->lock);
    if (t->state == THREAD_SLEEPING) {
        t->state = THREAD_READY;
        list_push_back(&rq->ready, &t->run_link);
    }
    spin_unlock(&rq->lock);
}

void thread_interrupt(struct thread *t)
{
    __atomic_store_n(&t->user_work, USER_WORK_INTERRUPTED, __ATOMIC_SEQ_CST);
    if (t == thread_current())
        percpu()->user_work |= USER_WORK_INTERRUPTED;
    else if (t->is_interruptible)
        thread_wake(t);
}

void thread_exit(void)
{
    struct runqueue *rq = this_runqueue();
    struct thread *self = thread_current();
    interrupts_off();
    ASSERT(self != &boot_thread);
    if (CONFIG_DEBUG) lock_order_expect_none("ending a thread", &self->mutexes[0]);
    reap_ended(rq);
    self->state = THREAD_ENDED;
    if (self->is_detached)
        rq->ended = self;
    else if (self->joiner)
        thread_wake(self->joiner);
    thread_schedule();
    panic("an ended thread was scheduled");
}

void thread_join(struct thread *t)
{
    bool on = interrupts_are_on();
    interrupts_off();
    while (t->state != THREAD_ENDED) {
        t->joiner = thread_current();
        thread_prepare_sleep();
        thread_schedule();
    }
    thread_free(t);
    if (on) interrupts_on();
}

void thread_detach(struct thread *t)
{
    bool on = interrupts_are_on();
    interrupts_off();
    if (t->state == THREAD_ENDED)
        thread_free(t);
    else
        t->is_detached = true;
    if (on) interrupts_on();
}

uint64_t thread_cpu_time_ns(const struct thread *t)
{
    uint64_t ticks = t->cpu_ticks;
    if (t == thread_current() && switched_at) ticks += tsc_read() - switched_at;
    return time_tsc_to_ns(ticks);
}

void thread_set_space(struct space *space, paddr_t root)
{
    bool on = interrupts_are_on();
    interrupts_off();
    thread_current()->space = space;
    thread_current()->page_table = root;
    cr3_write(is_paddr_none(root) ? kernel_page_table.root.raw : root.raw);
    if (on) interrupts_on();
}

void thread_sleep_until_ns(uint64_t deadline_ns)
{
    struct wait_queue nobody_else = WAIT_QUEUE_INIT(nobody_else);
    spin_lock(&nobody_else.lock);
    while (!failed(wait_sleep_until_locked(&nobody_else, deadline_ns))) continue; /* woken early */
    spin_unlock(&nobody_else.lock);
}
