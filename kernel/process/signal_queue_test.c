/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_queue.h"

#include "tests/fakes/fake_heap.h"
#include "tests/harness/test.h"

enum { USR1 = 10, RT = 40 };

static struct signal_pending pending;

static void start(void)
{
    pending = (struct signal_pending){ 0 };
    EXPECT_EQ(signal_queued_count(), 0);
}

static void stop(void)
{
    signal_queue_drop(&pending, UINT64_MAX);
    EXPECT(pending.set == 0 && !pending.first && !pending.last && !pending.is_own_used);
    EXPECT_EQ(signal_queued_count(), 0);
    EXPECT_EQ(fake_heap_blocks(), 0);
}

static err_t add(uint32_t number, int32_t code, uint64_t value, uint64_t limit)
{
    struct linux_siginfo_head info = { .number = (int32_t)number, .code = code, .sender.value = value };
    return signal_queue_add(&pending, &info, limit);
}

static uint64_t take(uint32_t number)
{
    struct linux_siginfo_head info;
    signal_queue_take(&pending, number, &info);
    EXPECT_EQ(info.number, (int32_t)number);
    return info.sender.value;
}

TEST(a_standard_signal_waits_once_and_keeps_what_came_first)
{
    start();
    EXPECT_OK(add(USR1, LINUX_SI_QUEUE, 1, UINT64_MAX));
    EXPECT_OK(add(USR1, LINUX_SI_QUEUE, 2, UINT64_MAX));
    EXPECT_EQ(pending.set, signal_bit(USR1));
    EXPECT_EQ(signal_queued_count(), 1);
    EXPECT_EQ(take(USR1), 1);
    EXPECT_EQ(pending.set, 0);
    stop();
}

TEST(real_time_signals_wait_as_often_as_they_are_sent_and_in_order)
{
    start();
    for (uint64_t i = 0; i < 5; i++) {
        EXPECT_OK(add(RT, LINUX_SI_QUEUE, i, UINT64_MAX));
        EXPECT_OK(add(RT + 1, LINUX_SI_QUEUE, 10 + i, UINT64_MAX));
    }
    for (uint64_t i = 0; i < 5; i++) {
        EXPECT(pending.set & signal_bit(RT + 1));
        EXPECT_EQ(take(RT + 1), 10 + i);
    }
    EXPECT_EQ(pending.set, signal_bit(RT));
    for (uint64_t i = 0; i < 5; i++) EXPECT_EQ(take(RT), i);
    EXPECT_EQ(pending.set, 0);
    stop();
}

TEST(a_lone_signal_takes_no_memory)
{
    start();
    fake_heap_fail_at(1);
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 7, UINT64_MAX));
    EXPECT(!fake_heap_has_failed());
    EXPECT_EQ(take(RT), 7);
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 8, UINT64_MAX));
    EXPECT_EQ(take(RT), 8);
    fake_heap_fail_at(0);
    stop();
}

TEST(without_memory_a_standard_signal_comes_without_information)
{
    start();
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 7, UINT64_MAX));
    fake_heap_fail_at(1);
    EXPECT_OK(add(USR1, LINUX_SI_QUEUE, 9, UINT64_MAX));
    fake_heap_fail_at(0);
    EXPECT_EQ(pending.set, signal_bit(USR1) | signal_bit(RT));
    EXPECT_EQ(take(USR1), 0);
    EXPECT_EQ(take(RT), 7);
    stop();
}

TEST(without_memory_a_value_is_refused_and_kill_is_not)
{
    start();
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 7, UINT64_MAX));
    fake_heap_fail_at(1);
    EXPECT_ERR(add(RT, LINUX_SI_QUEUE, 8, UINT64_MAX), ERR_TRY_AGAIN);
    fake_heap_fail_at(1);
    EXPECT_OK(add(RT + 1, LINUX_SI_USER, 0, UINT64_MAX));
    fake_heap_fail_at(0);
    EXPECT_EQ(pending.set, signal_bit(RT) | signal_bit(RT + 1));
    EXPECT_EQ(take(RT), 7);
    EXPECT(!(pending.set & signal_bit(RT)));
    stop();
}

TEST(the_limit_holds_for_values_and_not_for_standard_signals_of_the_kernel)
{
    start();
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 1, 2));
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 2, 2));
    EXPECT_ERR(add(RT, LINUX_SI_QUEUE, 3, 2), ERR_TRY_AGAIN);
    EXPECT_OK(add(USR1, LINUX_SI_KERNEL, 4, 2));
    EXPECT_EQ(signal_queued_count(), 3);
    EXPECT_EQ(take(USR1), 4);
    stop();
}

TEST(what_is_dropped_leaves_the_rest_in_order)
{
    start();
    for (uint64_t i = 0; i < 9; i++) EXPECT_OK(add(RT + (uint32_t)(i % 3), LINUX_SI_QUEUE, i, UINT64_MAX));
    signal_queue_drop(&pending, signal_bit(RT) | signal_bit(RT + 2));
    EXPECT_EQ(pending.set, signal_bit(RT + 1));
    EXPECT_EQ(signal_queued_count(), 3);
    EXPECT_OK(add(RT + 1, LINUX_SI_QUEUE, 99, UINT64_MAX));
    EXPECT_EQ(take(RT + 1), 1);
    EXPECT_EQ(take(RT + 1), 4);
    EXPECT_EQ(take(RT + 1), 7);
    EXPECT_EQ(take(RT + 1), 99);
    stop();
}

TEST(signals_of_faults_come_first_and_then_the_lowest)
{
    EXPECT_EQ(signal_first(signal_bit(1) | signal_bit(LINUX_SIGSEGV)), LINUX_SIGSEGV);
    EXPECT_EQ(signal_first(signal_bit(LINUX_SIGSEGV) | signal_bit(LINUX_SIGILL)), LINUX_SIGILL);
    EXPECT_EQ(signal_first(signal_bit(64) | signal_bit(33)), 33);
    EXPECT_EQ(signal_first(signal_bit(64)), 64);
}
