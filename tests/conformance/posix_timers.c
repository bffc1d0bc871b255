/* SPDX-License-Identifier: Apache-2.0 */
/* timer_create and its kin, by the system calls: the C libraries make threads of their own for some of it. */
#include "tests/conformance/tasks.h"

#include <sys/time.h>

enum { RT = 40 };

static char *bad;
static siginfo_t told;
static _Atomic int runs, taken_by, overruns_most;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    told = *info;
    taken_by = thread_id();
    if (info->si_code == SI_TIMER && info->si_overrun > overruns_most) overruns_most = info->si_overrun;
    runs++;
}
/* As the kernel has it: the thread's number follows the three words. */
struct event {
    union sigval value;
    int signal, notify, thread, rest[11];
};
static long create(int clock, int notify, int signal, int thread, int *id)
{
    struct event event = { .value.sival_int = 55, .signal = signal, .notify = notify, .thread = thread };
    *id = -1;
    return syscall(SYS_timer_create, clock, &event, id);
}
static long set(int id, int flags, int64_t first_ns, int64_t interval_ns)
{
    struct itimerspec t = { span(interval_ns), span(first_ns) };
    return syscall(SYS_timer_settime, id, flags, &t, NULL);
}
static long drop(int id) { return syscall(SYS_timer_delete, id); }
static const char *left_text(int id)
{
    static char text[60];
    struct itimerspec t;
    if (syscall(SYS_timer_gettime, id, &t) != 0) return error_name(errno);
    snprintf(text, sizeof text, "%s, interval %ld.%09ld",
             t.it_value.tv_sec || t.it_value.tv_nsec ? "some" : "none", (long)t.it_interval.tv_sec,
             t.it_interval.tv_nsec);
    return text;
}

static void creation(void)
{
    static const struct {
        int clock;
        const char *name;
    } clocks[] = {
        { CLOCK_REALTIME, "realtime" }, { CLOCK_MONOTONIC, "monotonic" },    { CLOCK_BOOTTIME, "boottime" },
        { CLOCK_MONOTONIC_RAW, "raw" }, { CLOCK_REALTIME_COARSE, "coarse" }, { 77, "no clock" },
        { -1, "a negative one" }
    };
    int id;
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        long result = create(clocks[i].clock, SIGEV_SIGNAL, RT, 0, &id);
        tell(clocks[i].name, "%s", result < 0 ? error_name(errno) : left_text(id));
        if (result == 0) drop(id);
    }
    CASE("no such notification", create(CLOCK_MONOTONIC, 9, RT, 0, &id));
    CASE("no such signal", create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0, &id));
    CASE("signal 0", create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, 0, &id));
    CASE("no such thread", create(CLOCK_MONOTONIC, SIGEV_SIGNAL | SIGEV_THREAD_ID, RT, 0x3fffffff, &id));
    CASE("another's thread",
         create(CLOCK_MONOTONIC, SIGEV_SIGNAL | SIGEV_THREAD_ID, RT, 1 + (getpid() == 1), &id));
    CASE("an event that cannot be read", syscall(SYS_timer_create, CLOCK_MONOTONIC, bad, &id));
    CASE("a number that cannot be told", syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, bad));
    CASE("no event", syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
    CASE("delete", drop(id));
    CASE("delete again", drop(id));
    CASE("set what is not there", set(id, 0, MS, 0));
    CASE("get what is not there", syscall(SYS_timer_gettime, id, bad));
    CASE("count what is not there", syscall(SYS_timer_getoverrun, id));
    CASE("no number", drop(-1));
    create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id);
    CASE("too many nanoseconds",
         set(id, 0, 0, 0) +
             syscall(SYS_timer_settime, id, 0, (&(struct itimerspec){ { 0, 0 }, { 0, 1000000000 } }), NULL));
    CASE("a negative time",
         syscall(SYS_timer_settime, id, 0, (&(struct itimerspec){ { 0, 0 }, { -1, 0 } }), NULL));
    CASE("a bad interval",
         syscall(SYS_timer_settime, id, 0, (&(struct itimerspec){ { 0, -1 }, { 1, 0 } }), NULL));
    CASE("no time", syscall(SYS_timer_settime, id, 0, NULL, NULL));
    CASE("a time that cannot be read", syscall(SYS_timer_settime, id, 0, bad, NULL));
    CASE("told to nowhere", syscall(SYS_timer_gettime, id, bad));
    drop(id);
}

