/* SPDX-License-Identifier: Apache-2.0 */
/* nanosleep and clock_nanosleep with signals: what is told of the rest. Times are relations only. */
#include "tests/conformance/tasks.h"

#include <sys/select.h>
#include <sys/time.h>

static _Atomic int handled, is_over;
static pid_t main_thread;
static char *bad;

static void note(int signal)
{
    (void)signal;
    handled++;
}
static long send_again(void *argument)
{
    (void)argument;
    for (int i = 0; i < LONG_MS && !is_over; i++) {
        pause_ms(3);
        if (!is_over) syscall(SYS_tgkill, getpid(), main_thread, SIGUSR1);
    }
    return 0;
}
/* A sleep of ten seconds that a signal cuts short. */
static void cut(const char *what, int clock, int flags, bool is_old)
{
    static struct worker worker;
    struct timespec t = flags ? after_ms(clock, 10000) : (struct timespec){ 10, 0 }, left = { 77, 77 };
    int64_t before = now_ns(CLOCK_MONOTONIC);
    is_over = 0;
    start_worker(&worker, send_again, NULL);
    long result =
        is_old ? syscall(SYS_nanosleep, &t, &left) : syscall(SYS_clock_nanosleep, clock, flags, &t, &left);
    int error = errno;
    is_over = 1;
    join_worker(&worker);
    int64_t slept = now_ns(CLOCK_MONOTONIC) - before, rest = left.tv_sec * 1000000000ll + left.tv_nsec;
    tell(what, "%s, the rest is %s", result < 0 ? error_name(error) : "done",
         left.tv_sec == 77                                                ? "not told"
         : rest > 0 && rest < 10000ll * MS && rest + slept >= 9990ll * MS ? "told"
                                                                          : "WRONG");
}

static void cutting(void)
{
    catch_with(SIGUSR1, note, SA_RESTART);
    cut("nanosleep", 0, 0, true);
    cut("monotonic", CLOCK_MONOTONIC, 0, false);
    cut("realtime", CLOCK_REALTIME, 0, false);
    cut("boottime", CLOCK_BOOTTIME, 0, false);
    cut("monotonic, until", CLOCK_MONOTONIC, TIMER_ABSTIME, false);
    cut("realtime, until", CLOCK_REALTIME, TIMER_ABSTIME, false);
    /* sleep() tells whole seconds. */
    static struct worker worker;
    is_over = 0;
    start_worker(&worker, send_again, NULL);
    unsigned left = sleep(10);
    is_over = 1;
    join_worker(&worker);
    HOLDS("sleep tells seconds", left >= 9 && left <= 10);
    /* Sleeping on for the rest sleeps long enough in all. */
    int64_t before = now_ns(CLOCK_MONOTONIC);
    struct timespec rest = { 0, 50 * MS };
    is_over = handled = 0;
    start_worker(&worker, send_again, NULL);
    while (nanosleep(&rest, &rest) != 0) {}
    is_over = 1;
    join_worker(&worker);
    HOLDS("the rest of the rest", now_ns(CLOCK_MONOTONIC) - before >= 50 * MS && handled >= 1);
}

static void refused(void)
{
    struct timespec good = { 0, 1000 }, left = { 77, 77 };
    CASE("no time", syscall(SYS_nanosleep, NULL, NULL));
    CASE("a time that cannot be read", syscall(SYS_nanosleep, bad, NULL));
    CASE("a rest that need not be told", syscall(SYS_nanosleep, &good, bad));
    CASE("to its end", syscall(SYS_nanosleep, &good, &left));
    tell("the rest", "%ld", (long)left.tv_sec);
    CASE("negative nanoseconds", syscall(SYS_nanosleep, (&(struct timespec){ 0, -1 }), NULL));
    CASE("no time at all", syscall(SYS_nanosleep, (&(struct timespec){ 0, 0 }), NULL));
    CASE("a clock of this thread", syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &good, NULL));
    CASE("the raw clock", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &good, NULL));
    CASE("a coarse clock", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &good, NULL));
    CASE("an unknown flag", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 2, &good, NULL));
    CASE("boottime", syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &good, NULL));
    CASE("the first moment",
         syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, (&(struct timespec){ 0, 0 }), NULL));
    CASE("a moment before it",
         syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, (&(struct timespec){ -1, 0 }), NULL));
}

static long sleep_for(void *argument)
{
    int64_t wanted = (long)argument * MS, before = now_ns(CLOCK_MONOTONIC);
    struct timespec t = span(wanted);
    while (nanosleep(&t, &t) != 0) {}
    return now_ns(CLOCK_MONOTONIC) - before >= wanted;
}
static void together(void)
{
    static struct worker workers[8];
    int enough = 0;
    for (long i = 0; i < 8; i++) start_worker(&workers[i], sleep_for, (void *)(1 + (i * 5) % 8));
    for (int i = 0; i < 8; i++) enough += (int)join_worker(&workers[i]);
    tell("eight threads sleep long enough", "%d", enough);
}

/* select tells the rest on Linux, pselect does not. */
static void rests(void)
{
    struct timeval t = { 0, 2000 };
    struct timespec s = { 0, 2 * MS };
    CASE("select", syscall(SYS_select, 0, NULL, NULL, NULL, &t));
    tell("nothing is left", "%ld %ld", (long)t.tv_sec, (long)t.tv_usec);
    CASE("pselect", pselect(0, NULL, NULL, NULL, &s, NULL));
    tell("its time stays", "%ld %ld", (long)s.tv_sec, s.tv_nsec);
    s = (struct timespec){ 0, 2 * MS };
    CASE("ppoll", syscall(SYS_ppoll, NULL, 0, &s, NULL, 8));
    tell("nothing is left", "%ld %ld", (long)s.tv_sec, s.tv_nsec);
    CASE("select, a negative time", syscall(SYS_select, 0, NULL, NULL, NULL, (&(struct timeval){ -1, 0 })));
    CASE("ppoll, a negative time", syscall(SYS_ppoll, NULL, 0, (&(struct timespec){ -1, 0 }), NULL, 8));
    CASE("poll of nothing", poll(NULL, 0, 1));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    main_thread = thread_id();
    bad = map_bad();
    cutting();
    refused();
    together();
    rests();
    return end_cases();
}
