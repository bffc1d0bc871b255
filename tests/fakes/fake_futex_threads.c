/* SPDX-License-Identifier: Apache-2.0 */
/* What futexes stand on, for a host test with real threads: each has a struct user_thread and sleeps on a condition
 * variable of its own. The program's memory is the test's; now and then a word of it is missing until it is touched,
 * and a thread that sleeps wakes for no reason. */
#include "tests/fakes/fake_futex_threads.h"

#include <stdlib.h>
#include <time.h>

#include "core/time.h"
#include "process/futex_internal.h"
#include "sched/sleep.h"
#include "vm/usercopy.h"

enum { MISSING_EVERY = 61, EARLY_EVERY = 127, THREADS_MAX = 64 };

struct spinlock process_tree_lock = SPINLOCK_INIT;
static struct space space;
static struct fake_futex_thread *threads[THREADS_MAX + 1]; /* by number; under process_tree_lock */
static _Thread_local struct fake_futex_thread *current;
static _Thread_local uint32_t accesses, sleeps;
static _Thread_local bool is_missing;

/* ---- threads ---- */

struct thread *percpu_current(void) { return &current->kernel; }
struct thread *thread_current(void) { return percpu_current(); }
struct user_thread *user_thread_current(void) { return &current->user; }
void thread_yield(void) {}

struct user_thread *user_thread_find_locked(uint32_t tid)
{
    return tid && tid <= THREADS_MAX && threads[tid] ? &threads[tid]->user : NULL;
}

static void *run(void *argument)
{
    current = argument;
    current->entry(current);
    futex_exit_robust(&current->user);
    spin_lock(&process_tree_lock);
    threads[current->user.tid] = NULL;
    spin_unlock(&process_tree_lock);
    return NULL;
}

struct fake_futex_thread *fake_futex_start(uint32_t tid, void (*entry)(struct fake_futex_thread *self))
{
    struct fake_futex_thread *t = calloc(1, sizeof(*t));
    if (!t || !tid || tid > THREADS_MAX) abort();
    t->kernel.space = &space;
    t->kernel.user = &t->user;
    t->user.thread = &t->kernel;
    t->user.tid = tid;
    t->entry = entry;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_cond_init(&t->woken, NULL);
    spin_lock(&process_tree_lock);
    threads[tid] = t;
    spin_unlock(&process_tree_lock);
    if (pthread_create(&t->host, NULL, run, t) != 0) abort();
    return t;
}

void fake_futex_join(struct fake_futex_thread *t)
{
    pthread_join(t->host, NULL);
    pthread_mutex_destroy(&t->mutex); /* whoever still wakes it is a race that is reported */
    pthread_cond_destroy(&t->woken);
    free(t);
}

/* ---- sleeping ---- */

void thread_wake_off(struct thread *thread)
{
    struct fake_futex_thread *t = CONTAINER_OF(thread, struct fake_futex_thread, kernel);
    pthread_mutex_lock(&t->mutex);
    t->is_asleep = false;
    pthread_cond_signal(&t->woken);
    pthread_mutex_unlock(&t->mutex);
}

void sleep_unlock_until(struct spinlock *lock, uint64_t deadline_ns) NO_THREAD_SAFETY_ANALYSIS
{
    struct fake_futex_thread *t = current;
    bool is_early = ++sleeps % EARLY_EVERY == 0;
    pthread_mutex_lock(&t->mutex);
    t->is_asleep = true;
    pthread_mutex_unlock(&t->mutex);
    spin_unlock(lock);
    struct timespec until = { (time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000) };
    pthread_mutex_lock(&t->mutex);
    while (t->is_asleep && !is_early) {
        if (deadline_ns == UINT64_MAX)
            pthread_cond_wait(&t->woken, &t->mutex);
        else if (pthread_cond_timedwait(&t->woken, &t->mutex, &until) != 0)
            break;
    }
    t->is_asleep = false;
    pthread_mutex_unlock(&t->mutex);
}

void sleep_unlock(struct spinlock *lock) { sleep_unlock_until(lock, UINT64_MAX); }

uint64_t time_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); /* what pthread_cond_timedwait goes by */
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- memory ---- */

static bool is_present(void)
{
    if (++accesses % MISSING_EVERY == 0) is_missing = true;
    return !is_missing;
}

int64_t arch_user_load32(const uint32_t *word)
{
    return is_present() ? (int64_t)__atomic_load_n(word, __ATOMIC_SEQ_CST) : -1;
}

int64_t arch_user_compare_exchange32(uint32_t *word, uint32_t expected, uint32_t desired)
{
    if (!is_present()) return -1;
    __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

uint64_t arch_user_touch32(uint32_t *word)
{
    (void)word;
    is_missing = false;
    return 0;
}

err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    is_missing = false;
    if (bytes != sizeof(uint32_t)) return ERR_FAULT;
    *(uint32_t *)dst = __atomic_load_n((const uint32_t *)src.raw, __ATOMIC_SEQ_CST);
    return OK;
}

err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    if (bytes != sizeof(uint32_t)) return ERR_FAULT;
    __atomic_store_n((uint32_t *)dst.raw, *(const uint32_t *)src, __ATOMIC_SEQ_CST);
    return OK;
}

err_t futex_key_shared(uaddr_t word, enum futex_access access, struct futex_key *out)
{
    (void)access;
    *out = (struct futex_key){ 1000, word.raw | FUTEX_IS_SHARED };
    return OK;
}
