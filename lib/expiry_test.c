/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/expiry.h"

#include "tests/harness/test.h"

TEST(nothing_expires_of_what_is_not_set)
{
    struct expiry e = { .interval_ns = 10 };
    EXPECT_EQ(expiry_count(&e, UINT64_MAX), 0);
    EXPECT_EQ(expiry_take(&e, UINT64_MAX), 0);
    EXPECT_EQ(expiry_left_ns(e, 5), 0);
}

TEST(one_without_an_interval_expires_once)
{
    struct expiry e = { .next_ns = 100 };
    EXPECT_EQ(expiry_count(&e, 99), 0);
    EXPECT_EQ(expiry_left_ns(e, 99), 1);
    EXPECT_EQ(expiry_count(&e, 100), 1);
    EXPECT_EQ(expiry_left_ns(e, 100), 0);
    EXPECT_EQ(expiry_take(&e, 1000000), 1);
    EXPECT_EQ(expiry_take(&e, 2000000), 0);
}

TEST(each_interval_that_has_passed_counts)
{
    struct expiry e = { .next_ns = 100, .interval_ns = 10 };
    EXPECT_EQ(expiry_count(&e, 99), 0);
    EXPECT_EQ(expiry_count(&e, 100), 1);
    EXPECT_EQ(expiry_count(&e, 109), 1);
    EXPECT_EQ(expiry_count(&e, 110), 2);
    EXPECT_EQ(expiry_take(&e, 135), 4);
    EXPECT_EQ(e.next_ns, 140);
    EXPECT_EQ(expiry_take(&e, 139), 0);
    EXPECT_EQ(expiry_take(&e, 140), 1);
    EXPECT_EQ(e.next_ns, 150);
}

TEST(what_is_left_reaches_to_the_next_interval)
{
    struct expiry e = { .next_ns = 100, .interval_ns = 10 };
    EXPECT_EQ(expiry_left_ns(e, 60), 40);
    EXPECT_EQ(expiry_left_ns(e, 100), 10);
    EXPECT_EQ(expiry_left_ns(e, 107), 3);
    EXPECT_EQ(e.next_ns, 100);
}

TEST(sums_beyond_the_clock_never_come)
{
    EXPECT_EQ(expiry_sum(UINT64_MAX - 5, 100), EXPIRY_NEVER);
    EXPECT_EQ(expiry_sum(UINT64_MAX - 1, 1), EXPIRY_NEVER);
    EXPECT_EQ(expiry_sum(7, 8), 15);
    struct expiry e = { .next_ns = UINT64_MAX - 10, .interval_ns = UINT64_MAX - 1 };
    EXPECT_EQ(expiry_take(&e, UINT64_MAX - 9), 1);
    EXPECT_EQ(e.next_ns, EXPIRY_NEVER);
}

TEST(the_shortest_interval_is_counted_over_the_whole_clock)
{
    struct expiry e = { .next_ns = 1, .interval_ns = 1 };
    EXPECT_EQ(expiry_take(&e, UINT64_MAX - 2), UINT64_MAX - 2);
    EXPECT_EQ(e.next_ns, EXPIRY_NEVER);
}

TEST(overruns_stop_at_the_greatest_int)
{
    EXPECT_EQ(expiry_overrun(0), 0);
    EXPECT_EQ(expiry_overrun(INT32_MAX - 1ull), INT32_MAX - 1);
    EXPECT_EQ(expiry_overrun(UINT64_MAX), INT32_MAX);
}
