/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_restart.h"

#include "arch/trap.h"
#include "config.h"
#include "tests/harness/test.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static struct thread_signals signals;
static const struct linux_sigaction plain = { .handler = 0x1000 };
static const struct linux_sigaction restarts = { .handler = 0x1000, .flags = LINUX_SA_RESTART };

static struct trap_frame frame_of(uint64_t number, uint64_t second, uint64_t fourth)
{
    return (struct trap_frame){ .vector = VECTOR_SYSCALL,
                                .error = number,
                                .rax = (uint64_t)(int64_t)ERR_INTERRUPTED.code,
                                .rip = 0x400002,
                                .rsi = second,
                                .r10 = fourth };
}

/* The number of the call that begins again, or 0 when it ends with EINTR. */
static uint64_t restarted(uint64_t number, uint64_t second, uint64_t fourth,
                          const struct linux_sigaction *handler)
{
    struct trap_frame f = frame_of(number, second, fourth);
    signals = (struct thread_signals){ 0 };
    signal_restart(&f, &signals, handler);
    EXPECT_EQ(f.error, number);
    if (f.rip == 0x400002) {
        EXPECT_EQ(f.rax, (uint64_t)(int64_t)ERR_INTERRUPTED.code);
        return 0;
    }
    EXPECT_EQ(f.rip, 0x400000);
    return f.rax;
}

TEST(a_call_goes_on_unless_a_handler_runs_that_has_not_asked_for_it)
{
    static const uint16_t calls[] = { SYS_write,  SYS_readv, SYS_openat, SYS_wait4,
                                      SYS_waitid, SYS_fcntl, SYS_flock };
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        EXPECT_EQ(restarted(calls[i], 0, 0, NULL), calls[i]);
        EXPECT_EQ(restarted(calls[i], 0, 0, &restarts), calls[i]);
        EXPECT_EQ(restarted(calls[i], 0, 0, &plain), 0);
    }
}

TEST(a_call_that_waits_for_a_signal_goes_on_only_without_a_handler)
{
    EXPECT_EQ(restarted(SYS_pause, 0, 0, NULL), SYS_pause);
    EXPECT_EQ(restarted(SYS_rt_sigsuspend, 0, 0, NULL), SYS_rt_sigsuspend);
    EXPECT_EQ(restarted(SYS_pause, 0, 0, &restarts), 0);
    EXPECT_EQ(restarted(SYS_clock_nanosleep, TIMER_ABSTIME, 0, NULL), SYS_clock_nanosleep);
    EXPECT_EQ(restarted(SYS_clock_nanosleep, TIMER_ABSTIME, 0, &restarts), 0);
}

TEST(a_call_that_waits_for_a_while_goes_on_by_way_of_restart_syscall)
{
    static const uint16_t calls[] = { SYS_poll,     SYS_ppoll,     SYS_select,
                                      SYS_pselect6, SYS_nanosleep, SYS_clock_nanosleep };
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        EXPECT_EQ(restarted(calls[i], 0, 0, NULL), SYS_restart_syscall);
        EXPECT(signals.restart.is_kept && signals.restart.number == calls[i]);
        EXPECT_EQ(restarted(calls[i], 0, 0, &restarts), 0);
        EXPECT(!signals.restart.is_kept);
    }
}

TEST(some_calls_are_always_told_and_some_never)
{
    EXPECT_EQ(restarted(SYS_epoll_wait, 0, 0, NULL), 0);
    EXPECT_EQ(restarted(SYS_rt_sigtimedwait, 0, 0, NULL), 0);
    EXPECT_EQ(restarted(SYS_clone, 0, 0, &plain), SYS_clone);
    EXPECT_EQ(restarted(SYS_futex, FUTEX_LOCK_PI_PRIVATE, 0, &plain), SYS_futex);
}

TEST(a_futex_wait_depends_on_whether_it_has_a_time_limit)
{
    EXPECT_EQ(restarted(SYS_futex, FUTEX_WAIT_PRIVATE, 0, &restarts), SYS_futex);
    EXPECT_EQ(restarted(SYS_futex, FUTEX_WAIT_PRIVATE, 0, &plain), 0);
    EXPECT_EQ(restarted(SYS_futex, FUTEX_WAIT_BITSET, 1, NULL), SYS_restart_syscall);
    EXPECT_EQ(restarted(SYS_futex, FUTEX_WAIT_BITSET, 1, &restarts), 0);
}

TEST(a_restarted_call_that_is_interrupted_again_is_judged_as_what_it_is)
{
    struct trap_frame f = frame_of(SYS_restart_syscall, 0, 0);
    signals = (struct thread_signals){ .restart = { .is_kept = true, .number = SYS_nanosleep } };
    signal_restart(&f, &signals, NULL);
    EXPECT_EQ(f.rax, SYS_restart_syscall);
    EXPECT(signals.restart.is_kept && signals.restart.number == SYS_nanosleep);
    f = frame_of(SYS_restart_syscall, 0, 0);
    signals.restart.is_kept = false; /* a handler has run */
    signal_restart(&f, &signals, NULL);
    EXPECT_EQ(f.rax, (uint64_t)(int64_t)ERR_INTERRUPTED.code);
}

TEST(registers_that_are_no_interrupted_call_stay_as_they_are)
{
    struct trap_frame f = frame_of(SYS_read, 0, 0), before;
    f.vector = VECTOR_NONE;
    before = f;
    signal_restart(&f, &signals, NULL);
    EXPECT(!memcmp(&f, &before, sizeof(f)));
    f.vector = VECTOR_SYSCALL;
    f.rax = 5;
    before = f;
    signal_restart(&f, &signals, NULL);
    EXPECT(!memcmp(&f, &before, sizeof(f)));
}
