/* SPDX-License-Identifier: Apache-2.0 */
#include "process/cpu_clock.h"

#include "tests/harness/test.h"

/* As glibc's pthread_getcpuclockid and clock_getcpuclockid make them. */
static uint32_t clock_of_thread(uint32_t tid) { return ~tid << 3 | 4 | 2; }
static uint32_t clock_of_process(uint32_t pid) { return ~pid << 3 | 2; }

TEST(the_number_of_a_cpu_clock_tells_whose_it_is)
{
    static const uint32_t numbers[] = { 0, 1, 77, 32768, 0x1fffffff >> 1 };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct cpu_clock_id id;
        EXPECT(cpu_clock_decode(clock_of_thread(numbers[i]), &id));
        EXPECT(id.is_thread);
        EXPECT_EQ(id.number, numbers[i]);
        EXPECT(cpu_clock_decode(clock_of_process(numbers[i]), &id));
        EXPECT(!id.is_thread);
        EXPECT_EQ(id.number, numbers[i]);
    }
}

TEST(the_running_ones_clocks_have_numbers_of_their_own)
{
    struct cpu_clock_id id;
    EXPECT(cpu_clock_decode(LINUX_CLOCK_PROCESS_CPUTIME_ID, &id));
    EXPECT(!id.is_thread && id.number == 0);
    EXPECT(cpu_clock_decode(LINUX_CLOCK_THREAD_CPUTIME_ID, &id));
    EXPECT(id.is_thread && id.number == 0);
}

TEST(other_numbers_are_no_cpu_clocks)
{
    struct cpu_clock_id id;
    EXPECT(!cpu_clock_decode(LINUX_CLOCK_MONOTONIC, &id));
    EXPECT(!cpu_clock_decode(77, &id));
    EXPECT(!cpu_clock_decode(~0u, &id));
    EXPECT(!cpu_clock_decode(~5u << 3 | 3, &id));
}

TEST(a_cpu_clock_is_not_looked_at_before_it_can_have_come_there)
{
    EXPECT_EQ(cpu_clock_wait_ns(1000000, 1, false), 1000000);
    EXPECT_EQ(cpu_clock_wait_ns(1000000, 4, false), 250000);
    EXPECT_EQ(cpu_clock_wait_ns(7, 1, false), 7);
    EXPECT_EQ(cpu_clock_wait_ns(0, 0, false), 1);
    EXPECT_EQ(cpu_clock_wait_ns(UINT64_MAX, 1, true), UINT64_MAX);
}

TEST(looks_at_a_cpu_clock_come_to_an_end_with_many_threads_of_which_one_runs)
{
    uint64_t left = 1000000000, looks = 0;
    while (left) {
        uint64_t wait = cpu_clock_wait_ns(left, 8, false);
        EXPECT(wait >= CPU_CLOCK_STEP_NS);
        left -= MIN(left, wait);
        looks++;
    }
    EXPECT(looks < 80);
}

TEST(a_cpu_clock_that_stands_still_is_looked_at_seldom)
{
    EXPECT_EQ(cpu_clock_wait_ns(5, 1, true), CPU_CLOCK_REST_NS);
    EXPECT_EQ(cpu_clock_wait_ns(5, 8, true), CPU_CLOCK_REST_NS);
}
