/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_queue.h"

#include "lib/string.h"
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

/* What is a part of something else. */
static struct {
    struct signal_item item;
    uint32_t taken, dropped;
} owned[3];

static void owned_left(struct signal_item *item, struct linux_siginfo_head *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(owned); i++) {
        if (item != &owned[i].item) continue;
        *(out ? &owned[i].taken : &owned[i].dropped) += 1;
        if (out) out->timer.overrun = 100 + (int32_t)i;
    }
}

static void start_owned(uint32_t number)
{
    start();
    for (size_t i = 0; i < ARRAY_LENGTH(owned); i++) {
        memset(&owned[i], 0, sizeof(owned[i]));
        owned[i].item.info = (struct linux_siginfo_head){ .number = (int32_t)number, .timer.value = i };
        owned[i].item.left = owned_left;
    }
}

TEST(what_is_a_part_of_something_waits_with_others_of_its_number_and_its_owner_is_told)
{
    struct linux_siginfo_head info;
    start_owned(USR1);
    fake_heap_fail_at(1);
    for (size_t i = 0; i < 3; i++) signal_queue_add_item(&pending, &owned[i].item);
    EXPECT_EQ(pending.set, signal_bit(USR1));
    for (int32_t i = 0; i < 3; i++) {
        EXPECT(owned[i].item.is_waiting);
        signal_queue_take(&pending, USR1, &info);
        EXPECT(info.timer.value == (uint64_t)i && info.timer.overrun == 100 + i);
        EXPECT(owned[i].taken == 1 && !owned[i].item.is_waiting);
    }
    EXPECT_EQ(pending.set, 0);
    fake_heap_fail_at(0);
    stop();
}

TEST(what_is_a_part_of_something_can_be_taken_back_from_any_place)
{
    for (size_t gone = 0; gone < 3; gone++) {
        start_owned(RT);
        for (size_t i = 0; i < 3; i++) signal_queue_add_item(&pending, &owned[i].item);
        signal_queue_remove_item(&pending, &owned[gone].item);
        EXPECT(!owned[gone].item.is_waiting && pending.set == signal_bit(RT));
        for (size_t i = 0; i < 3; i++)
            if (i != gone) EXPECT_EQ(take(RT), i);
        EXPECT(pending.set == 0 && !owned[gone].taken && !owned[gone].dropped);
        signal_queue_add_item(&pending, &owned[gone].item);
        signal_queue_remove_item(&pending, &owned[gone].item);
        EXPECT_EQ(pending.set, 0);
        stop();
    }
}

TEST(the_owner_is_told_what_is_dropped)
{
    start_owned(RT);
    signal_queue_add_item(&pending, &owned[0].item);
    EXPECT_OK(add(RT, LINUX_SI_QUEUE, 7, UINT64_MAX));
    signal_queue_drop(&pending, signal_bit(RT));
    EXPECT(owned[0].dropped == 1 && !owned[0].taken && !owned[0].item.is_waiting);
    stop();
}

TEST(what_is_reserved_counts_among_what_waits)
{
    start();
    EXPECT(signal_item_reserve(1));
    EXPECT(!signal_item_reserve(1));
    EXPECT_ERR(add(RT, LINUX_SI_QUEUE, 1, 1), ERR_TRY_AGAIN);
    signal_item_release();
    stop();
}

TEST(signals_of_faults_come_first_and_then_the_lowest)
{
    EXPECT_EQ(signal_first(signal_bit(1) | signal_bit(LINUX_SIGSEGV)), LINUX_SIGSEGV);
    EXPECT_EQ(signal_first(signal_bit(LINUX_SIGSEGV) | signal_bit(LINUX_SIGILL)), LINUX_SIGILL);
    EXPECT_EQ(signal_first(signal_bit(64) | signal_bit(33)), 33);
    EXPECT_EQ(signal_first(signal_bit(64)), 64);
}
