/* SPDX-License-Identifier: Apache-2.0 */
/* What a waker may touch after its task has ended must outlive every task, so a task has a slot in a table that
 * stays: its state word and its link in the queue. The task's own memory is touched by its executor and its owner.
 *
 * Lock order: executor.ended.lock or executor.idle.lock, then the run queue's. slots_lock is held alone. */
#include "sched/executor.h"

#include "config.h"
#include "lib/format.h"
#include "sched/executor_internal.h"
#include "sched/task_state.h"
#include "sched/thread.h"

struct task_slot {
    struct task_link link; /* in its executor's queue while QUEUED, in free_slots while ENDED */
    uint64_t word;         /* task_state.h */
    struct task *task;     /* fixed while it has the slot, as is: */
    struct executor *executor;
};

struct executor executors[CONFIG_CPUS_MAX];

static struct spinlock slots_lock = SPINLOCK_INIT;
static struct task_slot slots[CONFIG_TASKS_MAX];
static struct task_link *free_slots GUARDED_BY(slots_lock); /* that had a task before */
static uint32_t fresh_slot GUARDED_BY(slots_lock);          /* the first that had none yet */

static struct task_slot *slot_alloc(void)
{
    struct task_slot *slot = NULL;
    spin_lock(&slots_lock);
    if (free_slots) {
        slot = LIST_ENTRY(free_slots, struct task_slot, link);
        free_slots = free_slots->next;
    } else if (fresh_slot < CONFIG_TASKS_MAX) {
        slot = &slots[fresh_slot++];
    }
    spin_unlock(&slots_lock);
    return slot;
}

static void slot_free(struct task_slot *slot)
{
    spin_lock(&slots_lock);
    slot->link.next = free_slots;
    free_slots = &slot->link;
    spin_unlock(&slots_lock);
}

/* The sleeper holds idle.lock from its step to ASLEEP until it is in the wait queue, so whoever sees that step and
 * then gets the lock finds it there. */
static void enqueue(struct task_slot *slot)
{
    struct executor *executor = slot->executor;
    if (task_queue_push(&executor->queue, &slot->link)) wait_wake_all(&executor->idle);
}

bool executor_sleep(struct executor *executor)
{
    spin_lock(&executor->idle.lock);
    if (!executor->is_stopping && task_queue_try_sleep(&executor->queue))
        while (task_queue_is_asleep(&executor->queue)) wait_sleep_locked(&executor->idle);
    bool goes_on = !executor->is_stopping;
    spin_unlock(&executor->idle.lock);
    return goes_on;
}

/* The owner may free the task as soon as it gets the lock. */
static void end_task(struct executor *executor, struct task_slot *slot)
{
    struct task *task = slot->task;
    task_state_step(&slot->word, task->waker.generation, TASK_END);
    slot_free(slot);
    spin_lock(&executor->ended.lock);
    struct waker joiner = task->joiner;
    task->is_ended = true;
    wait_wake_all_locked(&executor->ended);
    spin_unlock(&executor->ended.lock);
    task_wake(joiner);
}

static void poll_task(struct executor *executor, struct task_slot *slot)
{
    struct task *task = slot->task;
    uint32_t generation = task->waker.generation;
    task_state_step(&slot->word, generation, TASK_TAKE);
    if (task->poll(task) == TASK_DONE)
        end_task(executor, slot);
    else if (task_state_step(&slot->word, generation, TASK_PUT) == TASK_WOKEN)
        enqueue(slot);
}

/* What is queued meanwhile, also by the tasks themselves, waits until the batch is done. */
bool executor_turn(struct executor *executor)
{
    uint32_t polls = 0;
    if (!executor->batch) executor->batch = task_queue_take_all(&executor->queue);
    for (; executor->batch && polls < CONFIG_EXECUTOR_TURN; polls++) {
        struct task_slot *slot = LIST_ENTRY(executor->batch, struct task_slot, link);
        executor->batch = slot->link.next; /* the poll may queue it again */
        poll_task(executor, slot);
    }
    return polls > 0;
}

static void run(void *argument)
{
    struct executor *executor = argument;
    do {
        while (executor_turn(executor)) thread_yield();
    } while (executor_sleep(executor));
}

err_t executor_start(uint32_t cpu)
{
    struct executor *executor = &executors[cpu];
    char name[CONFIG_THREAD_NAME_MAX];
    ASSERT(cpu < CONFIG_CPUS_MAX);
    if (executor->thread) return OK;
    wait_queue_init(&executor->idle);
    wait_queue_init(&executor->ended);
    format_string(name, sizeof(name), "executor/%u", cpu);
    executor->is_stopping = false;
    executor->thread = thread_create_stopped(name, run, executor);
    if (!executor->thread) return ERR_NO_MEMORY;
    executor->thread->affinity = cpu_set_of(cpu);
    thread_start(executor->thread);
    return OK;
}

void executor_stop(uint32_t cpu)
{
    struct executor *executor = &executors[cpu];
    spin_lock(&executor->idle.lock);
    executor->is_stopping = true;
    task_queue_end_sleep(&executor->queue);
    wait_wake_all_locked(&executor->idle);
    spin_unlock(&executor->idle.lock);
    thread_join(executor->thread);
    executor->thread = NULL;
}

void task_init(struct task *task, enum task_poll (*poll)(struct task *task))
{
    *task = (struct task){ .poll = poll, .is_ended = true };
}

err_t task_spawn(struct task *task, uint32_t cpu)
{
    ASSERT(cpu < CONFIG_CPUS_MAX && executors[cpu].thread && task->is_ended);
    struct task_slot *slot = slot_alloc();
    if (!slot) return ERR_NO_MEMORY;
    slot->task = task;
    slot->executor = &executors[cpu];
    *task = (struct task){ .poll = task->poll, .cpu = cpu };
    task->waker = (struct waker){ (uint32_t)(slot - slots), task_state_renew(&slot->word) };
    enqueue(slot);
    return OK;
}

void task_wake(struct waker waker)
{
    if (waker.slot >= CONFIG_TASKS_MAX) return;
    struct task_slot *slot = &slots[waker.slot];
    if (task_state_step(&slot->word, waker.generation, TASK_WAKE) == TASK_IDLE) enqueue(slot);
}

void task_cancel(struct task *task)
{
    __atomic_store_n(&task->is_cancelled, true, __ATOMIC_RELAXED); /* the wake orders it before the poll */
    task_wake(task->waker);
}

void task_join(struct task *task)
{
    struct executor *executor = &executors[task->cpu];
    spin_lock(&executor->ended.lock);
    while (!task->is_ended) {
        ASSERT(thread_current() != executor->thread); /* it would wait for itself */
        wait_sleep_locked(&executor->ended);
    }
    spin_unlock(&executor->ended.lock);
}

bool task_join_poll(struct task *task, struct waker joiner)
{
    struct executor *executor = &executors[task->cpu];
    spin_lock(&executor->ended.lock);
    bool is_ended = task->is_ended;
    if (!is_ended) task->joiner = joiner;
    spin_unlock(&executor->ended.lock);
    return is_ended;
}
