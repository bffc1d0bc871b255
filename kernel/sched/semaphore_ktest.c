/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/semaphore.h"

#include "core/time.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000, TAKERS = 6 };

static struct semaphore slots = SEMAPHORE_INIT(slots, 0);
static uint32_t inside, most_inside, done;
static err_t result;

static void use_a_slot(void *argument)
{
    (void)argument;
    for (int i = 0; i < 5; i++) {
        semaphore_down(&slots);
        inside++;
        most_inside = MAX(most_inside, inside);
        thread_yield();
        inside--;
        semaphore_up(&slots);
    }
    done++;
}

TEST(a_semaphore_lets_as_many_threads_in_as_it_counts)
{
    struct thread *threads[TAKERS];
    semaphore_init(&slots, 3);
    inside = most_inside = done = 0;
    for (int i = 0; i < TAKERS; i++) threads[i] = thread_create("taker", use_a_slot, NULL);
    for (int i = 0; i < TAKERS; i++) thread_join(threads[i]);
    EXPECT_EQ(most_inside, 3);
    EXPECT_EQ(done, TAKERS);
    EXPECT_EQ(slots.count, 3);
}

TEST(try_down_takes_what_is_there_and_no_more)
{
    semaphore_init(&slots, 1);
    EXPECT(semaphore_try_down(&slots));
    EXPECT(!semaphore_try_down(&slots));
    semaphore_up(&slots);
    EXPECT(semaphore_try_down(&slots));
}

TEST(down_with_a_deadline_takes_nothing_when_it_times_out)
{
    semaphore_init(&slots, 0);
    uint64_t deadline_ns = time_now_ns() + 2 * NS_PER_MS;
    EXPECT_ERR(semaphore_down_until(&slots, deadline_ns), ERR_TIMED_OUT);
    EXPECT(time_now_ns() >= deadline_ns);
    semaphore_up(&slots);
    EXPECT_EQ(slots.count, 1);
    EXPECT_OK(semaphore_down_until(&slots, time_now_ns() + 2 * NS_PER_MS));
    EXPECT_EQ(slots.count, 0);
}

static void up_from_interrupt(struct timer *timer)
{
    (void)timer;
    semaphore_up(&slots);
}

TEST(an_interrupt_may_give_what_a_thread_waits_for)
{
    struct timer timer;
    timer_init(&timer, up_from_interrupt);
    semaphore_init(&slots, 0);
    timer_arm(&timer, time_now_ns() + NS_PER_MS);
    EXPECT_OK(semaphore_down_until(&slots, time_now_ns() + 2000ull * NS_PER_MS));
    timer_cancel(&timer);
}

static void down_interruptibly(void *argument)
{
    (void)argument;
    result = semaphore_down_interruptible(&slots, UINT64_MAX);
}

TEST(an_interrupted_down_takes_nothing)
{
    semaphore_init(&slots, 0);
    result = OK;
    struct thread *t = thread_create("taker", down_interruptibly, NULL);
    thread_yield();
    thread_interrupt(t);
    thread_join(t);
    EXPECT_ERR(result, ERR_INTERRUPTED);
    EXPECT_EQ(slots.count, 0);
    EXPECT(list_is_empty(&slots.queue.waiters));
}
