/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that are set, read and deleted by several threads while they expire, and processes that end with theirs armed:
 * nothing is lost, and all of it ends. */
#include "tests/conformance/tasks.h"

#include <sys/time.h>

enum { THREADS = 4, ROUNDS = 200, TIMERS = 8, RT = 40 };

static _Atomic int signals, bad_values, failures;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    if (info->si_code != SI_TIMER || info->si_value.sival_int != 55 || info->si_overrun < 0) bad_values++;
    signals++;
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 20;
}

static int create(int clock, bool is_for_thread)
{
    struct {
        union sigval value;
        int signal, notify, thread, rest[11];
    } event = { .value.sival_int = 55,
                .signal = RT,
                .notify = is_for_thread ? SIGEV_SIGNAL | SIGEV_THREAD_ID : SIGEV_SIGNAL,
                .thread = thread_id() };
    int id = -1;
    if (syscall(SYS_timer_create, clock, &event, &id) != 0) failures++;
    return id;
}

static void set(int id, uint64_t first_ns, uint64_t interval_ns)
{
    struct itimerspec t = { span((int64_t)interval_ns), span((int64_t)first_ns) }, was;
    if (syscall(SYS_timer_settime, id, 0, &t, &was) != 0) failures++;
}

static long storm(void *argument)
{
    static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID,
                                  CLOCK_THREAD_CPUTIME_ID };
    uint64_t state = 88172645463325252ull + (uint64_t)(long)argument;
    int ids[TIMERS];
    for (int i = 0; i < TIMERS; i++) ids[i] = create(clocks[i % 5], i % 2);
    for (int round = 0; round < ROUNDS; round++) {
        struct itimerspec now;
        int i = (int)(next(&state) % TIMERS);
        set(ids[i], 1 + next(&state) % 200000, round % 3 ? 2000000 + next(&state) % 1000000 : 0);
        if (round % 4 == 0) sched_yield();
        if (round % 16 == 0) pause_ms(1);
        if (syscall(SYS_timer_gettime, ids[i], &now) != 0) failures++;
        if (round % 5 == 0) {
            if (syscall(SYS_timer_delete, ids[i]) != 0) failures++;
            ids[i] = create(clocks[next(&state) % 5], round % 2);
        }
    }
    for (int i = 0; i < TIMERS; i++)
        if (syscall(SYS_timer_delete, ids[i]) != 0) failures++;
    return 0;
}

static int end_in_a_storm(void *argument)
{
    static struct worker worker;
    long which = (long)argument;
    block(RT); /* or there would be time for nothing else */
    for (int i = 0; i < TIMERS; i++)
        set(create(CLOCK_MONOTONIC, i % 2), 1 + (uint64_t)(which * 37000 + i * 5000), 2000000);
    struct itimerval t = { { 0, 1000 }, { 0, 100 } };
    signal(SIGPROF, SIG_IGN);
    setitimer(ITIMER_PROF, &t, NULL);
    if (which % 2) start_worker(&worker, storm, argument);
    for (volatile long n = 0; n < which * 10000; n++) {}
    return 9;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    begin_cases(argc, argv);
    catch_info(RT, note, SA_RESTART);
    for (long i = 0; i < THREADS; i++) start_worker(&workers[i], storm, (void *)i);
    for (int i = 0; i < THREADS; i++) join_worker(&workers[i]);
    tell("calls that failed", "%d", failures);
    tell("signals that told something else", "%d", bad_values);
    HOLDS("signals came", signals > 20);
    int seen = signals;
    pause_ms(5);
    HOLDS("none after the last timer", signals == seen);
    int ended = 0;
    for (long i = 0; i < 16; i++) {
        int status = run_child(end_in_a_storm, (void *)i);
        ended += WIFEXITED(status) && WEXITSTATUS(status) == 9;
    }
    tell("processes end with theirs", "%d", ended);
    return end_cases();
}