static void expiring(int clock, const char *name)
{
    int id;
    struct itimerspec was;
    printf("-- %s\n", name);
    create(clock, SIGEV_SIGNAL, RT, 0, &id);
    runs = 0;
    CASE("soon", set(id, 0, 2 * MS, 0));
    HOLDS("it comes", becomes(&runs, 1));
    tell("told", "signal %d, code %d, value %d, overrun %d, the timer %d", told.si_signo, told.si_code,
         told.si_value.sival_int, told.si_overrun, told.si_timerid == id);
    tell("then", "%s", left_text(id));
    pause_ms(5);
    tell("once", "%d", runs);
    CASE("far away", set(id, 0, 1000ll * 1000 * MS, 0));
    tell("now", "%s", left_text(id));
    struct itimerspec next = { { 3, 4 }, { 500, 0 } };
    CASE("again", syscall(SYS_timer_settime, id, 0, &next, &was));
    HOLDS("what was left is told", was.it_value.tv_sec >= 900 && was.it_value.tv_sec <= 1000);
    tell("now", "%s", left_text(id));
    CASE("stopped", set(id, 0, 0, 5 * MS));
    tell("now", "%s", left_text(id));
    runs = 0;
    CASE("a moment long past", set(id, TIMER_ABSTIME, 1, 0));
    HOLDS("it comes", becomes(&runs, 1));
    int64_t at = now_ns(clock) + 10 * MS;
    runs = 0;
    CASE("a moment to come", set(id, TIMER_ABSTIME, at, 0));
    HOLDS("it comes", becomes(&runs, 1));
    HOLDS("not before", now_ns(clock) >= at);
    runs = 0;
    CASE("again and again", set(id, 0, 2 * MS, 2 * MS));
    for (int i = 0; i < LONG_MS && runs < 3; i++) pause_ms(1);
    HOLDS("it comes three times", runs >= 3);
    CASE("delete", drop(id));
    int count = runs;
    pause_ms(6);
    HOLDS("no more after that", runs == count);
}

static void overruns(void)
{
    int id;
    create(CLOCK_MONOTONIC, SIGEV_SIGNAL, RT, 0, &id);
    block(RT);
    runs = overruns_most = 0;
    set(id, 0, 2 * MS, 2 * MS);
    pause_ms(21);
    HOLDS("one signal is pending", raw_pending() == bit_of(RT));
    unblock(RT);
    HOLDS("it is delivered", runs >= 1);
    HOLDS("with the count of those that could not be", overruns_most >= 5);
    HOLDS("or the next has none", syscall(SYS_timer_getoverrun, id) >= 0);
    drop(id);
    create(CLOCK_MONOTONIC, SIGEV_SIGNAL, RT, 0, &id);
    block(RT);
    set(id, 0, MS, 0);
    pause_ms(5);
    sigset_t wanted = set_of(RT);
    siginfo_t info;
    struct timespec second = { 1, 0 };
    CASE("a timer that is waited for", sigtimedwait(&wanted, &info, &second));
    tell("told", "code %d, value %d, overrun %d", info.si_code, info.si_value.sival_int, info.si_overrun);
    CASE("overruns of a single one", syscall(SYS_timer_getoverrun, id));
    set(id, 0, MS, 0);
    pause_ms(5);
    CASE("deleted before it is delivered", drop(id));
    uint64_t pending = raw_pending();
    tell("what is pending", "%s", pending == 0 || pending == bit_of(RT) ? "as it may be" : "something else");
    sigtimedwait(&wanted, &info, &(struct timespec){ 0, 0 });
    unblock(RT);
}

static long wait_in_thread(void *argument) { return becomes(argument, 1); }
static void notifications(void)
{
    static struct worker worker;
    static _Atomic int may_go;
    int id;
    create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id);
    runs = 0;
    CASE("SIGEV_NONE", set(id, 0, MS, 0));
    pause_ms(5);
    tell("nothing comes", "%d, %s", runs, left_text(id));
    set(id, 0, MS, 1000ll * 1000 * MS);
    pause_ms(5);
    tell("an interval goes on", "%d, %s", runs, left_text(id));
    drop(id);
    start_worker(&worker, wait_in_thread, &may_go);
    CASE("SIGEV_THREAD_ID", create(CLOCK_MONOTONIC, SIGEV_SIGNAL | SIGEV_THREAD_ID, RT, worker.tid, &id));
    for (int i = 0; i < 3; i++) {
        runs = taken_by = 0;
        set(id, 0, MS, 0);
        becomes(&runs, 1);
        HOLDS("that thread gets it", taken_by == worker.tid);
    }
    may_go = 1;
    join_worker(&worker);
    CASE("when it is gone", set(id, 0, MS, 0));
    drop(id);
    CASE("ourselves", create(CLOCK_MONOTONIC, SIGEV_SIGNAL | SIGEV_THREAD_ID, RT, thread_id(), &id));
    runs = taken_by = 0;
    set(id, 0, MS, 0);
    becomes(&runs, 1);
    HOLDS("we get it", taken_by == thread_id());
    drop(id);
    CASE("no event is SIGALRM", syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
    catch_info(SIGALRM, note, 0);
    runs = 0;
    set(id, 0, MS, 0);
    becomes(&runs, 1);
    tell("told", "signal %d, code %d, the timer's number as the value %d", told.si_signo, told.si_code,
         told.si_value.sival_int == id);
    drop(id);
    int ids[20];
    runs = 0;
    for (int i = 0; i < 20; i++) create(CLOCK_MONOTONIC, SIGEV_SIGNAL, RT, 0, &ids[i]);
    for (int i = 0; i < 20; i++) set(ids[i], 0, (20 - i) * 100000ll, 0);
    HOLDS("twenty at a time", becomes(&runs, 20));
    for (int i = 0; i < 20; i++) drop(ids[i]);
}

