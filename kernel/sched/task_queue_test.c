/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/task_queue.h"

#include "tests/harness/test.h"

TEST(a_task_queue_gives_everything_in_the_order_it_came)
{
    struct task_queue queue = { 0 };
    struct task_link a, b, c;
    EXPECT(!task_queue_push(&queue, &a));
    EXPECT(!task_queue_push(&queue, &b));
    EXPECT(!task_queue_push(&queue, &c));
    struct task_link *first = task_queue_take_all(&queue);
    EXPECT(first == &a && a.next == &b && b.next == &c && c.next == NULL);
    EXPECT(task_queue_take_all(&queue) == NULL);
}

TEST(a_taker_does_not_fall_asleep_over_a_queue_that_has_something)
{
    struct task_queue queue = { 0 };
    struct task_link a;
    task_queue_push(&queue, &a);
    EXPECT(!task_queue_try_sleep(&queue));
    EXPECT(!task_queue_is_asleep(&queue));
}

TEST(only_the_first_push_onto_a_sleeping_queue_wakes_its_taker)
{
    struct task_queue queue = { 0 };
    struct task_link a, b;
    EXPECT(task_queue_try_sleep(&queue));
    EXPECT(task_queue_is_asleep(&queue));
    EXPECT(task_queue_push(&queue, &a));
    EXPECT(!task_queue_is_asleep(&queue));
    EXPECT(!task_queue_push(&queue, &b));
    EXPECT(task_queue_take_all(&queue) == &a);
    EXPECT(a.next == &b && b.next == NULL);
}
