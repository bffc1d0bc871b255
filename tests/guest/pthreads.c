/* SPDX-License-Identifier: Apache-2.0 */
/* What POSIX threads offer, with many threads at once: pthreads [TIMES] does each thing, the argument times as
 * often as by default. Each checks its own result and prints a line; ends with 1 when one is wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 512, CROWD_STACK = 32 << 10 };

static int times = 1, wrong;

static void tell(const char *what, int is_right)
{
    printf("%s: %s\n", what, is_right ? "right" : "WRONG");
    fflush(stdout);
    wrong += !is_right;
}
static pthread_t threads[THREADS_MAX];

/* Runs main(0) to main(count - 1), each in its thread; the sum of what they return. */
static long run(int count, void *(*body)(void *), size_t stack_bytes)
{
    pthread_attr_t kind;
    long sum = 0;
    pthread_attr_init(&kind);
    if (stack_bytes) pthread_attr_setstacksize(&kind, stack_bytes);
    for (long i = 0; i < count; i++) {
        int error = pthread_create(&threads[i], &kind, body, (void *)i);
        if (error) {
            printf("thread %ld: errno %d\n", i, error);
            exit(1);
        }
    }
    for (int i = 0; i < count; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    pthread_attr_destroy(&kind);
    return sum;
}

/* ---- producers and consumers ---- */

enum { QUEUE = 16, PIECES = 500 };
static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_room, has_pieces;
    long pieces[QUEUE];
    int count, first, left; /* left: producers at work */
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER,
            .has_room = PTHREAD_COND_INITIALIZER,
            .has_pieces = PTHREAD_COND_INITIALIZER };

static void put(long piece)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == QUEUE) pthread_cond_wait(&queue.has_room, &queue.lock);
    queue.pieces[(queue.first + queue.count++) % QUEUE] = piece;
    pthread_cond_signal(&queue.has_pieces);
    pthread_mutex_unlock(&queue.lock);
}
static long get(void) /* 0: no more */
{
    long piece = 0;
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0 && queue.left > 0) pthread_cond_wait(&queue.has_pieces, &queue.lock);
    if (queue.count > 0) {
        piece = queue.pieces[queue.first];
        queue.first = (queue.first + 1) % QUEUE;
        queue.count--;
        pthread_cond_signal(&queue.has_room);
    }
    pthread_mutex_unlock(&queue.lock);
    return piece;
}
static void *produce_or_consume(void *argument)
{
    long self = (long)argument, sum = 0;
    if (self % 2 == 0) {
        for (long i = 1; i <= PIECES * times; i++) put(i);
        pthread_mutex_lock(&queue.lock);
        if (--queue.left == 0) pthread_cond_broadcast(&queue.has_pieces);
        pthread_mutex_unlock(&queue.lock);
    } else {
        for (long piece; (piece = get()) != 0;) sum += piece;
    }
    return (void *)sum;
}
static void producers(void)
{
    long pieces = PIECES * times;
    queue.left = 3;
    tell("three producers and three consumers",
         run(6, produce_or_consume, 0) == 3 * pieces * (pieces + 1) / 2);
}

/* ---- barriers ---- */

enum { BARRIER_THREADS = 8, TURNS = 60 };
static pthread_barrier_t barrier;
static _Atomic int turns[BARRIER_THREADS];
static _Atomic int leaders;

static void *storm(void *argument)
{
    long self = (long)argument, late = 0;
    for (int turn = 1; turn <= TURNS * times; turn++) {
        turns[self] = turn;
        leaders += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        for (int i = 0; i < BARRIER_THREADS; i++) late += turns[i] != turn;
        pthread_barrier_wait(&barrier);
    }
    return (void *)late;
}
static void barriers(void)
{
    leaders = 0;
    pthread_barrier_init(&barrier, NULL, BARRIER_THREADS);
    long late = run(BARRIER_THREADS, storm, 0);
    tell("a storm of barriers", late == 0 && leaders == TURNS * times);
    pthread_barrier_destroy(&barrier);
}