/* ---- setitimer and alarm ---- */

static void alarms(void)
{
    struct itimerval t = { { 0, 0 }, { 1000, 0 } }, was;
    catch_info(SIGALRM, note, 0);
    CASE("no alarm", alarm(0));
    CASE("an alarm", alarm(100));
    HOLDS("what was left", alarm(0) == 100);
    CASE("none again", alarm(0));
    CASE("set", setitimer(ITIMER_REAL, &t, NULL));
    CASE("get", getitimer(ITIMER_REAL, &was));
    HOLDS("most of it is left",
          was.it_value.tv_sec >= 900 && was.it_value.tv_sec <= 1000 && was.it_interval.tv_sec == 0);
    HOLDS("alarm knows", alarm(50) >= 900);
    t = (struct itimerval){ { 0, 0 }, { 0, 2000 } };
    runs = 0;
    CASE("soon", setitimer(ITIMER_REAL, &t, &was));
    HOLDS("an alarm was set", was.it_value.tv_sec >= 40 && was.it_value.tv_sec <= 50);
    HOLDS("it comes", becomes(&runs, 1));
    tell("told", "signal %d, code %d, from %d", told.si_signo, told.si_code, told.si_pid);
    t = (struct itimerval){ { 0, 2000 }, { 0, 2000 } };
    runs = 0;
    setitimer(ITIMER_REAL, &t, NULL);
    for (int i = 0; i < LONG_MS && runs < 3; i++) pause_ms(1);
    HOLDS("again and again", runs >= 3);
    getitimer(ITIMER_REAL, &was);
    tell("its interval", "%ld us", (long)was.it_interval.tv_usec);
    CASE("stopped", setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, &was));
    getitimer(ITIMER_REAL, &was);
    tell("nothing is left", "%ld %ld", (long)was.it_value.tv_sec, (long)was.it_value.tv_usec);
    CASE("no such timer", setitimer((__typeof__(ITIMER_REAL))3, &t, NULL));
    CASE("no such timer to get", getitimer((__typeof__(ITIMER_REAL))-1, &was));
    CASE("too many microseconds",
         syscall(SYS_setitimer, ITIMER_REAL, (&(struct itimerval){ { 0, 0 }, { 0, 1000000 } }), NULL));
    CASE("a negative time",
         syscall(SYS_setitimer, ITIMER_REAL, (&(struct itimerval){ { 0, 0 }, { -1, 0 } }), NULL));
    CASE("a time that cannot be read", syscall(SYS_setitimer, ITIMER_REAL, bad, NULL));
    CASE("told to nowhere", syscall(SYS_getitimer, ITIMER_REAL, bad));
    CASE("no time stops it", syscall(SYS_setitimer, ITIMER_REAL, NULL, &was));
}

/* Those that count what the process uses. */
static void processor_timers(void)
{
    static const struct {
        int which, signal;
        const char *name;
    } kinds[] = { { ITIMER_VIRTUAL, SIGVTALRM, "of the program" },
                  { ITIMER_PROF, SIGPROF, "of program and kernel" } };
    for (size_t i = 0; i < 2; i++) {
        struct itimerval t = { { 0, 0 }, { 0, 10000 } };
        catch_info(kinds[i].signal, note, 0);
        runs = 0;
        long result = syscall(SYS_setitimer, kinds[i].which, &t, NULL);
        int64_t until = now_ns(CLOCK_MONOTONIC) + 5000ll * MS;
        while (result == 0 && !runs && now_ns(CLOCK_MONOTONIC) < until)
            for (volatile int n = 0; n < 10000; n++) {}
        tell(kinds[i].name, "%s, signal %d, %d", result ? error_name(errno) : "set", told.si_signo, runs);
    }
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    bad = map_bad();
    catch_info(RT, note, SA_RESTART);
    creation();
    expiring(CLOCK_MONOTONIC, "monotonic");
    expiring(CLOCK_REALTIME, "realtime");
    overruns();
    notifications();
    alarms();
    processor_timers();
    return end_cases();
}
