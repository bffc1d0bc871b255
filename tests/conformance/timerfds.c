/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create, timerfd_settime, timerfd_gettime: when a timer expires and how often it says it has. Times
 * are compared with bounds wide enough for a busy machine. */
#include "tests/conformance/event_files.h"

#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>

enum { MS = 1000000 };

static char *bad; /* a page that nobody may touch */
static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };
static const char *const clock_names[] = { "realtime", "monotonic", "boottime" };

static int make(int clock)
{
    int fd = (int)syscall(SYS_timerfd_create, clock, TFD_NONBLOCK);
    if (fd < 0) exit(99);
    return fd;
}
static long set_raw(int fd, int flags, const void *wanted, void *was)
{
    return syscall(SYS_timerfd_settime, fd, flags, wanted, was);
}
static long get_raw(int fd, void *now) { return syscall(SYS_timerfd_gettime, fd, now); }

static struct timespec span(int64_t ns) { return (struct timespec){ ns / 1000000000, ns % 1000000000 }; }
static int64_t length(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }
static long set(int fd, int flags, int64_t value_ns, int64_t interval_ns)
{
    struct itimerspec wanted = { span(interval_ns), span(value_ns) };
    return set_raw(fd, flags, &wanted, NULL);
}
static int64_t now_ns(int clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return length(t);
}
static void pause_ns(int64_t ns)
{
    struct timespec t = span(ns);
    nanosleep(&t, NULL);
}
static void take(int fd)
{
    uint64_t count = 77;
    long got = read(fd, &count, 8);
    printf("take: %ld %s %llu\n", got, got < 0 ? error_name(errno) : "", (unsigned long long)count);
}
static uint64_t count_of(int fd)
{
    uint64_t count = 0;
    return read(fd, &count, 8) == 8 ? count : 0;
}
/* What is left as a word: a number would differ from run to run. */
static void show_left(int fd, int64_t most_ns)
{
    struct itimerspec t;
    if (get_raw(fd, &t) != 0) exit(99);
    int64_t left = length(t.it_value);
    printf("left: %s, interval %lld\n",
           left == 0         ? "nothing"
           : left <= most_ns ? "some"
                             : "too much",
           (long long)length(t.it_interval));
}

static void creation(void)
{
    static const int odd_clocks[] = { CLOCK_PROCESS_CPUTIME_ID,
                                      CLOCK_THREAD_CPUTIME_ID,
                                      CLOCK_MONOTONIC_RAW,
                                      CLOCK_REALTIME_COARSE,
                                      CLOCK_MONOTONIC_COARSE,
                                      CLOCK_TAI,
                                      10,
                                      12,
                                      -1,
                                      -6 };
    static const int flags[] = { 0, TFD_NONBLOCK, TFD_CLOEXEC, TFD_NONBLOCK | TFD_CLOEXEC };
    static const unsigned odd_flags[] = { 1, 2, O_APPEND, O_DIRECT, 0x80000000 };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        for (size_t k = 0; k < sizeof flags / sizeof *flags; k++) {
            begin_case("made");
            int fd = (int)SHOW(syscall(SYS_timerfd_create, clocks[i], flags[k]));
            show_kind(fd);
            show_name(fd);
            show_poll("new", fd);
            show_left(fd, 0);
            close(fd);
        }
    for (size_t i = 0; i < sizeof odd_clocks / sizeof *odd_clocks; i++) {
        begin_case("no clock for a timer");
        SHOW(syscall(SYS_timerfd_create, odd_clocks[i], 0));
    }
    for (size_t i = 0; i < sizeof odd_flags / sizeof *odd_flags; i++) {
        begin_case("no such flag");
        SHOW(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, odd_flags[i]));
        SHOW(syscall(SYS_timerfd_create, 77, odd_flags[i]));
    }
}

