/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/task_state.h"

#include "tests/harness/test.h"

enum { GENERATION = 7 };

/* Every allowed transition of docs/executor.md; what is missing here must not happen. */
static const struct {
    enum task_state before;
    enum task_step step;
    enum task_state after;
} allowed[] = {
    { TASK_ENDED, TASK_WAKE, TASK_ENDED },   { TASK_IDLE, TASK_WAKE, TASK_QUEUED },
    { TASK_QUEUED, TASK_WAKE, TASK_QUEUED }, { TASK_RUNNING, TASK_WAKE, TASK_WOKEN },
    { TASK_WOKEN, TASK_WAKE, TASK_WOKEN },   { TASK_QUEUED, TASK_TAKE, TASK_RUNNING },
    { TASK_RUNNING, TASK_PUT, TASK_IDLE },   { TASK_WOKEN, TASK_PUT, TASK_QUEUED },
    { TASK_RUNNING, TASK_END, TASK_ENDED },  { TASK_WOKEN, TASK_END, TASK_ENDED },
};

TEST(every_step_of_a_task_leads_where_the_state_machine_says)
{
    for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
        uint64_t word = task_word(GENERATION, allowed[i].before);
        EXPECT_EQ(task_state_step(&word, GENERATION, allowed[i].step), allowed[i].before);
        EXPECT_EQ(word, task_word(GENERATION, allowed[i].after));
    }
}

TEST(steps_that_the_state_machine_lacks_are_marked_as_impossible)
{
    uint32_t possible = 0;
    for (uint32_t step = 0; step < TASK_STEPS; step++)
        for (uint32_t state = 0; state < TASK_STATES; state++)
            possible += task_state_after[step][state] != TASK_NEVER;
    EXPECT_EQ(possible, ARRAY_LENGTH(allowed));
}

TEST(a_wake_of_an_earlier_generation_changes_nothing)
{
    for (uint32_t state = 0; state < TASK_STATES; state++) {
        uint64_t word = task_word(GENERATION, (enum task_state)state);
        EXPECT_EQ(task_state_step(&word, GENERATION - 1, TASK_WAKE), TASK_ENDED);
        EXPECT_EQ(word, task_word(GENERATION, (enum task_state)state));
    }
}

TEST(a_renewed_word_is_queued_in_the_next_generation)
{
    uint64_t word = task_word(GENERATION, TASK_ENDED);
    EXPECT_EQ(task_state_renew(&word), GENERATION + 1);
    EXPECT_EQ(word, task_word(GENERATION + 1, TASK_QUEUED));
}

TEST(generation_zero_is_left_to_the_waker_of_nobody)
{
    uint64_t word = task_word(UINT32_MAX, TASK_ENDED);
    EXPECT_EQ(task_state_renew(&word), 1);
}
