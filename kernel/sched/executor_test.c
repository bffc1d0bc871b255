/* SPDX-License-Identifier: Apache-2.0 */
/* The executor one turn at a time: the test is its thread. */
#include "sched/executor.h"

#include "config.h"
#include "sched/executor_internal.h"
#include "sched/thread.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"

enum { MANY = 2 * CONFIG_EXECUTOR_TURN };

static bool memory_is_short;

struct thread *thread_create_stopped(const char *name UNUSED, void (*entry)(void *) UNUSED,
                                     void *argument UNUSED)
{
    static struct thread thread;
    return memory_is_short ? NULL : &thread;
}
struct thread *thread_current(void) { return NULL; }
void thread_start(struct thread *thread UNUSED) {}
void thread_yield(void) {}
void thread_join(struct thread *thread UNUSED) {}

/* Does what the test says at each poll and writes its letter. */
struct worker {
    struct task task;
    char letter;
    bool wakes_itself, is_done;
    struct task *wakes, *joins;
    uint32_t polls;
};

static struct worker workers[CONFIG_TASKS_MAX + 1];
static char order[64];
static size_t order_length;

static enum task_poll work(struct task *task)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, task);
    worker->polls++;
    if (worker->letter && order_length < sizeof(order) - 1) order[order_length++] = worker->letter;
    if (worker->wakes_itself) task_wake(task_waker(task));
    if (worker->wakes) task_wake(task_waker(worker->wakes));
    if (worker->joins && task_join_poll(worker->joins, task_waker(task))) return TASK_DONE;
    return worker->is_done || task_is_cancelled(task) ? TASK_DONE : TASK_PENDING;
}

static struct worker *start(uint32_t i, char letter)
{
    EXPECT_OK(executor_start(0));
    workers[i] = (struct worker){ .letter = letter };
    task_init(&workers[i].task, work);
    EXPECT_OK(task_spawn(&workers[i].task, 0));
    return &workers[i];
}

static void take_turns(void)
{
    while (executor_turn(&executors[0])) continue;
}

static const char *order_of_polls(void)
{
    take_turns();
    order[order_length] = 0;
    order_length = 0;
    return order;
}

static void finish(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        workers[i].wakes_itself = false;
        task_cancel(&workers[i].task);
    }
    take_turns();
    for (uint32_t i = 0; i < count; i++) task_join(&workers[i].task);
    order_length = 0;
}

TEST(an_executor_whose_thread_cannot_be_made_is_started_later)
{
    memory_is_short = true;
    EXPECT_ERR(executor_start(1), ERR_NO_MEMORY);
    EXPECT(executors[1].thread == NULL);
    memory_is_short = false;
    EXPECT_OK(executor_start(1));
    EXPECT(executors[1].thread != NULL);
    executor_stop(1);
}

TEST(spawned_tasks_are_polled_once_each_in_order_and_then_only_when_woken)
{
    struct worker *a = start(0, 'a'), *b = start(1, 'b');
    EXPECT_STR(order_of_polls(), "ab");
    EXPECT(!executor_turn(&executors[0]));
    task_wake(task_waker(&b->task));
    task_wake(task_waker(&a->task));
    task_wake(task_waker(&b->task));
    EXPECT_STR(order_of_polls(), "ba");
    finish(2);
}

TEST(a_task_that_is_woken_while_its_poll_runs_is_polled_again)
{
    struct worker *a = start(0, 'a'), *b = start(1, 'b');
    a->wakes_itself = true;
    executor_turn(&executors[0]);
    a->wakes_itself = false;
    EXPECT_STR(order_of_polls(), "aba");
    b->wakes = &a->task; /* b wakes a, which is idle */
    task_wake(task_waker(&b->task));
    EXPECT_STR(order_of_polls(), "ba");
    finish(2);
}

TEST(a_task_that_always_wakes_itself_takes_turns_with_the_others)
{
    struct worker *selfish = start(0, 0);
    selfish->wakes_itself = true;
    for (uint32_t i = 1; i < MANY; i++) start(i, 0);
    for (uint32_t turn = 0; turn < MANY / CONFIG_EXECUTOR_TURN; turn++) executor_turn(&executors[0]);
    EXPECT_EQ(selfish->polls, 1);
    for (uint32_t i = 1; i < MANY; i++) EXPECT_EQ(workers[i].polls, 1);
    executor_turn(&executors[0]); /* alone now, and still only once a turn */
    EXPECT_EQ(selfish->polls, 2);
    finish(MANY);
}

TEST(a_turn_ends_after_a_bounded_number_of_polls)
{
    uint32_t polled = 0;
    for (uint32_t i = 0; i < MANY; i++) start(i, 0);
    EXPECT(executor_turn(&executors[0]));
    for (uint32_t i = 0; i < MANY; i++) polled += workers[i].polls;
    EXPECT_EQ(polled, CONFIG_EXECUTOR_TURN);
    finish(MANY);
}