static void refusals(void)
{
    int fd = make(CLOCK_MONOTONIC);
    struct itimerspec good = { { 0, 0 }, { 1000, 0 } }, was;
    static const struct itimerspec wrong[] = {
        { { 0, 0 }, { 0, 1000000000 } }, { { 0, 0 }, { 0, -1 } }, { { 0, 0 }, { -1, 0 } },
        { { 0, 1000000000 }, { 1, 0 } }, { { 0, -1 }, { 1, 0 } }, { { -1, 0 }, { 0, 0 } },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin_case("a time that is none");
        SHOW(set_raw(fd, 0, &wrong[i], NULL));
        SHOW(set_raw(fd, 1, &wrong[i], NULL));
        SHOW(set_raw(99, 0, &wrong[i], NULL));
    }
    for (unsigned flags = 1; flags < 17; flags *= 2) {
        begin_case("flags");
        SHOW(set_raw(fd, (int)flags, &good, NULL));
        SHOW(set_raw(99, (int)flags, &good, NULL));
        SHOW(set_raw(0, (int)flags, &good, NULL));
    }
    begin_case("memory that is not there");
    SHOW(set_raw(fd, 0, bad, NULL));
    SHOW(set_raw(fd, 64, bad, NULL));
    SHOW(set_raw(99, 0, bad, NULL));
    SHOW(set(fd, 0, 0, 0));
    SHOW(set_raw(fd, 0, &good, bad));
    show_left(fd, 1000ll * 1000 * MS);
    SHOW(get_raw(fd, bad));
    SHOW(get_raw(99, bad));
    SHOW(get_raw(0, bad));
    SHOW(get_raw(0, &was));
    SHOW(set_raw(fd, 0, NULL, NULL));
    begin_case("what else a file does");
    uint64_t count = 0;
    SHOW(write(fd, &count, 8));
    SHOW(pread(fd, &count, 8, 0));
    SHOW(lseek(fd, 5, SEEK_SET));
    SHOW(ftruncate(fd, 0));
    SHOW(ioctl(fd, FIONREAD, &count));
    reopen(fd, O_RDONLY);
    for (size_t bytes = 0; bytes < 8; bytes++) SHOW(read(fd, &count, bytes));
    close(fd);
    SHOW(get_raw(fd, &was));
}

static void expiring(int clock)
{
    int fd = make(clock);
    begin_case("not set");
    take(fd);
    show_left(fd, 0);
    begin_case("far away");
    SHOW(set(fd, 0, 1000ll * 1000 * MS, 0));
    show_poll("far", fd);
    take(fd);
    show_left(fd, 1000ll * 1000 * MS);
    begin_case("set to another time, which tells what was left");
    struct itimerspec next = { { 7, 5 }, { 500, 0 } }, was;
    SHOW(set_raw(fd, 0, &next, &was));
    CHECK(length(was.it_value) > 900ll * 1000 * MS && length(was.it_value) <= 1000ll * 1000 * MS);
    CHECK(length(was.it_interval) == 0);
    SHOW(set_raw(fd, 0, &(struct itimerspec){ 0 }, &was));
    CHECK(length(was.it_interval) == 7 * 1000ll * MS + 5);
    show_left(fd, 0);
    begin_case("an interval without a first time is kept, and nothing happens");
    SHOW(set(fd, 0, 0, 5 * MS));
    pause_ns(8 * MS);
    take(fd);
    show_left(fd, 0);
    begin_case("once, soon");
    SHOW(set(fd, 0, 1, 0));
    struct pollfd list = { fd, POLLIN, 0 };
    SHOW(poll(&list, 1, 2000));
    show_poll("expired", fd);
    show_select(fd);
    show_left(fd, 0);
    take(fd);
    take(fd);
    show_poll("taken", fd);
    begin_case("once, and poll waits for it");
    int64_t before = now_ns(CLOCK_MONOTONIC);
    SHOW(set(fd, 0, 20 * MS, 0));
    SHOW(poll(&list, 1, 5000));
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    take(fd);
    begin_case("and a read that waits");
    SHOW(fcntl(fd, F_SETFL, 0));
    before = now_ns(CLOCK_MONOTONIC);
    SHOW(set(fd, 0, 20 * MS, 0));
    take(fd);
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
    close(fd);
}

