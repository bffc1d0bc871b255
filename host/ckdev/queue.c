/* SPDX-License-Identifier: Apache-2.0 */
/* Queues come, are watched, stop, and go. */
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <stdlib.h>

struct queue *queue_create_locked(struct device *device, struct context *context,
                                  const struct gpu_command_queue *setup)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (!queue) return NULL;
    const struct gpu_registers *layout = &device->layout;
    queue->number = setup->number;
    queue->context = context;
    queue->setup = *setup;
    queue->doorbell = (uint64_t *)(device->config.window + layout->doorbells.offset +
                                   (uint64_t)context->number * layout->doorbell_bytes + setup->doorbell);
    /* What means that nothing was rung: AQL's doorbells tell the last packet, the others what is behind it. */
    queue->doorbell_seen = setup->kind == GPU_QUEUE_AQL ? UINT64_MAX : 0;
    __atomic_store_n(queue->doorbell, queue->doorbell_seen, __ATOMIC_RELEASE);
    queue->pass = device->pass;
    device->queues[queue->number] = queue;
    device->active[device->active_count++] = queue->number;
    return queue;
}

void queue_destroy_locked(struct device *device, struct queue *queue)
{
    __atomic_store_n(&queue->is_halted, true, __ATOMIC_RELAXED);
    fault_wake_locked(device);
    pthread_cond_broadcast(&device->work);
    while (queue->users) pthread_cond_wait(&device->idle, &device->lock);

    events_forget_queue_locked(device, queue->number);
    for (uint32_t i = 0; i < device->active_count; i++) {
        if (device->active[i] != queue->number) continue;
        device->active[i] = device->active[--device->active_count];
        break;
    }
    device->queues[queue->number] = NULL;
    if (queue->dispatch) dispatch_put_locked(queue->dispatch);
    free(queue);
}

void queue_stop_locked(struct queue *queue, struct stop stop)
{
    struct device *device = queue->context->device;
    if (queue_is_halted(queue) || !stop.reason) return;
    queue->stop = stop;
    __atomic_store_n(&queue->is_halted, true, __ATOMIC_RELAXED);
    log_line("context %u, queue %u stops: reason %u, 0x%lx, 0x%lx", queue->context->number, queue->number,
             stop.reason, stop.detail, stop.words);
    events_stop_locked(device, queue);
    fault_wake_locked(device);
    pthread_cond_broadcast(&device->work);
}

void queue_stop(struct queue *queue, struct stop stop)
{
    struct device *device = queue->context->device;
    pthread_mutex_lock(&device->lock);
    queue_stop_locked(queue, stop);
    pthread_mutex_unlock(&device->lock);
}

bool queues_watch_locked(struct device *device, bool *busy)
{
    bool is_new = false, any_users = false;
    uint64_t now = 0;
    for (uint32_t i = 0; i < device->active_count; i++) {
        struct queue *queue = device->queues[device->active[i]];
        if (queue->is_halted || queue->setup.percent == 0) continue;
        if (queue->users || queue->dispatch) any_users = true;
        uint64_t doorbell = __atomic_load_n(queue->doorbell, __ATOMIC_ACQUIRE);
        bool is_rung = doorbell != queue->doorbell_seen;
        if (queue->retry_ns) {
            if (!now) now = clock_ns();
            if (now >= queue->retry_ns) is_rung = true;
            any_users = true;
        }
        if (!is_rung) continue;
        queue->doorbell_seen = doorbell;
        queue->retry_ns = 0;
        queue->is_ready = true;
        is_new = true;
    }
    if (is_new) scheduler_wake_locked(device);
    *busy = any_users;
    return is_new;
}
