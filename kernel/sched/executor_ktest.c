/* SPDX-License-Identifier: Apache-2.0 */
/* The executor's thread among the kernel's other threads and interrupts; the logic is in executor_test.c. */
#include "sched/executor.h"

#include "arch/cpu.h"
#include "core/time.h"
#include "sched/task_sleep.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000 };

struct probe {
    struct task task;
    struct task_sleep sleep;
    struct timer timer;
    struct task *joins;
    uint64_t sleep_ns, deadline_ns;
    volatile uint32_t polls;
    volatile bool was_in_interrupt;
};

static void spawn(struct probe *probe, enum task_poll (*poll)(struct task *))
{
    EXPECT_OK(executor_start(0));
    task_init(&probe->task, poll);
    EXPECT_OK(task_spawn(&probe->task, 0));
}

static struct probe *probe_of(struct task *task) { return CONTAINER_OF(task, struct probe, task); }

static enum task_poll sleep_until_deadline(struct task *task)
{
    struct probe *probe = probe_of(task);
    if (probe->polls++ == 0) { /* pending in any case, however late it is */
        probe->deadline_ns = time_now_ns() + probe->sleep_ns;
        task_sleep_start(&probe->sleep, task_waker(task), probe->deadline_ns);
        return TASK_PENDING;
    }
    if (!task_sleep_is_over(&probe->sleep) && !task_is_cancelled(task)) return TASK_PENDING;
    task_sleep_stop(&probe->sleep);
    return TASK_DONE;
}

TEST(a_task_sleeps_until_its_deadline_and_is_polled_twice_for_it)
{
    struct probe probe = { .sleep_ns = 5 * NS_PER_MS };
    spawn(&probe, sleep_until_deadline);
    task_join(&probe.task);
    EXPECT(time_now_ns() >= probe.deadline_ns);
    EXPECT_EQ(probe.polls, 2);
    executor_stop(0);
}

TEST(a_sleeping_task_that_is_woken_early_sleeps_on)
{
    struct probe probe = { .sleep_ns = 20 * NS_PER_MS };
    spawn(&probe, sleep_until_deadline);
    thread_yield();
    task_wake(task_waker(&probe.task));
    thread_yield();
    EXPECT_EQ(probe.polls, 2);
    task_join(&probe.task);
    EXPECT(time_now_ns() >= probe.deadline_ns);
    executor_stop(0);
}

TEST(a_sleeping_task_is_cancelled_long_before_its_deadline)
{
    struct probe probe = { .sleep_ns = 3600000ull * NS_PER_MS };
    spawn(&probe, sleep_until_deadline);
    thread_yield();
    EXPECT_EQ(probe.polls, 1);
    task_cancel(&probe.task);
    task_join(&probe.task);
    EXPECT_EQ(probe.polls, 2);
    EXPECT(!timer_is_armed(&probe.sleep.timer));
    executor_stop(0);
}

static enum task_poll wait_for_interrupt(struct task *task)
{
    struct probe *probe = probe_of(task);
    if (probe->polls++) return probe->was_in_interrupt ? TASK_DONE : TASK_PENDING;
    timer_arm(&probe->timer, time_now_ns() + 2 * NS_PER_MS);
    return TASK_PENDING;
}

static void interrupt(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    probe->was_in_interrupt = true;
    task_wake(task_waker(&probe->task));
}

TEST(an_interrupt_wakes_a_task_while_every_thread_sleeps)
{
    struct probe probe = { 0 };
    timer_init(&probe.timer, interrupt);
    spawn(&probe, wait_for_interrupt);
    task_join(&probe.task);
    EXPECT(probe.was_in_interrupt);
    EXPECT_EQ(probe.polls, 2);
    executor_stop(0);
}

static enum task_poll end_when_cancelled(struct task *task)
{
    probe_of(task)->polls++;
    return task_is_cancelled(task) ? TASK_DONE : TASK_PENDING;
}

TEST(a_task_that_is_cancelled_before_its_first_poll_has_one_poll)
{
    struct probe probe = { 0 };
    spawn(&probe, end_when_cancelled);
    task_cancel(&probe.task);
    task_join(&probe.task);
    EXPECT_EQ(probe.polls, 1);
    executor_stop(0);
}

/* The first poll goes on until an interrupt has cancelled the task under it. */
static enum task_poll be_cancelled_while_running(struct task *task)
{
    struct probe *probe = probe_of(task);
    uint64_t give_up_ns = time_now_ns() + 2000ull * NS_PER_MS;
    if (probe->polls++) return TASK_DONE;
    timer_arm(&probe->timer, time_now_ns() + NS_PER_MS);
    while (!probe->was_in_interrupt && time_now_ns() < give_up_ns) cpu_relax();
    return TASK_PENDING;
}

static void cancel_in_interrupt(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    probe->was_in_interrupt = true;
    task_cancel(&probe->task);
}

TEST(a_task_that_is_cancelled_while_its_poll_runs_is_polled_again)
{
    struct probe probe = { 0 };
    timer_init(&probe.timer, cancel_in_interrupt);
    spawn(&probe, be_cancelled_while_running);
    task_join(&probe.task);
    EXPECT(probe.was_in_interrupt);
    EXPECT(task_is_cancelled(&probe.task));
    EXPECT_EQ(probe.polls, 2);
    executor_stop(0);
}

static enum task_poll wake_itself(struct task *task)
{
    task_wake(task_waker(task));
    return end_when_cancelled(task);
}

TEST(a_task_that_always_wakes_itself_leaves_other_threads_their_turns)
{
    struct probe selfish = { 0 };
    spawn(&selfish, wake_itself);
    for (uint32_t turn = 1; turn <= 100; turn++) {
        thread_yield();
        EXPECT_EQ(selfish.polls, turn);
    }
    task_cancel(&selfish.task);
    task_join(&selfish.task);
    executor_stop(0);
}

static enum task_poll join_another(struct task *task)
{
    struct probe *probe = probe_of(task);
    probe->polls++;
    return task_join_poll(probe->joins, task_waker(task)) ? TASK_DONE : TASK_PENDING;
}

TEST(a_thread_joins_a_task_that_joins_a_task_that_sleeps)
{
    struct probe child = { .sleep_ns = 2 * NS_PER_MS };
    struct probe parent = { .joins = &child.task };
    spawn(&child, sleep_until_deadline);
    spawn(&parent, join_another);
    task_join(&parent.task);
    EXPECT(time_now_ns() >= child.deadline_ns);
    EXPECT_EQ(parent.polls, 2);
    executor_stop(0);
}
