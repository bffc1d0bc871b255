/* SPDX-License-Identifier: Apache-2.0 */
/* What the comparison with Linux cannot show of pipes, event counts and timers: sleeps that another thread
 * ends, failing allocations, and what is charged. */
#include "abi/linux/event.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"

#define A(value) ((uint64_t)(value))

static uint8_t bytes[100000], got[100000];
static uint32_t ends[2], event;
static uint32_t signals;

static void count_signal(void) { signals++; }

static void start(void)
{
    fake_process_start(NULL, 0);
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    memset(got, 0, sizeof(got));
    signals = 0;
    pipe_broken_hook = count_signal;
}

/* Everything that was open is closed with the process, and then nothing is left. */
static void stop(void)
{
    fake_wait_meanwhile = NULL;
    pipe_broken_hook = NULL;
    fake_process_stop();
    EXPECT_EQ(fake_heap_blocks(), 0);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], 0);
    EXPECT(!fake_wait_has_timer());
}

static void make_pipe(uint64_t flags) { EXPECT_EQ(sys_pipe2(A(ends), flags), 0); }

/* ---- pipes ---- */

static void write_five(void)
{
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(sys_write(ends[1], A(bytes), 5), 5);
}
static void close_writer(void)
{
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(sys_close(ends[1]), 0);
}
static void close_reader(void)
{
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(sys_close(ends[0]), 0);
}

TEST(a_read_of_an_empty_pipe_sleeps_until_bytes_come_or_the_last_writer_goes)
{
    start();
    make_pipe(0);
    fake_wait_meanwhile = write_five;
    EXPECT_EQ(sys_read(ends[0], A(got), 100), 5);
    EXPECT_EQ(memcmp(got, bytes, 5), 0);
    fake_wait_meanwhile = close_writer;
    EXPECT_EQ(sys_read(ends[0], A(got), 100), 0);
    stop();
}

static uint64_t total_read;
static void read_some(void) { total_read += (uint64_t)sys_read(ends[0], A(got + total_read), 30000); }

TEST(a_write_of_more_than_fits_sleeps_until_all_of_it_is_taken)
{
    start();
    make_pipe(0);
    total_read = 0;
    fake_wait_meanwhile = read_some;
    EXPECT_EQ(sys_write(ends[1], A(bytes), sizeof(bytes)), sizeof(bytes));
    fake_wait_meanwhile = NULL;
    while (total_read < sizeof(bytes)) read_some();
    EXPECT_EQ(memcmp(got, bytes, sizeof(bytes)), 0);
    stop();
}

TEST(a_writer_whose_last_reader_goes_gets_what_it_wrote_and_the_signal)
{
    start();
    make_pipe(0);
    fake_wait_meanwhile = close_reader;
    EXPECT_EQ(sys_write(ends[1], A(bytes), sizeof(bytes)), 65536);
    EXPECT_EQ(signals, 1);
    EXPECT_EQ(sys_write(ends[1], A(bytes), 1), ERR_BROKEN_PIPE.code);
    EXPECT_EQ(signals, 2);
    EXPECT_EQ(sys_write(ends[1], A(bytes), 0), 0);
    EXPECT_EQ(signals, 2);
    stop();
}

TEST(a_pipe_is_charged_for_the_pages_it_holds_and_one_more)
{
    start();
    make_pipe(0);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], 0);
    EXPECT_EQ(sys_write(ends[1], A(bytes), 3 * PAGE_BYTES), 3 * PAGE_BYTES);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], 3);
    EXPECT_EQ(sys_read(ends[0], A(got), 3 * PAGE_BYTES), 3 * PAGE_BYTES);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], 1);
    EXPECT_EQ(sys_write(ends[1], A(bytes), 100), 100);
    EXPECT_EQ(charge_read().kinds[CHARGE_KERNEL], 1);
    stop();
}

