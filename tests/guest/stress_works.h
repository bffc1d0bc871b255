/* SPDX-License-Identifier: Apache-2.0 */
/* What the lanes of stress.c do: each function does one thing with threads, signals or processes, takes a few
 * milliseconds of a real processor, leaves nothing behind, and says whether all was right. */
#pragma once
#pragma GCC diagnostic ignored "-Wunused-function" /* stress.c has the list of them */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, PAGE = 4096, RT = 40 };

static char *program;
static uint64_t dice;

static unsigned roll(unsigned sides)
{
    dice = dice * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(dice >> 33) % sides;
}
static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}
static void pause_us(long us)
{
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {}
}
static int status_of(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* ---- threads ---- */

static pthread_t threads[THREADS_MAX];

/* The sum of what body(0) to body(count - 1) return, each in its thread; -1 when there is a thread too few. */
static long run(int count, void *(*body)(void *))
{
    long sum = 0;
    int started = 0;
    while (started < count && pthread_create(&threads[started], NULL, body, (void *)(long)started) == 0)
        started++;
    for (int i = 0; i < started; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    return started == count ? sum : -1;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long shared_count;
static void *add(void *argument)
{
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        shared_count++;
        if (i % 16 == 0) sched_yield();
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}
static bool mutexes(void)
{
    shared_count = 0;
    return run(6, add) == 15 && shared_count == 1200;
}

/* One goes after the other, all woken each time. */
static void *take_turns(void *argument)
{
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&mutex);
        while (shared_count % 5 != (long)argument) pthread_cond_wait(&changed, &mutex);
        shared_count++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}
static bool conditions(void)
{
    shared_count = 0;
    return run(5, take_turns) == 0 && shared_count == 50;
}

static pthread_barrier_t barrier;
static _Atomic int turns[6];
static void *storm(void *argument)
{
    long late = 0;
    for (int turn = 1; turn <= 25; turn++) {
        turns[(long)argument] = turn;
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < 6; i++) late += turns[i] != turn;
        pthread_barrier_wait(&barrier);
    }
    return (void *)late;
}
static bool barriers(void)
{
    pthread_barrier_init(&barrier, NULL, 6);
    bool is_right = run(6, storm) == 0;
    pthread_barrier_destroy(&barrier);
    return is_right;
}

static void *give_back(void *argument) { return argument; }
static bool short_threads(void)
{
    long sum = 0;
    for (int i = 0; i < 5; i++) sum += run(20, give_back);
    return sum == 5 * 190;
}

static void *map_and_unmap(void *argument)
{
    long wrong = 0;
    for (int i = 0; i < 8; i++) {
        size_t bytes = (size_t)(1 + i * 5) * PAGE;
        char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) return (void *)1000;
        memset(at, (int)(long)argument + i, bytes);
        mprotect(at, bytes / 2, PROT_READ);
        sched_yield();
        for (size_t k = 0; k < bytes; k += 512) wrong += at[k] != (char)((long)argument + i);
        munmap(at, bytes);
    }
    return (void *)wrong;
}
static bool memory(void) { return run(4, map_and_unmap) == 0; }

static pthread_mutex_t inheriting;
static void *lock_inheriting(void *argument)
{
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&inheriting);
        shared_count++;
        if (i % 10 == 0) sched_yield();
        pthread_mutex_unlock(&inheriting);
    }
    return argument;
}
static bool priorities(void)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inheriting, &kind);
    shared_count = 0;
    return run(4, lock_inheriting) == 6 && shared_count == 200;
}

static void *wait_to_be_cancelled(void *argument)
{
    sem_t *gate = argument;
    sem_wait(gate);
    return NULL;
}
static bool cancelling(void)
{
    sem_t gate;
    int count = 0;
    sem_init(&gate, 0, 0);
    for (int i = 0; i < 8; i++)
        if (pthread_create(&threads[i], NULL, wait_to_be_cancelled, &gate) != 0) return false;
    for (int i = 0; i < 8; i++) pthread_cancel(threads[i]);
    for (int i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        count += result == PTHREAD_CANCELED;
    }
    return count == 8;
}