TEST(a_cancelled_task_sees_it_at_its_next_poll_whether_queued_or_idle)
{
    struct worker *queued = start(0, 'q');
    task_cancel(&queued->task);
    EXPECT_STR(order_of_polls(), "q");
    EXPECT(task_join_poll(&queued->task, (struct waker){ 0 }));
    struct worker *idle = start(1, 'i');
    take_turns();
    task_cancel(&idle->task);
    EXPECT(!task_join_poll(&idle->task, (struct waker){ 0 }));
    EXPECT_STR(order_of_polls(), "ii");
    EXPECT(task_join_poll(&idle->task, (struct waker){ 0 }));
    task_cancel(&idle->task); /* too late, and harmless */
    EXPECT(!executor_turn(&executors[0]));
}

TEST(a_waker_outlives_its_task_and_wakes_no_later_one)
{
    struct worker *first = start(0, 'f');
    struct waker late = task_waker(&first->task);
    finish(1);
    task_wake(late);
    EXPECT(!executor_turn(&executors[0]));
    struct worker *second = start(0, 's');
    EXPECT_EQ(task_waker(&second->task).slot, late.slot); /* or this test would show nothing */
    EXPECT_STR(order_of_polls(), "s");
    task_wake(late);
    EXPECT(!executor_turn(&executors[0]));
    finish(1);
}

TEST(wakers_of_nobody_and_of_nonsense_are_harmless)
{
    task_wake((struct waker){ 0 });
    task_wake((struct waker){ .slot = CONFIG_TASKS_MAX, .generation = 1 });
    task_wake((struct waker){ .slot = UINT32_MAX, .generation = UINT32_MAX });
    EXPECT(!executor_turn(&executors[0]));
}

TEST(a_task_joins_a_task)
{
    struct worker *child = start(0, 'c'), *parent = start(1, 'p');
    parent->joins = &child->task;
    EXPECT_STR(order_of_polls(), "cp");
    child->is_done = true;
    task_wake(task_waker(&child->task));
    EXPECT_STR(order_of_polls(), "cp");
    EXPECT(task_join_poll(&parent->task, (struct waker){ 0 }));
}

static void let_the_executor_run(void) { take_turns(); }

TEST(a_thread_that_joins_sleeps_until_the_task_has_ended)
{
    struct worker *a = start(0, 0);
    take_turns();
    fake_wait_meanwhile = let_the_executor_run;
    uint64_t sleeps = fake_wait_sleeps;
    task_cancel(&a->task);
    task_join(&a->task);
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    task_join(&a->task); /* it has ended: returns at once */
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    fake_wait_meanwhile = NULL;
}

static void wake_the_first(void) { task_wake(task_waker(&workers[0].task)); }

TEST(an_executor_sleeps_until_something_is_queued_and_not_at_all_if_something_is)
{
    start(0, 'a');
    uint64_t sleeps = fake_wait_sleeps, wakes = fake_wait_wakes;
    EXPECT(executor_sleep(&executors[0]));
    EXPECT_EQ(fake_wait_sleeps, sleeps);
    take_turns();
    fake_wait_meanwhile = wake_the_first;
    EXPECT(executor_sleep(&executors[0]));
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    EXPECT_EQ(fake_wait_wakes, wakes + 1);
    EXPECT_STR(order_of_polls(), "aa");
    finish(1);
}

static void stop_it(void) { executor_stop(1); }

TEST(a_sleeping_executor_is_told_to_stop_and_one_that_is_to_stop_does_not_sleep)
{
    EXPECT_OK(executor_start(1));
    uint64_t sleeps = fake_wait_sleeps;
    fake_wait_meanwhile = stop_it;
    EXPECT(!executor_sleep(&executors[1]));
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    EXPECT(!executor_sleep(&executors[1]));
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    EXPECT_OK(executor_start(1)); /* and again */
    fake_wait_meanwhile = stop_it;
    EXPECT(!executor_sleep(&executors[1]));
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(fake_wait_sleeps, sleeps + 2);
}

TEST(spawning_one_task_too_many_is_refused_and_possible_again_after_an_end)
{
    for (uint32_t i = 0; i < CONFIG_TASKS_MAX; i++) start(i, 0);
    struct task *one_too_many = &workers[CONFIG_TASKS_MAX].task;
    task_init(one_too_many, work);
    EXPECT_ERR(task_spawn(one_too_many, 0), ERR_NO_MEMORY);
    task_join(one_too_many); /* it never was: returns at once */
    workers[3].is_done = true;
    take_turns();
    EXPECT_OK(task_spawn(one_too_many, 0));
    task_cancel(one_too_many);
    finish(CONFIG_TASKS_MAX);
    task_join(one_too_many);
}
