/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the C library: numbers, names, what they share, how they and their process end. */
#include "tests/conformance/raw_clone.h"

#include <semaphore.h>
#include <sys/prctl.h>

static long say_numbers(void *argument)
{
    long *numbers = argument;
    numbers[0] = thread_id();
    numbers[1] = getpid();
    numbers[2] = getppid();
    numbers[3] = getpgrp();
    numbers[4] = getsid(0);
    return 0;
}
static void numbers(void)
{
    static struct worker workers[3];
    static long seen[3][5];
    for (int i = 0; i < 3; i++) start_worker(&workers[i], say_numbers, seen[i]);
    for (int i = 0; i < 3; i++) join_worker(&workers[i]);
    bool are_different = true, are_ours = true;
    for (int i = 0; i < 3; i++) {
        are_different &= seen[i][0] != seen[(i + 1) % 3][0] && seen[i][0] != getpid();
        are_ours &= seen[i][1] == getpid() && seen[i][2] == getppid() && seen[i][3] == getpgrp() &&
                    seen[i][4] == getsid(0);
    }
    HOLDS("threads have numbers of their own", are_different);
    HOLDS("and those of their process", are_ours);
    HOLDS("the first thread has the process's number", thread_id() == getpid());
    CASE("a signal to a thread that is gone", syscall(SYS_tgkill, getpid(), seen[0][0], 0));
    CASE("and without the process's number", syscall(SYS_tkill, seen[0][0], SIGTERM));
}

static _Atomic int started, may_go;
static long name_itself(void *argument)
{
    char name[32] = "";
    prctl(PR_SET_NAME, argument);
    prctl(PR_GET_NAME, name);
    return strcmp(name, argument) == 0;
}
static void names(void)
{
    static struct worker worker;
    char name[32] = "";
    CASE("a name", prctl(PR_SET_NAME, "first"));
    CASE("it is told", prctl(PR_GET_NAME, name));
    tell("name", "%s", name);
    CASE("a long name is cut", prctl(PR_SET_NAME, "a name of twenty-one."));
    prctl(PR_GET_NAME, name);
    tell("name", "%s", name);
    start_worker(&worker, name_itself, (void *)"second");
    CASE("a thread's own name", join_worker(&worker));
    prctl(PR_GET_NAME, name);
    tell("ours stays", "%s", name);
    CASE("a name that cannot be read", prctl(PR_SET_NAME, map_bad()));
    CASE("a place that cannot be written", prctl(PR_GET_NAME, map_bad()));
    prctl(PR_SET_NAME, "threads");
}

/* ---- ends ---- */

/* The kernel clears the word when the first thread ends. */
static _Atomic int first_is_there;
static long end_last(void *argument)
{
    struct timespec t = { 0, MS };
    while (first_is_there) raw_call(SYS_nanosleep, (long)&t, 0, 0, 0);
    raw_call(SYS_exit, (long)argument, 0, 0, 0);
    return 0;
}
static long end_process(void *argument)
{
    pause_ms(5);
    _exit((int)(long)argument);
}
static long sleep_long(void *argument)
{
    (void)argument;
    pause_ms(LONG_MS);
    return 0;
}
static int thread_exits_group(void *argument)
{
    static struct worker workers[4];
    for (int i = 0; i < 3; i++) start_worker(&workers[i], sleep_long, NULL);
    start_worker(&workers[3], end_process, argument);
    pause_ms(LONG_MS);
    return 99;
}
static int first_exits_group(void *argument)
{
    static struct worker workers[3];
    (void)argument;
    for (int i = 0; i < 3; i++) start_worker(&workers[i], sleep_long, NULL);
    return 22;
}
static long spin(void *argument)
{
    (void)argument;
    while (!may_go) {}
    return 0;
}
static int exits_while_others_spin(void *argument)
{
    may_go = 0;
    static struct worker workers[2];
    (void)argument;
    for (int i = 0; i < 2; i++) start_worker(&workers[i], spin, NULL);
    return 23;
}
static int first_goes(void *argument)
{
    static char stack[STACK_BYTES] __attribute__((aligned(16)));
    (void)argument;
    first_is_there = 1;
    syscall(SYS_set_tid_address, &first_is_there);
    raw_clone(THREAD_FLAGS, stack, NULL, NULL, NULL, end_last, (void *)31);
    raw_call(SYS_exit, 24, 0, 0, 0);
    return 99;
}
static int first_goes_then_exit(void *argument)
{
    static struct worker worker;
    (void)argument;
    start_worker(&worker, end_process, (void *)25);
    raw_call(SYS_exit, 26, 0, 0, 0);
    return 99;
}
static int thread_is_killed(void *argument)
{
    static struct worker workers[2];
    int signal = (int)(long)argument;
    for (int i = 0; i < 2; i++) start_worker(&workers[i], sleep_long, NULL);
    syscall(SYS_tgkill, getpid(), workers[1].tid, signal);
    pause_ms(LONG_MS);
    return 99;
}
static long fault(void *argument)
{
    *(volatile int *)argument = 1;
    return 0;
}
static int thread_faults(void *argument)
{
    static struct worker worker;
    (void)argument;
    start_worker(&worker, fault, NULL);
    pause_ms(LONG_MS);
    return 99;
}
static void ends(void)
{
    CHILD("a thread ends the process", thread_exits_group, (void *)21);
    CHILD("the first thread does, others sleep", first_exits_group, NULL);
    CHILD("the first thread does, others run", exits_while_others_spin, NULL);
    CHILD("the first thread ends, then another", first_goes, NULL);
    CHILD("the first thread is gone when another ends all", first_goes_then_exit, NULL);
    CHILD("SIGTERM to one thread ends all", thread_is_killed, (void *)SIGTERM);
    CHILD("so does SIGKILL", thread_is_killed, (void *)SIGKILL);
    CHILD("and SIGALRM", thread_is_killed, (void *)SIGALRM);
    CHILD("a thread's fault ends all", thread_faults, NULL);
}