/* ---- many at once ---- */

static pthread_mutex_t crowd_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t crowd_is_there = PTHREAD_COND_INITIALIZER;
static int crowd;

static void *be_there(void *argument)
{
    pthread_mutex_lock(&crowd_lock);
    if (++crowd == THREADS_MAX) pthread_cond_broadcast(&crowd_is_there);
    while (crowd < THREADS_MAX) pthread_cond_wait(&crowd_is_there, &crowd_lock);
    pthread_mutex_unlock(&crowd_lock);
    return argument;
}
static void crowds(void)
{
    for (int i = 0; i < times; i++) {
        crowd = 0;
        long sum = run(THREADS_MAX, be_there, CROWD_STACK);
        if (i == times - 1 || sum != THREADS_MAX * (THREADS_MAX - 1) / 2)
            tell("512 threads at once", sum == THREADS_MAX * (THREADS_MAX - 1) / 2 && crowd == THREADS_MAX);
    }
}

/* ---- locks ---- */

enum { LOCKERS = 4, STEPS = 1000 };
static pthread_mutex_t mutex, recursive, checking;
static pthread_spinlock_t spin;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long by_mutex, by_recursive, by_spin, pair[2];

static void *lock_all(void *argument)
{
    long self = (long)argument, torn = 0;
    for (int i = 0; i < STEPS * times; i++) {
        pthread_mutex_lock(&mutex);
        by_mutex++;
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&recursive);
        pthread_mutex_lock(&recursive);
        by_recursive++;
        pthread_mutex_unlock(&recursive);
        pthread_mutex_unlock(&recursive);
        if (i % 8 == 0) {
            pthread_spin_lock(&spin);
            by_spin++;
            pthread_spin_unlock(&spin);
        }
        if ((i + self) % 16 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            pair[0]++;
            if (i % 64 == 0) sched_yield();
            pair[1]++;
            pthread_rwlock_unlock(&rwlock);
        } else if (i % 4 == 0) {
            pthread_rwlock_rdlock(&rwlock);
            torn += pair[0] != pair[1];
            pthread_rwlock_unlock(&rwlock);
        }
    }
    return (void *)torn;
}
static void locks(void)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutex_init(&mutex, NULL);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&checking, &kind);
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    long torn = run(LOCKERS, lock_all, 0), all = (long)LOCKERS * STEPS * times;
    tell("mutexes", by_mutex == all && by_recursive == all);
    tell("spin locks", by_spin == all / 8);
    tell("readers and writers", torn == 0 && pair[0] == pair[1] && pair[0] > 0);
    pthread_mutex_lock(&checking);
    tell("a mutex that checks", pthread_mutex_lock(&checking) == EDEADLK &&
                                    pthread_mutex_unlock(&checking) == 0 &&
                                    pthread_mutex_unlock(&checking) == EPERM);
}

/* ---- once, keys, thread-local memory ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic int once_runs, destroyed;
static pthread_key_t keys[3];
static __thread long own = 7;

static void run_once(void)
{
    sched_yield();
    once_runs++;
}
static void destroy(void *value) { destroyed += value != NULL; }
static void *use_own(void *argument)
{
    long good = own == 7;
    pthread_once(&once, run_once);
    for (int i = 0; i < 3; i++) pthread_setspecific(keys[i], argument + i + 1);
    own = (long)argument;
    sched_yield();
    for (int i = 0; i < 3; i++) good &= pthread_getspecific(keys[i]) == argument + i + 1;
    return (void *)(long)(good && own == (long)argument && once_runs == 1);
}
static void own_memory(void)
{
    for (int i = 0; i < 3; i++) pthread_key_create(&keys[i], destroy);
    long good = run(20, use_own, 0);
    tell("once", once_runs == 1);
    tell("memory of their own", good == 20 && own == 7);
    tell("its destructors", destroyed == 60);
}

/* ---- cancellation, semaphores, time ---- */

