/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of a process that is nobody's: it has the running thread and blocks all signals. */
#include "process/process_timer.h"

#include "core/time.h"
#include "process/process.h"
#include "process/user_thread.h"
#include "tests/harness/test.h"

enum { RT = 40, NS_PER_MS = 1000000 };

static struct process process;
static struct user_thread thread;
static struct process_timer timer;

static void start(enum timer_clock clock, enum timer_repeat repeat)
{
    static struct signal_actions actions;
    actions = (struct signal_actions){ .references = 1 };
    process = (struct process){ .signals.actions = &actions };
    thread = (struct user_thread){ .thread = thread_current(), .process = &process };
    timer = (struct process_timer){ .clock = clock, .repeat = repeat, .measured = &thread };
    spin_set_class(&process.signal_lock, "process.signal_lock");
    list_init(&process.threads);
    list_push_back(&process.threads, &thread.process_link);
    process.thread_count = 1;
    thread.signals.blocked = ~0ull;
    timer.item.info = (struct linux_siginfo_head){ .number = RT, .code = LINUX_SI_TIMER, .timer.value = 55 };
    process_timer_init(&timer, &process);
}

static void stop(void)
{
    spin_lock(&process.signal_lock);
    process_timer_end_locked(&timer);
    spin_unlock(&process.signal_lock);
    process_timer_wait(&timer);
    EXPECT(!timer_is_armed(&timer.timer));
    EXPECT(!timer.item.is_waiting && process.signals.pending.set == 0);
}

static err_t set(bool is_absolute, uint64_t value_ns, uint64_t interval_ns, struct timer_setting *was)
{
    const struct timer_setting wanted = { value_ns, interval_ns };
    spin_lock(&process.signal_lock);
    err_t e = process_timer_set_locked(&timer, is_absolute, &wanted, was);
    spin_unlock(&process.signal_lock);
    return e;
}

static struct linux_siginfo_head take(void)
{
    struct linux_siginfo_head info;
    spin_lock(&process.signal_lock);
    signal_queue_take(&process.signals.pending, RT, &info);
    spin_unlock(&process.signal_lock);
    return info;
}

/* It runs, or has fired already: the host may stand still for longer than it was set to. */
static bool is_under_way(void) { return timer_is_armed(&timer.timer) || timer.item.is_waiting; }

static void sleep_ms(uint64_t ms) { thread_sleep_until_ns(time_now_ns() + ms * NS_PER_MS); }

static void work_ms(uint64_t ms)
{
    uint64_t until = thread_cpu_time_ns(thread_current()) + ms * NS_PER_MS;
    while (thread_cpu_time_ns(thread_current()) < until) continue;
}

TEST(a_timer_of_a_process_sends_its_signal_once)
{
    start(TIMER_SINCE_BOOT, TIMER_IS_REARMED);
    EXPECT_OK(set(false, NS_PER_MS, 0, NULL));
    EXPECT(is_under_way());
    sleep_ms(3);
    EXPECT(timer.item.is_waiting && !timer_is_armed(&timer.timer));
    EXPECT_EQ(process.signals.pending.set, signal_bit(RT));
    struct linux_siginfo_head info = take();
    EXPECT(info.number == RT && info.timer.value == 55 && info.timer.overrun == 0);
    EXPECT(!timer.item.is_waiting && !timer_is_armed(&timer.timer));
    stop();
}

TEST(a_timer_with_an_interval_rests_until_its_signal_is_acted_upon)
{
    start(TIMER_SINCE_BOOT, TIMER_IS_REARMED);
    EXPECT_OK(set(false, NS_PER_MS, NS_PER_MS, NULL));
    sleep_ms(20);
    EXPECT(timer.item.is_waiting && !timer_is_armed(&timer.timer));
    int32_t overruns = take().timer.overrun;
    EXPECT(overruns >= 15 && timer.overruns == overruns);
    EXPECT(is_under_way());
    sleep_ms(3);
    EXPECT(timer.item.is_waiting);
    stop();
}

