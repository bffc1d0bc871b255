/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/condition.h"

#include "core/time.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000, WAITERS = 5, ITEMS = 50 };

static struct mutex mutex = MUTEX_INIT(mutex);
static struct condition changed = CONDITION_INIT(changed);
static uint32_t stock, taken, awake;
static bool is_open;
static err_t result;

static void take_items(void *argument)
{
    (void)argument;
    for (int i = 0; i < ITEMS; i++) {
        mutex_lock(&mutex);
        while (stock == 0) condition_wait(&changed, &mutex);
        stock--;
        taken++;
        mutex_unlock(&mutex);
    }
}

TEST(no_wake_up_is_missed_between_the_unlock_and_the_sleep)
{
    stock = taken = 0;
    struct thread *t = thread_create("consumer", take_items, NULL);
    for (int i = 0; i < ITEMS; i++) {
        mutex_lock(&mutex);
        stock++;
        mutex_unlock(&mutex);
        condition_wake_one(&changed);
        if (i % 3) thread_yield();
    }
    thread_join(t);
    EXPECT_EQ(taken, ITEMS);
    EXPECT_EQ(stock, 0);
}

static void wait_until_open(void *argument)
{
    (void)argument;
    mutex_lock(&mutex);
    while (!is_open) condition_wait(&changed, &mutex);
    awake++;
    mutex_unlock(&mutex);
}

TEST(wake_all_wakes_every_waiter_of_a_condition_and_wake_one_only_one)
{
    struct thread *threads[WAITERS];
    is_open = false;
    awake = 0;
    for (int i = 0; i < WAITERS; i++) threads[i] = thread_create("waiter", wait_until_open, NULL);
    thread_yield();
    mutex_lock(&mutex); /* which is free, since all of them sleep */
    is_open = true;
    mutex_unlock(&mutex);
    condition_wake_one(&changed);
    thread_yield();
    EXPECT_EQ(awake, 1);
    condition_wake_all(&changed);
    for (int i = 0; i < WAITERS; i++) thread_join(threads[i]);
    EXPECT_EQ(awake, WAITERS);
}

TEST(a_condition_that_times_out_holds_the_mutex_again)
{
    uint64_t deadline_ns = time_now_ns() + 2 * NS_PER_MS;
    mutex_lock(&mutex);
    err_t e = condition_wait_until(&changed, &mutex, deadline_ns);
    EXPECT_EQ(mutex.owner & ~MUTEX_CONTENDED, (uint64_t)thread_current());
    mutex_unlock(&mutex);
    EXPECT_ERR(e, ERR_TIMED_OUT);
    EXPECT(time_now_ns() >= deadline_ns);
}

static void wait_interruptibly(void *argument)
{
    (void)argument;
    mutex_lock(&mutex);
    result = condition_wait_interruptible(&changed, &mutex, UINT64_MAX);
    mutex_unlock(&mutex);
}

TEST(an_interrupted_wait_for_a_condition_ends_and_gives_the_mutex_back)
{
    result = OK;
    struct thread *t = thread_create("waiter", wait_interruptibly, NULL);
    thread_yield();
    thread_interrupt(t);
    thread_join(t);
    EXPECT_ERR(result, ERR_INTERRUPTED);
    EXPECT_EQ(mutex.owner, 0);
}
