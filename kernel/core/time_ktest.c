/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

#include "arch/cpu.h"
#include "core/rtc.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000 };

static volatile uint64_t fired_ns;
static volatile uint32_t fired_count;
static void note_deadline(void)
{
    fired_ns = time_now_ns();
    fired_count++;
}

/* The timer is the scheduler's; a test borrows it and gives it back. */
static void (*scheduler_handler)(void);
static bool had_interrupts;
static void borrow_timer(void)
{
    had_interrupts = interrupts_are_on();
    interrupts_off();
    scheduler_handler = time_deadline_handler;
    time_deadline_handler = note_deadline;
    fired_count = 0;
    interrupts_on();
}

static void return_timer(void)
{
    interrupts_off();
    time_arm_ns(UINT64_MAX);
    time_deadline_handler = scheduler_handler;
    if (scheduler_handler) scheduler_handler(); /* it arms what it missed */
    if (had_interrupts) interrupts_on();
}

static void spin_until(uint64_t until_ns)
{
    while (time_now_ns() < until_ns) cpu_relax();
}

TEST(time_never_goes_back)
{
    uint64_t last_ns = time_now_ns(), first_ns = last_ns;
    for (int i = 0; i < 100000; i++) {
        uint64_t now_ns = time_now_ns();
        if (now_ns < last_ns) EXPECT(!"the clock went back");
        last_ns = now_ns;
    }
    EXPECT(last_ns > first_ns);
}

TEST(time_has_a_plausible_rate_and_says_where_it_comes_from)
{
    EXPECT(time_tsc_khz() >= 100000 && time_tsc_khz() <= 10000000);
    EXPECT(time_source_name()[0] != 0);
}

TEST(time_ns_to_tsc_is_the_inverse_of_the_clock)
{
    uint64_t now_ns = time_now_ns();
    EXPECT(time_ns_to_tsc(now_ns) <= tsc_read());
    EXPECT(time_ns_to_tsc(now_ns + 1000ull * NS_PER_MS) > tsc_read());
}

TEST(time_timer_fires_once_and_not_before_its_deadline)
{
    borrow_timer();
    uint64_t deadline_ns = time_now_ns() + 3 * NS_PER_MS;
    time_arm_ns(deadline_ns);
    while (fired_count == 0 && time_now_ns() < deadline_ns + 1000ull * NS_PER_MS) cpu_relax();
    EXPECT_EQ(fired_count, 1);
    EXPECT(fired_ns >= deadline_ns);
    spin_until(time_now_ns() + 5 * NS_PER_MS);
    EXPECT_EQ(fired_count, 1);
    return_timer();
}

TEST(time_timer_fires_at_once_for_a_deadline_in_the_past)
{
    borrow_timer();
    uint64_t start_ns = time_now_ns();
    time_arm_ns(1);
    while (fired_count == 0 && time_now_ns() < start_ns + 1000ull * NS_PER_MS) cpu_relax();
    EXPECT_EQ(fired_count, 1);
    return_timer();
}

TEST(time_timer_that_was_disarmed_does_not_fire)
{
    borrow_timer();
    uint64_t deadline_ns;
    do { /* again when the machine stood still in between, so that it fired in time */
        fired_count = 0;
        deadline_ns = time_now_ns() + 2 * NS_PER_MS;
        time_arm_ns(deadline_ns);
        time_arm_ns(UINT64_MAX);
    } while (time_now_ns() >= deadline_ns);
    spin_until(time_now_ns() + 10 * NS_PER_MS);
    EXPECT_EQ(fired_count, 0);
    return_timer();
}

TEST(time_timer_takes_a_sooner_deadline_after_one_beyond_its_range)
{
    borrow_timer();
    uint64_t now_ns = time_now_ns();
    time_arm_ns(now_ns + 1000000ull * 1000 * NS_PER_MS);
    spin_until(now_ns + 2 * NS_PER_MS);
    EXPECT_EQ(fired_count, 0);
    time_arm_ns(now_ns + 3 * NS_PER_MS);
    while (fired_count == 0 && time_now_ns() < now_ns + 1000ull * NS_PER_MS) cpu_relax();
    EXPECT_EQ(fired_count, 1);
    return_timer();
}

TEST(time_realtime_follows_the_battery_clock)
{
    uint64_t now_s = time_realtime_ns() / (1000ull * NS_PER_MS), rtc_s;
    if (failed(rtc_read_seconds(0, &rtc_s))) return;  /* none here */
    EXPECT(now_s > 1577836800 && now_s < 4102444800); /* 2020 to 2100 */
    EXPECT(rtc_s + 60 > now_s && rtc_s < now_s + 60);
}