TEST(a_moment_that_is_past_comes_at_once_and_the_greatest_never)
{
    struct timer_setting was;
    start(TIMER_REALTIME, TIMER_IS_REARMED);
    EXPECT_OK(set(true, 1, 0, NULL));
    sleep_ms(1);
    EXPECT(timer.item.is_waiting);
    EXPECT_OK(set(false, UINT64_MAX - 1, UINT64_MAX - 1, NULL));
    EXPECT(!timer.item.is_waiting); /* what it had sent is taken back */
    sleep_ms(1);
    EXPECT(!timer.item.is_waiting);
    EXPECT_OK(set(false, 0, 0, &was));
    EXPECT(was.value_ns > UINT64_MAX / 2 && was.interval_ns == UINT64_MAX - 1);
    EXPECT(!timer_is_armed(&timer.timer));
    stop();
}

TEST(a_timer_that_comes_late_looks_at_the_clock)
{
    start(TIMER_SINCE_BOOT, TIMER_IS_REARMED);
    EXPECT_OK(set(false, 1000ull * NS_PER_MS, 0, NULL));
    timer.timer.fire(&timer.timer);
    EXPECT(!timer.item.is_waiting && timer_is_armed(&timer.timer));
    EXPECT_OK(set(false, 0, 0, NULL));
    timer.timer.fire(&timer.timer);
    EXPECT(!timer.item.is_waiting && !timer_is_armed(&timer.timer));
    stop();
}

TEST(a_timer_whose_signal_is_ignored_rests_until_it_is_not)
{
    start(TIMER_SINCE_BOOT, TIMER_IS_REARMED);
    thread.signals.blocked = 0;
    process.signals.actions->of[RT - 1].handler = LINUX_SIG_IGN;
    EXPECT_OK(set(false, NS_PER_MS, NS_PER_MS, NULL));
    sleep_ms(5);
    EXPECT(timer.is_unheard && !timer.item.is_waiting && !timer_is_armed(&timer.timer));
    thread.signals.blocked = ~0ull;
    spin_lock(&process.signal_lock);
    process_timer_heed_locked(&timer);
    spin_unlock(&process.signal_lock);
    EXPECT(timer.item.is_waiting && !timer.is_unheard);
    EXPECT(take().timer.overrun >= 3);
    stop();
}

TEST(a_timer_of_cpu_time_comes_when_its_thread_works)
{
    start(TIMER_OF_THREAD, TIMER_IS_REARMED);
    EXPECT_OK(set(false, 5 * NS_PER_MS, 0, NULL));
    sleep_ms(20);
    EXPECT(!timer.item.is_waiting);
    work_ms(5);
    uint64_t until = time_now_ns() + 2 * CPU_CLOCK_REST_NS;
    while (!__atomic_load_n(&timer.item.is_waiting, __ATOMIC_RELAXED) && time_now_ns() < until) continue;
    EXPECT(timer.item.is_waiting);
    stop();
}

TEST(a_timer_of_a_thread_that_has_ended_does_nothing)
{
    start(TIMER_OF_THREAD, TIMER_IS_REARMED);
    EXPECT_OK(set(false, NS_PER_MS, 0, NULL));
    spin_lock(&process.signal_lock);
    process_timer_forget_locked(&timer, &thread);
    spin_unlock(&process.signal_lock);
    EXPECT(!timer_is_armed(&timer.timer));
    EXPECT_ERR(set(false, NS_PER_MS, 0, NULL), ERR_NO_PROCESS);
    stop();
}

TEST(an_interval_of_cpu_time_goes_on_whatever_becomes_of_its_signal)
{
    start(TIMER_OF_PROCESS, TIMER_GOES_ON);
    EXPECT_OK(set(false, NS_PER_MS, NS_PER_MS, NULL));
    work_ms(5);
    EXPECT(timer.item.is_waiting && timer_is_armed(&timer.timer));
    stop();
}