static void repeating(int clock)
{
    int fd = make(clock);
    struct pollfd list = { fd, POLLIN, 0 };
    begin_case("again and again");
    int64_t before = now_ns(CLOCK_MONOTONIC);
    SHOW(set(fd, 0, 2 * MS, 2 * MS));
    pause_ns(21 * MS);
    uint64_t count = count_of(fd);
    CHECK(count >= 10 && (int64_t)count <= (now_ns(CLOCK_MONOTONIC) - before) / (2 * MS));
    show_left(fd, 2 * MS);
    begin_case("poll after a read waits for the next");
    SHOW(poll(&list, 1, 5000));
    CHECK(count_of(fd) >= 1);
    begin_case("asking what is left takes nothing");
    SHOW(poll(&list, 1, 5000));
    show_left(fd, 2 * MS);
    show_left(fd, 2 * MS);
    CHECK(count_of(fd) >= 1);
    begin_case("setting it forgets what has expired");
    SHOW(poll(&list, 1, 5000));
    SHOW(set(fd, 0, 1000ll * 1000 * MS, 0));
    take(fd);
    show_poll("forgotten", fd);
    begin_case("stopping it too");
    SHOW(set(fd, 0, 1, 0));
    SHOW(poll(&list, 1, 2000));
    SHOW(set(fd, 0, 0, 0));
    take(fd);
    begin_case("what cannot be told is lost");
    SHOW(set(fd, 0, 1, 0));
    SHOW(poll(&list, 1, 2000));
    SHOW(read(fd, bad, 8));
    take(fd);
    close(fd);
}

static void absolute(int clock)
{
    int fd = make(clock);
    struct pollfd list = { fd, POLLIN, 0 };
    begin_case("a time that is past");
    SHOW(set(fd, TFD_TIMER_ABSTIME, 1, 0));
    SHOW(poll(&list, 1, 2000));
    take(fd);
    show_left(fd, 0);
    begin_case("no time");
    SHOW(set(fd, TFD_TIMER_ABSTIME, 0, 0));
    SHOW(poll(&list, 1, 5));
    take(fd);
    begin_case("a time to come");
    int64_t at = now_ns(clock) + 20 * MS;
    SHOW(set(fd, TFD_TIMER_ABSTIME, at, 0));
    SHOW(poll(&list, 1, 5000));
    CHECK(now_ns(clock) >= at);
    take(fd);
    begin_case("a past time and an interval count from there");
    int64_t interval = 3600ll * 1000 * MS, now = now_ns(clock);
    SHOW(set(fd, TFD_TIMER_ABSTIME,
             now - 5 * 1000 * (int64_t)MS - 2 * interval > 0 ? now - 5 * 1000ll * MS - 2 * interval : 1,
             interval));
    SHOW(poll(&list, 1, 2000));
    CHECK(count_of(fd) == (now - 5 * 1000ll * MS - 2 * interval > 0 ? 3 : 1 + (uint64_t)(now / interval)));
    show_left(fd, interval);
    begin_case("a second count after it is none");
    take(fd);
    begin_case("the flag about setting the clock");
    SHOW(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now_ns(clock) + 10 * MS, 0));
    SHOW(poll(&list, 1, 5000));
    take(fd);
    SHOW(set(fd, TFD_TIMER_CANCEL_ON_SET, 10 * MS, 0));
    SHOW(poll(&list, 1, 5000));
    take(fd);
    begin_case("a copy is the same timer");
    int copy = dup(fd);
    SHOW(set(copy, 0, 1, 0));
    SHOW(poll(&list, 1, 2000));
    take(copy);
    take(fd);
    close(copy);
    begin_case("closed while it runs");
    SHOW(set(fd, 0, 1 * MS, 1 * MS));
    close(fd);
    pause_ns(5 * MS);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    bad = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;
    mprotect(bad, 4096, PROT_NONE);
    creation();
    refusals();
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        printf("== %s\n", clock_names[i]);
        expiring(clocks[i]);
        repeating(clocks[i]);
        absolute(clocks[i]);
    }
    printf("# %d cases\n", case_count);
    return 0;
}
