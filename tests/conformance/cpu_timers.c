/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time: its clocks, sleeping by them, timers that count it; and what becomes of timers whose signal nobody wants,
 * whose process forks or runs another program. Times are relations only, and wide ones. */
#include "tests/conformance/tasks.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

enum { RT = 40, OTHER_PROCESS = 0x3ffffff };

static char *bad;
static siginfo_t told;
static _Atomic int runs;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    told = *info;
    runs++;
}

/* As the C libraries make them. */
static clockid_t clock_of(pid_t pid) { return (clockid_t)(~(unsigned)pid << 3 | 2); }
static clockid_t clock_of_thread(pid_t tid) { return (clockid_t)(~(unsigned)tid << 3 | 6); }
static long get_clock(clockid_t clock)
{
    struct timespec t;
    return syscall(SYS_clock_gettime, clock, &t);
}
static long sleep_by(clockid_t clock, int flags, int64_t ns)
{
    struct timespec t = span(ns);
    return syscall(SYS_clock_nanosleep, clock, flags, &t, NULL);
}
static long create(clockid_t clock, int signal, int *id)
{
    struct {
        union sigval value;
        int signal, notify, rest[12];
    } event = { .value.sival_int = 55, .signal = signal };
    *id = -1;
    return syscall(SYS_timer_create, clock, &event, id);
}
static long set(int id, int flags, int64_t first_ns, int64_t interval_ns)
{
    struct itimerspec t = { span(interval_ns), span(first_ns) };
    return syscall(SYS_timer_settime, id, flags, &t, NULL);
}
static long drop(int id) { return syscall(SYS_timer_delete, id); }

/* Until the clock of this process's CPU time has come so far. */
static void work_ms(int64_t ms)
{
    int64_t until = now_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * MS;
    while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < until)
        for (volatile int n = 0; n < 1000; n++) {}
}
static bool works_until(int count)
{
    int64_t until = now_ns(CLOCK_MONOTONIC) + (int64_t)LONG_MS * MS;
    while (runs < count && now_ns(CLOCK_MONOTONIC) < until)
        for (volatile int n = 0; n < 1000; n++) {}
    return runs >= count;
}

/* ---- clocks ---- */

static int work_for_parent(void *argument)
{
    (void)argument;
    shared->words[0] = 1;
    for (int i = 0; i < LONG_MS && !shared->words[1]; i++) work_ms(1);
    return 7;
}

static void clocks(void)
{
    int64_t process = now_ns(CLOCK_PROCESS_CPUTIME_ID), thread = now_ns(CLOCK_THREAD_CPUTIME_ID);
    work_ms(20);
    HOLDS("work counts", now_ns(CLOCK_PROCESS_CPUTIME_ID) - process >= 20 * MS);
    HOLDS("for the thread, too", now_ns(CLOCK_THREAD_CPUTIME_ID) - thread >= 19 * MS);
    process = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    pause_ms(100);
    HOLDS("sleep does not", now_ns(CLOCK_PROCESS_CPUTIME_ID) - process < 60 * MS);
    CASE("our own by number", get_clock(clock_of(getpid())));
    CASE("our thread's by number", get_clock(clock_of_thread(thread_id())));
    CASE("our own by 0", get_clock(clock_of(0)));
    CASE("our thread's by 0", get_clock(clock_of_thread(0)));
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID), number = now_ns(clock_of(getpid())),
            after = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    HOLDS("they are the same clock", before <= number && number <= after);
    CASE("nobody's", get_clock(clock_of(OTHER_PROCESS)));
    CASE("no thread's", get_clock(clock_of_thread(OTHER_PROCESS)));
    CASE("no kind", get_clock((clockid_t)(~1u << 3 | 7)));
    struct timespec exact;
    CASE("how exact", syscall(SYS_clock_getres, clock_of(getpid()), &exact));
    tell("as exact as", "%ld %ld", (long)exact.tv_sec, exact.tv_nsec);
    CASE("how exact nobody's is", syscall(SYS_clock_getres, clock_of(OTHER_PROCESS), &exact));
    shared->words[0] = shared->words[1] = 0;
    pid_t child = start_child(work_for_parent, NULL);
    becomes(&shared->words[0], 1);
    CASE("a child's", get_clock(clock_of(child)));
    CASE("its thread is not ours", get_clock(clock_of_thread(child)));
    int64_t its = now_ns(clock_of(child));
    CASE("sleeping by it", sleep_by(clock_of(child), 0, 20 * MS));
    HOLDS("it has worked", now_ns(clock_of(child)) - its >= 20 * MS);
    shared->words[1] = 1;
    tell("it ends", "%s", status_text(wait_soon(child, 0)));
    CASE("when it is gone", get_clock(clock_of(child)));
}