/* ---- signals ---- */

static _Atomic int handled;
static void count_signal(int signal)
{
    (void)signal;
    handled++;
}
static _Atomic int is_over;
static void *compute(void *argument)
{
    double first = 0, again;
    for (int turn = 0; !is_over; turn++) {
        again = 0;
        for (int i = 1; i < 300; i++) again += (double)((long)argument + 1) / i;
        if (turn == 0) first = again;
        if (again != first) return (void *)1;
    }
    return NULL;
}
static bool interrupted_sums(void)
{
    long wrong = 0;
    is_over = handled = 0;
    signal(SIGUSR1, count_signal);
    for (long i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, compute, (void *)i) != 0) return false;
    for (int i = 0; i < 60; i++) {
        pthread_kill(threads[i % 2], SIGUSR1);
        if (i % 4 == 0) pause_us(100);
    }
    for (int i = 0; i < 20000 && !handled; i++) pause_us(100);
    is_over = 1;
    for (int i = 0; i < 2; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    return wrong == 0 && handled > 0;
}

static void *send_values(void *argument)
{
    pid_t pid = getpid();
    for (int i = 1; i <= 30; i++)
        while (sigqueue(pid, RT, (union sigval){ .sival_int = i }) != 0) pause_us(100);
    return argument;
}
static bool queued_values(void)
{
    sigset_t set;
    siginfo_t info;
    long sum = 0;
    struct timespec much = { 30, 0 };
    sigemptyset(&set);
    sigaddset(&set, RT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        if (pthread_create(&threads[i], NULL, send_values, NULL) != 0) return false;
    for (int i = 0; i < 90; i++) {
        while (sigtimedwait(&set, &info, &much) != RT)
            if (errno != EINTR) return false;
        sum += info.si_value.sival_int;
    }
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return sum == 3 * 465;
}

static bool timers(void)
{
    timer_t id;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
    struct itimerspec often = { { 0, 300000 }, { 0, 300000 } };
    signal(SIGUSR2, count_signal);
    handled = 0;
    if (timer_create(CLOCK_MONOTONIC, &event, &id) != 0) return false;
    timer_settime(id, 0, &often, NULL);
    int64_t until = now_ms() + 20000;
    while (handled < 5 && now_ms() < until) pause_us(200);
    timer_delete(id);
    return handled >= 5;
}

/* ---- processes ---- */

static bool forks(void)
{
    static char pages[16 * PAGE];
    pid_t pids[8];
    memset(pages, 'p', sizeof pages);
    for (int i = 0; i < 8; i++) {
        pids[i] = fork();
        if (pids[i] < 0) return false;
        if (pids[i] == 0) {
            int wrong = 0;
            memset(pages + 3 * PAGE, 'a' + i, PAGE);
            sched_yield();
            for (int k = 0; k < 16; k++) wrong += pages[k * PAGE] != (k == 3 ? 'a' + i : 'p');
            _exit(wrong ? 99 : 10 + i);
        }
    }
    bool is_right = pages[3 * PAGE] == 'p';
    for (int i = 7; i >= 0; i--) is_right &= status_of(pids[i]) == (10 + i) << 8;
    return is_right;
}

static int leaf(const char *number) { return atoi(number); }
static void become_leaf(int number)
{
    char text[12];
    char *const words[] = { program, (char *)"leaf", text, NULL };
    snprintf(text, sizeof text, "%d", number);
    execv(program, words);
    _exit(98);
}
static void *exec_in_thread(void *argument)
{
    if ((long)argument == 2) become_leaf(77);
    pause();
    return NULL;
}
static bool execs(void)
{
    bool is_right = true;
    for (int i = 0; i < 3; i++) {
        pid_t pid = i == 0 ? vfork() : fork();
        if (pid < 0) return false;
        if (pid == 0) {
            if (i == 2) run(3, exec_in_thread);
            become_leaf(20 + i);
        }
        is_right &= status_of(pid) == (i == 2 ? 77 : 20 + i) << 8;
    }
    return is_right;
}

static void *spin_or_sleep(void *argument)
{
    while ((long)argument % 2 == 0) {}
    pause();
    return NULL;
}
static bool killed_groups(void)
{
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) {
        run(6, spin_or_sleep);
        _exit(97);
    }
    pause_us(roll(3000));
    kill(pid, SIGKILL);
    return status_of(pid) == SIGKILL;
}

