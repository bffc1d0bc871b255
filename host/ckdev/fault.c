/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses that found nothing, and wait for what the kernel says. Several of one page are one fault. */
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <string.h>

static struct fault *find_same(struct device *device, const struct context *context, uint64_t page,
                               enum gpu_access access, enum gpu_fault reason)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &device->faults[i];
        bool is_open = fault->state == FAULT_UNTOLD || fault->state == FAULT_TOLD;
        /* Absence is the same for every access; a right is lacking for one. */
        if (is_open && fault->context == context && align_down(fault->address, PAGE_BYTES) == page &&
            fault->reason == reason && (reason == GPU_FAULT_ABSENT || fault->access == access))
            return fault;
    }
    return NULL;
}

static struct fault *find_free(struct device *device)
{
    for (size_t i = 0; i < FAULTS_MAX; i++)
        if (device->faults[i].state == FAULT_FREE) return &device->faults[i];
    return NULL;
}

/* The worker's fault: an open one of the same page, or a new one. NULL: there is no place now. */
static struct fault *join(struct worker *worker, uint64_t address, enum gpu_access access,
                          enum gpu_fault reason)
{
    struct device *device = worker->device;
    struct context *context = worker->queue->context;
    struct fault *fault = find_same(device, context, align_down(address, PAGE_BYTES), access, reason);
    if (fault) {
        fault->waiters++;
        return fault;
    }
    fault = find_free(device);
    if (!fault) return NULL;
    *fault = (struct fault){
        .state = FAULT_UNTOLD,
        .number = ++device->fault_count,
        .context = context,
        .address = address,
        .queue = worker->queue->number,
        .access = access,
        .reason = reason,
        .waiters = 1,
    };
    device->events.is_waiting = true;
    events_flush_locked(device);
    return fault;
}

static void leave(struct device *device, struct fault *fault)
{
    fault->waiters--;
    /* One that was told stays until its answer comes, even when nobody cares any more. */
    bool is_open = fault->state == FAULT_TOLD;
    if (fault->waiters || is_open) return;
    fault->state = FAULT_FREE;
    pthread_cond_broadcast(&device->answers);
}

static bool must_give_up(const struct worker *worker)
{
    return queue_is_halted(worker->queue) || __atomic_load_n(&worker->device->is_stopping, __ATOMIC_RELAXED);
}

bool fault_wait(struct worker *worker, uint64_t address, enum gpu_access access, enum gpu_fault reason)
{
    struct device *device = worker->device;
    bool is_fixed = false;
    epoch_leave(worker);
    pthread_mutex_lock(&device->lock);
    struct fault *fault = NULL;
    /* Perhaps it was repaired since, for another worker. */
    struct map_place place;
    is_fixed = map_walk(&device->config.memory, worker->setup.map_table, address, access, &place) != reason;
    while (!is_fixed && !must_give_up(worker) && !(fault = join(worker, address, access, reason)))
        pthread_cond_wait(&device->answers, &device->lock);
    if (fault) {
        worker->fault = fault;
        while ((fault->state == FAULT_UNTOLD || fault->state == FAULT_TOLD) && !must_give_up(worker))
            pthread_cond_wait(&device->answers, &device->lock);
        is_fixed = fault->state == FAULT_FIXED;
        worker->fault = NULL;
        leave(device, fault);
    }
    if (!is_fixed) worker->stop = (struct stop){ GPU_STOP_FAULT, address, access };
    pthread_mutex_unlock(&device->lock);
    epoch_enter(worker);
    return is_fixed;
}

/* The queues that wait for the fault have met it; the other ones of the context stop with them. */
static void stop_context(struct device *device, const struct fault *fault)
{
    for (uint32_t i = 0; i < device->worker_count; i++) {
        struct worker *worker = &device->workers[i];
        if (worker->fault == fault)
            queue_stop_locked(worker->queue, (struct stop){ GPU_STOP_FAULT, fault->address, fault->access });
    }
    for (uint32_t i = 0; i < device->active_count; i++) {
        struct queue *queue = device->queues[device->active[i]];
        if (queue->context == fault->context)
            queue_stop_locked(queue, (struct stop){ .reason = GPU_STOP_CONTEXT, .detail = fault->queue });
    }
}

bool fault_reply_locked(struct device *device, uint64_t number, bool is_fixed)
{
    if (number == 0 || number > device->fault_count) return false;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &device->faults[i];
        if (fault->number != number || fault->state != FAULT_TOLD) continue;
        if (!is_fixed)
            log_line("context %u, queue %u: fault %lu at 0x%lx (access %u, reason %u) was not repaired",
                     fault->context->number, fault->queue, number, fault->address, fault->access,
                     fault->reason);
        fault->state = is_fixed ? FAULT_FIXED : FAULT_FAILED;
        if (!is_fixed) stop_context(device, fault);
        if (!fault->waiters) fault->state = FAULT_FREE;
        pthread_cond_broadcast(&device->answers);
        return true;
    }
    /* It was answered before, or its queue is gone: the kernel cannot know. */
    return true;
}

void fault_forget_context_locked(struct device *device, const struct context *context)
{
    for (size_t i = 0; i < FAULTS_MAX; i++)
        if (device->faults[i].context == context) device->faults[i] = (struct fault){ 0 };
    pthread_cond_broadcast(&device->answers);
}

void fault_wake_locked(struct device *device) { pthread_cond_broadcast(&device->answers); }