static void sleeping(void)
{
    CASE("by our own, a moment past", sleep_by(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, 1));
    CASE("by our thread's", sleep_by(CLOCK_THREAD_CPUTIME_ID, 0, 1));
    CASE("by our thread's number", sleep_by(clock_of_thread(thread_id()), 0, 1));
    CASE("by our thread's 0", sleep_by(clock_of_thread(0), 0, 1));
    CASE("by nobody's", sleep_by(clock_of(OTHER_PROCESS), 0, 1));
    CASE("negative", sleep_by(CLOCK_PROCESS_CPUTIME_ID, 0, -1));
    CASE("by atomic time, past", sleep_by(CLOCK_TAI, TIMER_ABSTIME, 1));
    struct itimerval soon = { { 0, 0 }, { 0, 5000 } };
    struct timespec hour = { 3600, 0 }, left = { 77, 0 };
    catch_info(SIGALRM, note, 0);
    setitimer(ITIMER_REAL, &soon, NULL);
    CASE("interrupted", syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &hour, &left));
    HOLDS("what is left", left.tv_sec >= 3590 && left.tv_sec <= 3600);
}

/* ---- timers ---- */

static void counting(clockid_t clock, const char *name)
{
    int id;
    struct itimerspec t;
    printf("-- %s\n", name);
    catch_info(RT, note, SA_RESTART);
    CASE("create", create(clock, RT, &id));
    runs = 0;
    CASE("set", set(id, 0, 20 * MS, 0));
    pause_ms(100);
    tell("while we sleep", "%d", runs);
    CASE("get", syscall(SYS_timer_gettime, id, &t));
    HOLDS("some is left", t.it_value.tv_sec == 0 && t.it_value.tv_nsec > 0 && t.it_value.tv_nsec <= 20 * MS);
    int64_t before = now_ns(clock);
    HOLDS("it comes when we work", works_until(1));
    HOLDS("not long after", now_ns(clock) - before < 1000ll * MS);
    tell("told", "signal %d, code %d, value %d, overrun %d", told.si_signo, told.si_code,
         told.si_value.sival_int, told.si_overrun);
    syscall(SYS_timer_gettime, id, &t);
    tell("then", "%ld %ld", (long)t.it_value.tv_sec, t.it_value.tv_nsec);
    runs = 0;
    CASE("a moment past", set(id, TIMER_ABSTIME, 1, 0));
    HOLDS("it comes", works_until(1));
    runs = 0;
    CASE("again and again", set(id, 0, 10 * MS, 10 * MS));
    HOLDS("it comes three times", works_until(3));
    block(RT);
    work_ms(100);
    runs = 0;
    unblock(RT);
    HOLDS("overruns", runs >= 1 && syscall(SYS_timer_getoverrun, id) >= 0);
    CASE("delete", drop(id));
    runs = 0;
    work_ms(30);
    tell("no more after that", "%d", runs);
}

static long end_at_once(void *argument)
{
    (void)argument;
    return 0;
}
static void refused(void)
{
    static struct worker worker;
    int id;
    CASE("nobody's time", create(clock_of(OTHER_PROCESS), RT, &id));
    CASE("no thread's time", create(clock_of_thread(OTHER_PROCESS), RT, &id));
    start_worker(&worker, end_at_once, NULL);
    join_worker(&worker);
    CASE("a thread that has ended", create(clock_of_thread(worker.tid), RT, &id));
    struct rlimit limit, none = { 0, RLIM_INFINITY };
    getrlimit(RLIMIT_SIGPENDING, &limit);
    none.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_SIGPENDING, &none);
    CASE("no signals may wait", create(CLOCK_MONOTONIC, RT, &id));
    setrlimit(RLIMIT_SIGPENDING, &limit);
    CASE("now they may", create(CLOCK_MONOTONIC, RT, &id));
    CASE("the greatest time", set(id, 0, INT64_MAX, INT64_MAX));
    CASE("the greatest moment", set(id, TIMER_ABSTIME, INT64_MAX, 0));
    drop(id);
}

/* ---- signals that nobody wants ---- */

