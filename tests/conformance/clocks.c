/* SPDX-License-Identifier: Apache-2.0 */
/* Time, by relations only: clocks go forward, sleeps last long enough, bad arguments are refused. */
#include "tests/conformance/conformance.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return -1;
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void clocks(void)
{
    static const struct {
        clockid_t id;
        const char *name;
    } all[] = {
        { CLOCK_REALTIME, "realtime" },
        { CLOCK_MONOTONIC, "monotonic" },
        { CLOCK_MONOTONIC_RAW, "raw" },
        { CLOCK_BOOTTIME, "boottime" },
        { CLOCK_REALTIME_COARSE, "realtime, coarse" },
        { CLOCK_MONOTONIC_COARSE, "monotonic, coarse" },
        { CLOCK_PROCESS_CPUTIME_ID, "process" },
        { CLOCK_THREAD_CPUTIME_ID, "thread" },
        { CLOCK_TAI, "tai" },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int64_t last = now_ns(all[i].id);
        bool forward = last >= 0;
        for (int turn = 0; turn < 1000; turn++) {
            int64_t now = now_ns(all[i].id);
            forward = forward && now >= last;
            last = now;
        }
        struct timespec step;
        int e = clock_getres(all[i].id, &step);
        printf("%s goes forward: %d, has a resolution: %d\n", all[i].name, forward,
               e == 0 && step.tv_sec == 0 && step.tv_nsec > 0);
    }
    SHOW(clock_gettime(77, &(struct timespec){ 0 }));
    SHOW(clock_getres(77, NULL));
    SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
}

static void agreement(void)
{
    struct timeval tv;
    SHOW(gettimeofday(&tv, NULL));
    int64_t real = now_ns(CLOCK_REALTIME), of_day = tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll;
    CHECK(real >= of_day && real - of_day < 1000000000);
    time_t seconds = (time_t)syscall(SYS_time, NULL), stored = 0;
    CHECK(seconds - tv.tv_sec >= -1 && seconds - tv.tv_sec <= 1);
    seconds = (time_t)syscall(SYS_time, &stored);
    CHECK(seconds == stored);
    CHECK(seconds > 1577836800); /* 2020 */
    int64_t raw = now_ns(CLOCK_MONOTONIC_RAW), boot = now_ns(CLOCK_BOOTTIME);
    CHECK(raw >= 0 && boot >= 0);
    struct tms t;
    clock_t ticks = times(&t);
    CHECK(ticks != (clock_t)-1);
    printf("children: %ld %ld\n", (long)t.tms_cutime, (long)t.tms_cstime);
    SHOW(sysconf(_SC_CLK_TCK));
}

static bool sleeps_at_least(int64_t ns)
{
    int64_t before = now_ns(CLOCK_MONOTONIC);
    struct timespec t = { ns / 1000000000, ns % 1000000000 };
    return nanosleep(&t, NULL) == 0 && now_ns(CLOCK_MONOTONIC) - before >= ns;
}

static void sleeping(void)
{
    CHECK(sleeps_at_least(0));
    CHECK(sleeps_at_least(1));
    CHECK(sleeps_at_least(1000000));
    CHECK(sleeps_at_least(30000000));
    struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 }, past = { 1, 0 };
    SHOW(syscall(SYS_nanosleep, &bad, NULL));
    SHOW(syscall(SYS_nanosleep, &negative, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL));
    SHOW(syscall(SYS_clock_nanosleep, 77, 0, &past, NULL));
    int64_t until = now_ns(CLOCK_MONOTONIC) + 20000000;
    struct timespec t = { until / 1000000000, until % 1000000000 };
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    CHECK(now_ns(CLOCK_MONOTONIC) >= until);
    until = now_ns(CLOCK_REALTIME) + 20000000;
    t = (struct timespec){ until / 1000000000, until % 1000000000 };
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    CHECK(now_ns(CLOCK_REALTIME) >= until);
    SHOW(usleep(1000));
    SHOW(sleep(0));
}

static void used(void)
{
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    volatile uint64_t sum = 0;
    for (int i = 0; i < 3000000; i++) sum += (uint64_t)i;
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) > before);
    struct rusage usage;
    SHOW(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec < 1000000);
    CHECK(usage.ru_maxrss > 0);
    SHOW(getrusage(RUSAGE_CHILDREN, &usage));
    printf("children: %ld s\n", (long)usage.ru_utime.tv_sec);
    SHOW(getrusage(77, &usage));
    CHECK(clock() != (clock_t)-1);
}

/* The calendar is the C library's own; no time zone is set. */
static void calendar(void)
{
    static const time_t moments[] = { 0, 1, 951782400, 1704067199, 4102444800, -1, 253402300799 };
    setenv("TZ", "UTC0", 1);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct tm tm;
        char text[64];
        gmtime_r(&moments[i], &tm);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %a", &tm);
        printf("%jd is %s, and back %jd\n", (intmax_t)moments[i], text, (intmax_t)mktime(&tm));
    }
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    clocks();
    agreement();
    sleeping();
    used();
    calendar();
    return 0;
}
