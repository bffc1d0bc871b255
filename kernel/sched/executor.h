/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous tasks: work that waits often and keeps no stack while it waits.
 *
 * A task is a struct inside whatever owns the work, and a poll function that goes as far as it can without
 * waiting. Before the poll returns TASK_PENDING it has left its waker with whoever knows when to go on: an
 * interrupt handler, a timer, another task. A wake means "look again", not "it is there". TASK_DONE ends it.
 *
 *     static enum task_poll read_poll(struct task *task)
 *     {
 *         struct read *read = CONTAINER_OF(task, struct read, task);
 *         if (task_is_cancelled(task)) return read_give_up(read), TASK_DONE;
 *         return disk_is_done_or_wakes(read->disk, task_waker(task)) ? TASK_DONE : TASK_PENDING;
 *     }
 *
 * Each CPU has an executor, a thread that polls the tasks spawned there, in the order they were woken. A task
 * never moves and is never polled twice at a time, so its own data needs no lock. A poll must not sleep: it
 * would keep all other tasks of the CPU waiting. One that wakes itself runs again after all others had their turn,
 * and every CONFIG_EXECUTOR_TURN polls the CPU's other threads have theirs.
 *
 * Nothing here allocates but executor_start(). docs/executor.md has the state machine and a worked example. */
#pragma once
#include "lib/base.h"

struct task;

enum task_poll { TASK_PENDING, TASK_DONE };

/* The right to wake one task, to be copied and kept by anybody, as long as they like: once the task has ended
 * it wakes nobody, even if the memory of the task is gone or has another in it. Zeros wake nobody. It fits the
 * 64 bits that devices give back with a completion; the worst that a false one does is a needless poll. */
struct waker {
    uint32_t slot, generation;
};

struct task {
    enum task_poll (*poll)(struct task *task); /* in the executor's thread; fixed by task_init */
    struct waker waker;                        /* fixed by task_spawn, as is: */
    uint32_t cpu;
    bool is_cancelled;   /* atomic */
    bool is_ended;       /* under the executor's lock, as is: */
    struct waker joiner; /* the task that waits for the end */
};

/* Starts the executor of a CPU; nothing when it runs already. Threads only, one at a time. ERR_NO_MEMORY. */
err_t executor_start(uint32_t cpu);
/* Waits for the end of its thread. All its tasks have been joined. Threads only. */
void executor_stop(uint32_t cpu);

void task_init(struct task *task, enum task_poll (*poll)(struct task *task));
/* Queues the task for its first poll on `cpu`, whose executor was started. From here until the end has been seen
 * by a join, the memory is the executor's. May be spawned again after that. Any context.
 * ERR_NO_MEMORY: there are CONFIG_TASKS_MAX tasks. */
err_t task_spawn(struct task *task, uint32_t cpu);

static inline struct waker task_waker(const struct task *task) { return task->waker; }
/* The task will be polled after this, and that poll sees all that the caller did before; wakes in between count
 * as one. Any context. */
void task_wake(struct waker waker);

/* Asks the task to end: it is polled, and task_is_cancelled() is true from now on. What it has begun it must
 * finish or take back, so it ends when it can; join it to know. Nothing happens if it has ended. Only while its
 * memory is known to be there; any context. */
void task_cancel(struct task *task);
static inline bool task_is_cancelled(const struct task *task)
{
    return __atomic_load_n(&task->is_cancelled, __ATOMIC_RELAXED);
}

/* Sleeps until the task has ended; returns at once if it was never spawned. The memory, and all that the task
 * wrote, is the caller's from then on; so there is one joiner, a thread or a task. Threads only, never in a poll. */
void task_join(struct task *task);
/* The same for a poll: true when the task has ended; otherwise `joiner` will be woken at its end. */
bool task_join_poll(struct task *task, struct waker joiner);