/* Each of them makes the next one and ends; none may be born after the group is killed. */
static bool killed_forks(void)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return false;
    pid_t group = fork();
    if (group < 0) return false;
    if (group == 0) {
        setpgid(0, 0);
        for (;;)
            if (fork() > 0) _exit(0);
    }
    setpgid(group, group);
    pause_us(200 + roll(1000));
    kill(-group, SIGKILL);
    int64_t end = now_ms() + 2000;
    while (now_ms() < end && (waitpid(-group, NULL, 0) > 0 || errno == EINTR)) {}
    return waitpid(-group, NULL, WNOHANG) < 0;
}

static bool pipes(void)
{
    enum { BYTES = 128 << 10 };
    int ends[2];
    uint64_t sum = 0, wanted = 0;
    unsigned char buffer[1000];
    if (pipe(ends) != 0) return false;
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) {
        long left = BYTES, at = 0;
        close(ends[0]);
        while (left > 0) {
            long piece = left < 777 ? left : 777;
            for (long i = 0; i < piece; i++) buffer[i] = (unsigned char)(at++ * 7);
            if (write(ends[1], buffer, (size_t)piece) != piece) _exit(96);
            left -= piece;
        }
        _exit(30);
    }
    close(ends[1]);
    long got, all = 0;
    while ((got = read(ends[0], buffer, sizeof buffer)) != 0) {
        if (got < 0 && errno != EINTR) break;
        for (long i = 0; i < got; i++) sum = sum * 31 + buffer[i];
        all += got > 0 ? got : 0;
    }
    close(ends[0]);
    for (long i = 0; i < BYTES; i++) wanted = wanted * 31 + (unsigned char)(i * 7);
    return status_of(pid) == 30 << 8 && all == BYTES && sum == wanted;
}

/* ---- who a thread is, asked while it is another for the length of a call ---- */

static atomic_int asker; /* its thread number; -1: it has asked enough */
static void *ask_or_look(void *index)
{
    enum { TIMES = 300, VERSION_3 = 0x20080522 };
    long right = 0;
    if (index) {
        while (asker == 0) sched_yield();
        while (asker > 0) {
            struct {
                unsigned version;
                int pid;
            } header = { VERSION_3, asker };
            unsigned sets[6];
            syscall(SYS_capget, &header, sets);
        }
        return NULL;
    }
    syscall(SYS_setresuid, 1000, 1001, 1001); /* of this thread alone */
    asker = (int)syscall(SYS_gettid);
    for (int i = 0; i < TIMES; i++) right += access("/dev/null", F_OK) == 0;
    asker = -1;
    return (void *)(long)(right == TIMES);
}
static bool identities(void)
{
    asker = 0;
    return run(2, ask_or_look) == 1;
}

static int events[2];
static void *pass_on(void *argument)
{
    long self = (long)argument, sum = 0;
    for (int i = 0; i < 60; i++) {
        uint64_t n = 1;
        while (read(events[self], &n, 8) != 8) {}
        sum += (long)n;
        while (write(events[!self], &n, 8) != 8) {}
    }
    return (void *)sum;
}
static bool event_counts(void)
{
    events[0] = eventfd(1, 0);
    events[1] = eventfd(0, 0);
    if (events[0] < 0 || events[1] < 0) return false;
    bool is_right = run(2, pass_on) == 120;
    close(events[0]);
    close(events[1]);
    return is_right;
}