TEST(poll_wakes_when_a_pipe_gets_bytes_room_or_loses_its_other_end)
{
    start();
    make_pipe(0);
    struct linux_pollfd in = { (int32_t)ends[0], LINUX_POLLIN, 0 };
    fake_wait_meanwhile = write_five;
    EXPECT_EQ(sys_poll(A(&in), 1, A(-1)), 1);
    EXPECT_EQ(in.revents, LINUX_POLLIN);
    EXPECT_EQ(sys_read(ends[0], A(got), 100), 5);
    fake_wait_meanwhile = close_writer;
    EXPECT_EQ(sys_poll(A(&in), 1, A(-1)), 1);
    EXPECT_EQ(in.revents, LINUX_POLLHUP);
    make_pipe(LINUX_O_NONBLOCK);
    struct linux_pollfd out = { (int32_t)ends[1], LINUX_POLLOUT, 0 };
    EXPECT_EQ(sys_write(ends[1], A(bytes), sizeof(bytes)), 65536);
    total_read = 0;
    fake_wait_meanwhile = read_some;
    EXPECT_EQ(sys_poll(A(&out), 1, A(-1)), 1);
    EXPECT_EQ(out.revents, LINUX_POLLOUT);
    stop();
}

TEST(a_pipe_whose_ring_moves_keeps_its_bytes)
{
    start();
    make_pipe(LINUX_O_NONBLOCK);
    EXPECT_EQ(sys_write(ends[1], A(bytes), 65536), 65536);
    EXPECT_EQ(sys_read(ends[0], A(got), 40000), 40000);
    EXPECT_EQ(sys_write(ends[1], A(bytes + 65536), 30000), 30000); /* around the end of the ring */
    EXPECT_EQ(sys_fcntl(ends[1], LINUX_F_SETPIPE_SZ, 100000), 131072);
    EXPECT_EQ(sys_fcntl(ends[1], LINUX_F_SETPIPE_SZ, 65536), 65536);
    EXPECT_EQ(sys_fcntl(ends[1], LINUX_F_SETPIPE_SZ, 32768), ERR_BUSY.code);
    EXPECT_EQ(sys_read(ends[0], A(got + 40000), 60000), 55536);
    EXPECT_EQ(memcmp(got, bytes, 95536), 0);
    stop();
}

/* ---- event counts ---- */

static void add_nine(void)
{
    uint64_t nine = 9;
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(sys_write(event, A(&nine), 8), 8);
}
static void take_all(void)
{
    uint64_t value;
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(sys_read(event, A(&value), 8), 8);
}

TEST(a_read_of_no_event_sleeps_until_there_is_one)
{
    uint64_t value = 0;
    start();
    event = (uint32_t)sys_eventfd(0);
    fake_wait_meanwhile = add_nine;
    EXPECT_EQ(sys_read(event, A(&value), 8), 8);
    EXPECT_EQ(value, 9);
    struct linux_pollfd in = { (int32_t)event, LINUX_POLLIN, 0 };
    fake_wait_meanwhile = add_nine;
    EXPECT_EQ(sys_poll(A(&in), 1, A(-1)), 1);
    stop();
}

TEST(a_write_for_which_the_count_has_no_room_sleeps_until_it_has)
{
    uint64_t most = UINT64_MAX - 1, value = 2;
    start();
    event = (uint32_t)sys_eventfd(0);
    EXPECT_EQ(sys_write(event, A(&most), 8), 8);
    fake_wait_meanwhile = take_all;
    EXPECT_EQ(sys_write(event, A(&value), 8), 8);
    EXPECT_EQ(sys_read(event, A(&value), 8), 8);
    EXPECT_EQ(value, 2);
    stop();
}

/* ---- timers ---- */

#define MS 1000000ull

