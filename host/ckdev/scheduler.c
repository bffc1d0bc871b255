/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does next. Each queue has a pass: the time it has had, divided by its share; the queue with the lowest
 * one is served. One that was idle starts from where the others are. So every queue that has work gets on, in
 * proportion to percent and priority, whatever the others run. */
#include "host/ckdev/device_internal.h"

#include <time.h>

enum { POLL_FIRST_NS = 2000, POLL_LAST_NS = 200000 };

void scheduler_wake_locked(struct device *device)
{
    if (!device->idle_workers) __atomic_store_n(&device->is_contended, true, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&device->work);
}

static bool may_run(const struct queue *queue) { return !queue->is_halted && queue->setup.percent; }

static bool can_read(const struct queue *queue)
{
    return queue->is_ready && !queue->is_reading && !queue->dispatch;
}

static bool can_run(const struct worker *worker, const struct queue *queue)
{
    return queue->dispatch && (dispatch_has_begun_one(worker, queue->dispatch) ||
                               dispatch_can_begin_locked(worker, queue->dispatch));
}

static struct queue *choose_locked(struct worker *worker)
{
    struct device *device = worker->device;
    struct queue *best = NULL;
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < device->active_count; i++) {
        struct queue *queue = device->queues[device->active[i]];
        if (!may_run(queue) || !(can_read(queue) || can_run(worker, queue))) continue;
        candidates++;
        if (!best || queue->pass < best->pass) best = queue;
    }
    __atomic_store_n(&device->is_contended, candidates > 1, __ATOMIC_RELAXED);
    if (best) {
        best->pass = MAX(best->pass, device->pass);
        device->pass = best->pass;
    }
    return best;
}

static void charge_locked(struct queue *queue, uint64_t time_ns)
{
    uint64_t weight = (uint64_t)MAX(queue->setup.percent, 1) * (queue->setup.priority + 1u);
    queue->pass += (time_ns + 1000) * 1000 / weight;
}

/* What follows from what a reader of packets says. */
static void finish_reading_locked(struct worker *worker, struct queue *queue, enum step step)
{
    queue->is_reading = false;
    switch (step) {
    case STEP_IDLE: queue->polls = 0; break;
    case STEP_AGAIN:
        queue->polls = 0;
        queue->is_ready = true;
        break;
    case STEP_POLL:
        /* Memory that a processor is about to change soon, or in an hour. */
        queue->polls = MIN(queue->polls + 1, 100u);
        queue->retry_ns = clock_ns() + MIN(POLL_FIRST_NS * (uint64_t)queue->polls, (uint64_t)POLL_LAST_NS);
        break;
    case STEP_DISPATCHED:
        queue->polls = 0;
        scheduler_wake_locked(worker->device);
        break;
    case STEP_STOP: queue_stop_locked(queue, worker->stop); break;
    }
}

static void read_packets(struct worker *worker, struct queue *queue)
{
    struct device *device = worker->device;
    queue->is_ready = false;
    queue->is_reading = true;
    queue->now = queue->setup;
    pthread_mutex_unlock(&device->lock);
    epoch_enter(worker);
    enum step step = queue->now.kind == GPU_QUEUE_AQL ? aql_step(worker, queue) : sdma_step(worker, queue);
    epoch_leave(worker);
    pthread_mutex_lock(&device->lock);
    finish_reading_locked(worker, queue, step);
}

static void serve_locked(struct worker *worker, struct queue *queue)
{
    struct device *device = worker->device;
    uint64_t start = clock_ns();
    queue->users++;
    worker->queue = queue;
    worker->setup = queue->context->setup;
    worker->stop = (struct stop){ 0 };
    if (!queue->dispatch) {
        read_packets(worker, queue);
    } else {
        bool has_one = dispatch_has_begun_one(worker, queue->dispatch);
        bool can_begin = dispatch_can_begin_locked(worker, queue->dispatch);
        struct dispatch *dispatch = queue->dispatch;
        dispatch->references++;
        pthread_mutex_unlock(&device->lock);
        dispatch_run(worker, dispatch, can_begin && (worker->begins_next || !has_one));
        pthread_mutex_lock(&device->lock);
        dispatch_put_locked(dispatch);
    }
    worker->queue = NULL;
    charge_locked(queue, clock_ns() - start);
    if (--queue->users == 0) pthread_cond_broadcast(&device->idle);
}

void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct device *device = worker->device;
    access_set_worker(worker);
    pthread_mutex_lock(&device->lock);
    while (!device->is_stopping) {
        dispatch_drop_halted_locked(worker);
        struct queue *queue = choose_locked(worker);
        if (queue) {
            serve_locked(worker, queue);
            continue;
        }
        device->idle_workers++;
        pthread_cond_wait(&device->work, &device->lock);
        device->idle_workers--;
    }
    /* device_stop has halted all queues. */
    dispatch_drop_halted_locked(worker);
    pthread_mutex_unlock(&device->lock);
    return NULL;
}