static sem_t gate, items;
static _Atomic int cleanups;

static void clean_up(void *argument) { cleanups += (int)(long)argument; }
static void *be_cancelled(void *argument)
{
    pthread_cleanup_push(clean_up, (void *)1);
    sem_post(&items);
    if ((long)argument % 2) {
        sem_wait(&gate);
    } else {
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
        for (volatile long i = 0; i >= 0; i++) {}
    }
    pthread_cleanup_pop(0);
    return NULL;
}
static void *end_itself(void *argument) { pthread_exit(argument); }
static void cancelling(void)
{
    int count = 0;
    sem_init(&gate, 0, 0);
    sem_init(&items, 0, 0);
    for (long i = 0; i < 6; i++) pthread_create(&threads[i], NULL, be_cancelled, (void *)i);
    for (int i = 0; i < 6; i++) sem_wait(&items);
    for (int i = 0; i < 6; i++) pthread_cancel(threads[i]);
    for (int i = 0; i < 6; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        count += result == PTHREAD_CANCELED;
    }
    tell("cancelled where they sleep or run", count == 6 && cleanups == 6);
    tell("ended by themselves", run(10, end_itself, 0) == 45);
}

static void *pass_items(void *argument)
{
    long self = (long)argument;
    for (int i = 0; i < 200 * times; i++) {
        sem_wait(self ? &items : &gate);
        sem_post(self ? &gate : &items);
    }
    return NULL;
}
static void *detached(void *argument)
{
    sem_post(argument);
    return NULL;
}
static void semaphores(void)
{
    int value = -1;
    struct timespec soon;
    sem_init(&gate, 0, 1);
    sem_init(&items, 0, 0);
    run(2, pass_items, 0);
    sem_getvalue(&gate, &value);
    tell("a token that two pass on", value == 1);
    sem_wait(&gate);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
    tell("a wait that ends in time",
         sem_timedwait(&gate, &soon) != 0 && errno == ETIMEDOUT && sem_trywait(&gate) != 0);
    pthread_attr_t kind;
    pthread_attr_init(&kind);
    pthread_attr_setdetachstate(&kind, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 50; i++) {
        pthread_create(&threads[i], &kind, detached, &items);
        if (i % 10 == 9)
            for (int k = 0; k < 10; k++) sem_wait(&items);
    }
    tell("fifty that nobody joins", sem_trywait(&items) != 0);
}

static int pipe_ends[2];
static _Atomic int handled;

static void note(int signal) { handled += signal == SIGUSR1; }

/* Returns how often a read ended although nothing was read; a 0 ends it. */
static void *read_on(void *argument)
{
    long failures = 0;
    char letter = 1;
    (void)argument;
    while (letter) failures += read(pipe_ends[0], &letter, 1) != 1;
    return (void *)failures;
}

/* Signals come as the reader falls asleep, wakes, or does neither; its reads begin again after each. */
static void interruptions(void)
{
    struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
    void *failures;
    sigaction(SIGUSR1, &action, NULL);
    if (pipe(pipe_ends) || pthread_create(&threads[0], NULL, read_on, NULL)) exit(1);
    for (int i = 0; i < 5000 * times; i++) {
        bool writes = write(pipe_ends[1], "xxxx", 4) == 4;
        for (volatile int k = 0; k < i * 37 % 300; k++) {}
        if (!writes || pthread_kill(threads[0], SIGUSR1)) exit(1);
    }
    if (write(pipe_ends[1], "", 1) != 1) exit(1);
    pthread_join(threads[0], &failures);
    tell("reads that signals interrupt", !failures && handled > 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) times = atoi(argv[1]);
    producers();
    barriers();
    crowds();
    locks();
    own_memory();
    cancelling();
    semaphores();
    interruptions();
    return wrong ? 1 : 0;
}