static void ignored(void)
{
    int id;
    create(CLOCK_MONOTONIC, RT, &id);
    catch_info(RT, note, 0);
    signal(RT, SIG_IGN);
    set(id, 0, MS, MS);
    pause_ms(10);
    runs = 0;
    catch_info(RT, note, 0);
    HOLDS("one that was ignored goes on", becomes(&runs, 1) || runs > 1);
    set(id, 0, 0, 0);
    block(RT);
    set(id, 0, MS, MS);
    pause_ms(5);
    signal(RT, SIG_IGN);
    HOLDS("what waited is thrown away", !(raw_pending() & bit_of(RT)));
    runs = 0;
    unblock(RT);
    catch_info(RT, note, 0);
    HOLDS("and goes on", becomes(&runs, 1) || runs > 1);
    drop(id);
    struct itimerval t = { { 0, 0 }, { 0, 1000 } };
    catch_info(SIGALRM, note, 0);
    block(SIGALRM);
    runs = 0;
    kill(getpid(), SIGALRM);
    setitimer(ITIMER_REAL, &t, NULL);
    pause_ms(5);
    unblock(SIGALRM);
    tell("an alarm joins another", "%d", runs);
    t.it_interval.tv_usec = 1000;
    block(SIGALRM);
    setitimer(ITIMER_REAL, &t, NULL);
    pause_ms(20);
    runs = 0;
    getitimer(ITIMER_REAL, &t);
    tell("while it waits", "%ld, interval %ld", (long)t.it_value.tv_usec, (long)t.it_interval.tv_usec);
    unblock(SIGALRM);
    HOLDS("it goes on", becomes(&runs, 3) || runs > 3);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

/* ---- other processes and programs ---- */

static int inherited(void *argument)
{
    struct itimerspec t;
    struct itimerval v;
    long result = syscall(SYS_timer_gettime, *(int *)argument, &t);
    getitimer(ITIMER_REAL, &v);
    return (result == 0) + 2 * (v.it_value.tv_sec || v.it_value.tv_usec);
}

/* In the new program: its words tell the timer's number. */
static int second_main(char **argv)
{
    struct itimerspec t;
    struct itimerval v;
    long result = syscall(SYS_timer_gettime, atoi(argv[2]), &t);
    getitimer(ITIMER_REAL, &v);
    return (result == 0) + 2 * (v.it_value.tv_sec > 900);
}

static const char *program;
static int run_program(void *argument)
{
    int id;
    char number[20];
    (void)argument;
    create(CLOCK_MONOTONIC, RT, &id);
    set(id, 0, 1000ll * 1000 * MS, 0);
    alarm(1000);
    snprintf(number, sizeof number, "%d", id);
    execl(program, program, "second", number, (char *)NULL);
    return 99;
}
/* One whose process ends. */
static int end_with_timers(void *argument)
{
    int id;
    (void)argument;
    for (int i = 0; i < 10; i++) {
        create(i % 2 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, RT, &id);
        set(id, 0, MS, MS);
    }
    alarm(1000);
    block(RT);
    pause_ms(3);
    return 5;
}
static int be_killed(void *argument)
{
    struct itimerval t = { { 0, 0 }, { 0, 2000 } };
    syscall(SYS_setitimer, *(int *)argument, &t, NULL);
    signal(SIGALRM, SIG_DFL);
    signal(SIGPROF, SIG_DFL);
    work_ms(LONG_MS);
    return 98;
}

static void families(void)
{
    int id;
    create(CLOCK_MONOTONIC, RT, &id);
    set(id, 0, 1000ll * 1000 * MS, 0);
    alarm(1000);
    CHILD("a child has none of them", inherited, &id);
    HOLDS("the parent has", alarm(0) > 900 && drop(id) == 0);
    CHILD("a program keeps the alarm only", run_program, NULL);
    CHILD("one ends with its timers", end_with_timers, NULL);
    static int kinds[] = { ITIMER_REAL, ITIMER_PROF };
    CHILD("an alarm that nobody catches", be_killed, &kinds[0]);
    CHILD("the same of CPU time", be_killed, &kinds[1]);
}

/* ---- accounts ---- */

static int64_t us_of(struct timeval user, struct timeval system)
{
    return (user.tv_sec + system.tv_sec) * 1000000ll + user.tv_usec + system.tv_usec;
}
static int work_30(void *argument)
{
    (void)argument;
    work_ms(30);
    return 0;
}
static void accounts(void)
{
    struct rusage before, after, child;
    struct tms ticks;
    getrusage(RUSAGE_CHILDREN, &before);
    int status;
    pid_t pid = start_child(work_30, NULL);
    CASE("wait4", wait4(pid, &status, 0, &child) == pid);
    HOLDS("the child's work", us_of(child.ru_utime, child.ru_stime) >= 25000);
    getrusage(RUSAGE_CHILDREN, &after);
    HOLDS("is its parent's child's",
          us_of(after.ru_utime, after.ru_stime) - us_of(before.ru_utime, before.ru_stime) >= 25000);
    getrusage(RUSAGE_SELF, &before);
    work_ms(30);
    pause_ms(1);
    getrusage(RUSAGE_SELF, &after);
    HOLDS("our own work",
          us_of(after.ru_utime, after.ru_stime) - us_of(before.ru_utime, before.ru_stime) >= 25000);
    HOLDS("a sleep is a switch", after.ru_nvcsw > before.ru_nvcsw);
    HOLDS("times", times(&ticks) != -1 && ticks.tms_utime + ticks.tms_stime >= 2 &&
                       ticks.tms_cutime + ticks.tms_cstime >= 2);
    CASE("the thread's", getrusage(RUSAGE_THREAD, &after));
    HOLDS("counts, too", us_of(after.ru_utime, after.ru_stime) >= 25000);
    CASE("nobody's", syscall(SYS_getrusage, 5, &after));
    CASE("told to nowhere", syscall(SYS_getrusage, RUSAGE_SELF, bad));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "second")) return second_main(argv);
    char path[PATH_MAX];
    program = realpath(argv[0], path);
    begin_cases(argc, argv);
    bad = map_bad();
    shared = map_shared(sizeof *shared);
    clocks();
    sleeping();
    counting(CLOCK_PROCESS_CPUTIME_ID, "the process's");
    counting(CLOCK_THREAD_CPUTIME_ID, "the thread's");
    refused();
    ignored();
    families();
    accounts();
    return end_cases();
}
