/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and wait queues of a host test with real threads. A sleeper is woken by who takes it off its queue, and
 * by nothing else, so that a wake-up that is lost stays lost. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "sched/thread.h"
#include "sched/wait.h"

struct waiter {
    struct list link; /* under the queue's lock */
    bool is_woken;    /* under `sleeping` */
};

static pthread_mutex_t sleeping = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;

void wait_queue_zero(struct wait_queue *queue)
{
    queue->lock = (struct spinlock)SPINLOCK_INIT;
    list_init(&queue->waiters);
}

void wait_sleep_locked(struct wait_queue *queue) NO_THREAD_SAFETY_ANALYSIS
{
    struct waiter self = { .is_woken = false };
    list_push_back(&queue->waiters, &self.link);
    spin_unlock(&queue->lock);
    pthread_mutex_lock(&sleeping);
    while (!self.is_woken) pthread_cond_wait(&woken, &sleeping);
    pthread_mutex_unlock(&sleeping);
    spin_lock(&queue->lock);
}

/* A time limit counts from now. */
static bool sleep_for(struct waiter *self, uint64_t ns)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)(ns / 1000000000);
    end.tv_nsec += (long)(ns % 1000000000);
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    int status = 0;
    pthread_mutex_lock(&sleeping);
    while (!self->is_woken && status == 0) status = pthread_cond_timedwait(&woken, &sleeping, &end);
    bool is_woken = self->is_woken;
    pthread_mutex_unlock(&sleeping);
    return is_woken;
}

err_t wait_sleep_interruptible_locked(struct wait_queue *queue, uint64_t ns) NO_THREAD_SAFETY_ANALYSIS
{
    struct waiter self = { .is_woken = false };
    list_push_back(&queue->waiters, &self.link);
    spin_unlock(&queue->lock);
    bool is_woken = sleep_for(&self, ns);
    spin_lock(&queue->lock);
    is_woken |= list_is_empty(&self.link);
    list_remove(&self.link);
    return is_woken ? OK : ERR_TIMED_OUT;
}

void wait_wake_one_locked(struct wait_queue *queue)
{
    if (list_is_empty(&queue->waiters)) return;
    struct waiter *waiter = LIST_ENTRY(queue->waiters.next, struct waiter, link);
    pthread_mutex_lock(&sleeping);
    list_remove(&waiter->link);
    waiter->is_woken = true;
    pthread_cond_broadcast(&woken);
    pthread_mutex_unlock(&sleeping);
}

void wait_wake_all_locked(struct wait_queue *queue)
{
    pthread_mutex_lock(&sleeping);
    while (!list_is_empty(&queue->waiters)) {
        struct waiter *waiter = LIST_ENTRY(queue->waiters.next, struct waiter, link);
        list_remove(&waiter->link);
        waiter->is_woken = true;
    }
    pthread_cond_broadcast(&woken);
    pthread_mutex_unlock(&sleeping);
}

void wait_wake_all(struct wait_queue *queue)
{
    spin_lock(&queue->lock);
    wait_wake_all_locked(queue);
    spin_unlock(&queue->lock);
}

struct host_thread {
    struct thread thread;
    pthread_t host;
    void (*entry)(void *);
    void *argument;
};

static _Thread_local struct thread *current; /* NULL in threads of the test itself */

struct thread *thread_current(void) { return current; }

static void *run(void *argument)
{
    struct host_thread *self = argument;
    current = &self->thread;
    self->entry(self->argument);
    return NULL;
}

struct thread *thread_create_stopped(const char *name UNUSED, void (*entry)(void *), void *argument)
{
    struct host_thread *t = calloc(1, sizeof(*t));
    if (!t) return NULL;
    t->entry = entry;
    t->argument = argument;
    return &t->thread;
}

void thread_start(struct thread *thread)
{
    struct host_thread *t = CONTAINER_OF(thread, struct host_thread, thread);
    if (pthread_create(&t->host, NULL, run, t) != 0) abort();
}

void thread_join(struct thread *thread)
{
    struct host_thread *t = CONTAINER_OF(thread, struct host_thread, thread);
    pthread_join(t->host, NULL);
    free(t);
}

void thread_yield(void) { sched_yield(); }
