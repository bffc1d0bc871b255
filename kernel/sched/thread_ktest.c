/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/thread.h"

#include "core/time.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "sched/mutex.h"
#include "sched/wait.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000 };

static char order[16];
static uint32_t order_length;

static void write_letter(void *letter)
{
    for (int i = 0; i < 3; i++) {
        order[order_length++] = *(const char *)letter;
        thread_yield();
    }
}

TEST(ready_threads_take_turns)
{
    order_length = 0;
    struct thread *a = thread_create("a", write_letter, "a"), *b = thread_create("b", write_letter, "b");
    EXPECT(a && b);
    if (!a || !b) return;
    thread_join(a);
    thread_join(b);
    order[order_length] = 0;
    EXPECT_STR(order, "ababab");
}

static void do_nothing(void *argument) { (void)argument; }

TEST(two_hundred_threads_leave_no_memory_behind)
{
    struct thread *warm_up = thread_create("warm-up", do_nothing, NULL);
    thread_join(warm_up);
    heap_trim();
    uint64_t free = frame_free_count();
    for (int round = 0; round < 4; round++) {
        struct thread *threads[50];
        for (int i = 0; i < 50; i++) EXPECT((threads[i] = thread_create("many", do_nothing, NULL)) != NULL);
        for (int i = 0; i < 50; i++) thread_join(threads[i]);
    }
    heap_trim();
    EXPECT_EQ(frame_free_count(), free);
}

TEST(a_detached_thread_frees_itself)
{
    heap_trim();
    uint64_t free = frame_free_count();
    for (int i = 0; i < 20; i++) {
        struct thread *t = thread_create("detached", do_nothing, NULL);
        thread_detach(t);
        thread_yield();
    }
    thread_yield();
    heap_trim();
    EXPECT(frame_free_count() + CONFIG_KERNEL_STACK_BYTES / PAGE_BYTES + 2 >= free);
}

TEST(a_sleep_lasts_as_long_as_asked)
{
    uint64_t start = time_now_ns();
    thread_sleep_until_ns(start + 5 * NS_PER_MS);
    uint64_t slept = time_now_ns() - start;
    EXPECT(slept >= 5 * NS_PER_MS);
    EXPECT(slept < 2000ull * NS_PER_MS);
}

static struct mutex mutex = MUTEX_INIT(mutex);
static uint32_t inside, most_inside, entries;

static void enter_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < 20; i++) {
        mutex_lock(&mutex);
        inside++;
        entries++;
        most_inside = MAX(most_inside, inside);
        thread_yield();
        inside--;
        mutex_unlock(&mutex);
    }
}

TEST(a_mutex_lets_one_thread_in_at_a_time)
{
    struct thread *threads[8];
    inside = most_inside = entries = 0;
    for (int i = 0; i < 8; i++) threads[i] = thread_create("mutex", enter_often, NULL);
    for (int i = 0; i < 8; i++) thread_join(threads[i]);
    EXPECT_EQ(most_inside, 1);
    EXPECT_EQ(entries, 160);
}

/* Locking twice is what the analysis is there to refuse. */
static void try_twice(bool *first, bool *second) NO_THREAD_SAFETY_ANALYSIS
{
    *first = mutex_try_lock(&mutex);
    *second = mutex_try_lock(&mutex);
    mutex_unlock(&mutex);
}

TEST(try_lock_fails_on_a_held_mutex)
{
    bool first, second;
    try_twice(&first, &second);
    EXPECT(first);
    EXPECT(!second);
}

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static bool flag;
static err_t woken_with;

static void wait_for_flag(void *argument)
{
    (void)argument;
    spin_lock(&queue.lock);
    while (!flag) wait_sleep_locked(&queue);
    spin_unlock(&queue.lock);
    entries++;
}

TEST(wake_all_wakes_every_waiter_once_the_condition_holds)
{
    struct thread *threads[5];
    flag = false;
    entries = 0;
    for (int i = 0; i < 5; i++) threads[i] = thread_create("waiter", wait_for_flag, NULL);
    thread_yield();
    wait_wake_all(&queue); /* too early: they look at the flag and sleep again */
    thread_yield();
    EXPECT_EQ(entries, 0);
    spin_lock(&queue.lock);
    flag = true;
    wait_wake_all_locked(&queue);
    spin_unlock(&queue.lock);
    for (int i = 0; i < 5; i++) thread_join(threads[i]);
    EXPECT_EQ(entries, 5);
}

TEST(a_wait_with_a_deadline_times_out)
{
    uint64_t start = time_now_ns();
    spin_lock(&queue.lock);
    err_t e = wait_sleep_until_locked(&queue, start + 2 * NS_PER_MS);
    spin_unlock(&queue.lock);
    EXPECT_ERR(e, ERR_TIMED_OUT);
    EXPECT(time_now_ns() >= start + 2 * NS_PER_MS);
    EXPECT(list_is_empty(&queue.waiters));
}

static void wait_interruptibly(void *argument)
{
    (void)argument;
    spin_lock(&queue.lock);
    woken_with = wait_sleep_interruptible_locked(&queue, UINT64_MAX);
    spin_unlock(&queue.lock);
}

TEST(an_interruptible_wait_ends_when_its_thread_is_interrupted)
{
    woken_with = OK;
    struct thread *t = thread_create("waiter", wait_interruptibly, NULL);
    thread_yield();
    thread_interrupt(t);
    thread_join(t);
    EXPECT_ERR(woken_with, ERR_INTERRUPTED);
    EXPECT(list_is_empty(&queue.waiters));
}

/* As when another CPU wants the thread to leave, and its interrupt is still on its way. */
TEST(a_sleep_that_is_interrupted_leaves_the_kernel_by_its_work)
{
    struct thread *self = thread_current();
    struct wait_queue lonely = WAIT_QUEUE_INIT(lonely);
    __atomic_or_fetch(&self->user_work, USER_WORK_INTERRUPTED, __ATOMIC_SEQ_CST);
    spin_lock(&lonely.lock);
    EXPECT_ERR(wait_sleep_interruptible_locked(&lonely, time_now_ns() + NS_PER_MS), ERR_INTERRUPTED);
    spin_unlock(&lonely.lock);
    EXPECT(percpu()->user_work & USER_WORK_INTERRUPTED);
    __atomic_and_fetch(&self->user_work, ~(uint32_t)USER_WORK_INTERRUPTED, __ATOMIC_SEQ_CST);
    percpu()->user_work &= ~(uint32_t)USER_WORK_INTERRUPTED;
}