TEST(a_read_of_a_timer_sleeps_until_it_fires_and_counts_what_it_missed)
{
    struct linux_itimerspec wanted = { { 0, 10 * MS }, { 0, 5 * MS } };
    uint64_t count = 0;
    start();
    uint32_t fd = (uint32_t)sys_timerfd_create(LINUX_CLOCK_MONOTONIC, 0);
    EXPECT_EQ(sys_timerfd_settime(fd, 0, A(&wanted), 0), 0);
    fake_wait_meanwhile = fake_wait_fire_timer;
    uint64_t before_ns = fake_wait_now_ns;
    EXPECT_EQ(sys_read(fd, A(&count), 8), 8);
    EXPECT_EQ(count, 1);
    EXPECT_EQ((fake_wait_now_ns - before_ns) / MS, 5);
    fake_wait_now_ns += 34 * MS;
    EXPECT_EQ(sys_read(fd, A(&count), 8), 8);
    EXPECT_EQ(count, 3);
    EXPECT(fake_wait_has_timer());
    stop();
}

TEST(a_timer_that_is_stopped_or_has_expired_once_is_not_armed)
{
    struct linux_itimerspec wanted = { { 0, 0 }, { 1, 0 } }, was;
    uint64_t count;
    start();
    uint32_t fd = (uint32_t)sys_timerfd_create(LINUX_CLOCK_REALTIME, 0);
    EXPECT_EQ(sys_timerfd_settime(fd, 0, A(&wanted), 0), 0);
    EXPECT(fake_wait_has_timer());
    wanted.value.seconds = 0;
    EXPECT_EQ(sys_timerfd_settime(fd, 0, A(&wanted), A(&was)), 0);
    EXPECT(!fake_wait_has_timer());
    EXPECT_EQ(was.value.seconds, 0);
    EXPECT(was.value.nanoseconds > 900000000);
    wanted.value.nanoseconds = 1;
    EXPECT_EQ(sys_timerfd_settime(fd, 0, A(&wanted), 0), 0);
    EXPECT_EQ(sys_read(fd, A(&count), 8), 8);
    EXPECT(!fake_wait_has_timer());
    stop();
}

TEST(times_beyond_all_clocks_neither_expire_nor_overflow)
{
    struct linux_itimerspec wanted = { { INT64_MAX, 999999999 }, { INT64_MAX, 999999999 } }, now;
    uint64_t count;
    start();
    uint32_t fd = (uint32_t)sys_timerfd_create(LINUX_CLOCK_REALTIME, LINUX_TFD_NONBLOCK);
    for (uint64_t flags = 0; flags <= LINUX_TFD_TIMER_ABSTIME; flags++) {
        EXPECT_EQ(sys_timerfd_settime(fd, flags, A(&wanted), 0), 0);
        EXPECT_EQ(sys_timerfd_gettime(fd, A(&now)), 0);
        EXPECT(now.value.seconds > 1000000000);
        EXPECT_EQ(sys_read(fd, A(&count), 8), ERR_TRY_AGAIN.code);
    }
    wanted.value = (struct linux_timespec){ 0, 1 };
    EXPECT_EQ(sys_timerfd_settime(fd, 0, A(&wanted), 0), 0);
    EXPECT_EQ(sys_read(fd, A(&count), 8), 8);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(sys_read(fd, A(&count), 8), ERR_TRY_AGAIN.code);
    stop();
}

/* ---- without memory ---- */

TEST(making_one_of_them_may_fail_at_each_allocation_and_leaves_nothing)
{
    start();
    uint64_t blocks = fake_heap_blocks();
    for (uint32_t kind = 0; kind < 3; kind++) {
        int64_t result = ERR_NO_MEMORY.code;
        for (uint32_t nth = 1; result == ERR_NO_MEMORY.code; nth++) {
            EXPECT_EQ(fake_heap_blocks(), blocks);
            fake_heap_fail_at(nth);
            if (kind == 0) result = sys_eventfd2(0, 0);
            if (kind == 1) result = sys_timerfd_create(LINUX_CLOCK_MONOTONIC, 0);
            if (kind == 2) result = sys_pipe2(A(ends), 0);
            EXPECT(nth < 10);
        }
        fake_heap_fail_at(0);
        EXPECT(result >= 0);
        blocks = fake_heap_blocks();
    }
    stop();
}