/* ---- what the library makes of it ---- */

static __thread int own = 5;
static pthread_key_t key;
static _Atomic int destroyed;
static void destroy(void *value) { destroyed += (int)(long)value; }
static long use_own(void *argument)
{
    bool is_new = own == 5 && pthread_getspecific(key) == NULL;
    own = (int)(long)argument;
    pthread_setspecific(key, argument);
    sched_yield();
    return is_new && own == (int)(long)argument && pthread_getspecific(key) == argument;
}
static void thread_memory(void)
{
    static struct worker workers[3];
    pthread_key_create(&key, destroy);
    own = 6;
    long good = 0;
    for (long i = 0; i < 3; i++) start_worker(&workers[i], use_own, (void *)(i + 1));
    for (int i = 0; i < 3; i++) good += join_worker(&workers[i]);
    tell("threads with memory of their own", "%ld", good);
    tell("ours stays", "%d", own);
    tell("what was kept for them is destroyed", "%d", destroyed);
}

static sem_t gate;
static long be_cancelled(void *argument)
{
    (void)argument;
    started++;
    sem_wait(&gate);
    return 1;
}
static void *cancelled_main(void *argument) { return (void *)be_cancelled(argument); }
static void cancelling(void)
{
    pthread_t thread;
    void *result = NULL;
    started = 0;
    sem_init(&gate, 0, 0);
    tell("started", "%d", pthread_create(&thread, NULL, cancelled_main, NULL));
    becomes(&started, 1);
    tell("cancelled", "%d", pthread_cancel(thread));
    tell("joined", "%d", pthread_join(thread, &result));
    HOLDS("it says so", result == PTHREAD_CANCELED);
    struct timespec soon = after_ms(CLOCK_REALTIME, 5);
    CASE("a semaphore that nobody posts", sem_timedwait(&gate, &soon));
    CASE("posted", sem_post(&gate));
    CASE("taken", sem_timedwait(&gate, &soon));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static long total;
static long add_many(void *argument)
{
    (void)argument;
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        total++;
        pthread_mutex_unlock(&mutex);
        if (i % 50 == 0) sched_yield();
    }
    pthread_mutex_lock(&mutex);
    may_go++;
    pthread_cond_signal(&ready);
    pthread_mutex_unlock(&mutex);
    return 0;
}
static void locking(void)
{
    static struct worker workers[4];
    may_go = 0;
    for (int i = 0; i < 4; i++) start_worker(&workers[i], add_many, NULL);
    struct timespec until = after_ms(CLOCK_REALTIME, LONG_MS);
    pthread_mutex_lock(&mutex);
    int error = 0;
    while (may_go < 4 && !error) error = pthread_cond_timedwait(&ready, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 4; i++) join_worker(&workers[i]);
    tell("four threads add", "%ld, error %d", total, error);
    until = after_ms(CLOCK_REALTIME, 5);
    pthread_mutex_lock(&mutex);
    tell("a condition that nobody signals", "%s", error_name(pthread_cond_timedwait(&ready, &mutex, &until)));
    tell("a lock that is held", "%s", error_name(pthread_mutex_trylock(&mutex)));
    until = after_ms(CLOCK_REALTIME, 5);
    tell("until soon", "%s", error_name(pthread_mutex_timedlock(&mutex, &until)));
    pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    numbers();
    names();
    ends();
    thread_memory();
    cancelling();
    locking();
    return end_cases();
}
