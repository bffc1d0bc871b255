/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/queue.h"

#include "gpu/context_internal.h"
#include "mm/heap.h"

enum { DOORBELL_BYTES = 8, RING_BYTES_MIN = 1024, PERCENT_MAX = 100, PRIORITY_MAX = 15 };

/* ---- numbers ---- */

/* The lowest that is free, from now on in use; `count` when there is none. */
static uint32_t take_bit(uint64_t *bits, uint32_t count)
{
    for (uint32_t word = 0; word * 64 < count; word++) {
        if (bits[word] == UINT64_MAX) continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(~bits[word]);
        if (word * 64 + bit >= count) break;
        bits[word] |= 1ull << bit;
        return word * 64 + bit;
    }
    return count;
}

static void give_bit(uint64_t *bits, uint32_t bit) { bits[bit / 64] &= ~(1ull << bit % 64); }

static err_t take_numbers(struct gpu_context *context, struct gpu_queue *queue) REQUIRES(context->lock)
{
    struct gpu_device *device = context->device;
    uint32_t bells = device->doorbell_bytes / DOORBELL_BYTES, bell = take_bit(context->bells_used, bells);
    if (bell == bells) return ERR_NO_SPACE;
    spin_lock(&device->table_lock);
    queue->number = take_bit(device->queue_numbers, device->queues_max);
    spin_unlock(&device->table_lock);
    queue->doorbell = bell * DOORBELL_BYTES;
    if (queue->number < device->queues_max) return OK;
    give_bit(context->bells_used, bell);
    return ERR_NO_SPACE;
}

static void give_numbers(struct gpu_context *context, const struct gpu_queue *queue) REQUIRES(context->lock)
{
    struct gpu_device *device = context->device;
    spin_lock(&device->table_lock);
    give_bit(device->queue_numbers, queue->number);
    spin_unlock(&device->table_lock);
    give_bit(context->bells_used, queue->doorbell / DOORBELL_BYTES);
}

/* ---- queues ---- */

static err_t check(const struct gpu_queue_request *r)
{
    bool is_good = is_power_of_two(r->ring_bytes) && r->ring_bytes >= RING_BYTES_MIN &&
                   r->percent <= PERCENT_MAX && r->priority <= PRIORITY_MAX;
    return is_good ? OK : ERR_INVALID;
}

static err_t create_locked(struct gpu_context *context, struct gpu_queue *queue) REQUIRES(context->lock)
{
    if (gpu_context_is_lost(context)) return ERR_NO_DEVICE;
    err_t e = take_numbers(context, queue);
    if (failed(e)) return e;
    e = context->device->backend->queue_create(queue);
    if (failed(e))
        give_numbers(context, queue);
    else
        list_push_back(&context->queues, &queue->link);
    return e;
}

err_t gpu_queue_create(struct gpu_context *context, const struct gpu_queue_request *request,
                       struct gpu_queue **out)
{
    err_t e = check(request);
    if (failed(e)) return e;
    struct gpu_queue *queue = heap_alloc(sizeof(*queue));
    if (!queue) return ERR_NO_MEMORY;
    *queue = (struct gpu_queue){ .context = context, .request = *request };
    mutex_lock(&context->lock);
    e = create_locked(context, queue);
    mutex_unlock(&context->lock);
    if (failed(e))
        heap_free(queue);
    else
        *out = queue;
    return e;
}

err_t gpu_queue_update(struct gpu_queue *queue, const struct gpu_queue_request *request)
{
    struct gpu_context *context = queue->context;
    err_t e = request->kind == queue->request.kind ? check(request) : ERR_INVALID;
    if (failed(e)) return e;
    mutex_lock(&context->lock);
    struct gpu_queue_request old = queue->request;
    queue->request = *request;
    e = gpu_context_is_lost(context) ? ERR_NO_DEVICE : context->device->backend->queue_update(queue);
    if (failed(e)) queue->request = old;
    mutex_unlock(&context->lock);
    return e;
}

static void free_locked(struct gpu_context *context, struct gpu_queue *queue) REQUIRES(context->lock)
{
    list_remove(&queue->link);
    give_numbers(context, queue);
}

void gpu_queue_destroy(struct gpu_queue *queue)
{
    struct gpu_context *context = queue->context;
    mutex_lock(&context->lock);
    context->device->backend->queue_destroy(queue);
    free_locked(context, queue);
    mutex_unlock(&context->lock);
    heap_free(queue);
}

void gpu_queues_clear(struct gpu_context *context)
{
    LIST_FOR_EACH_SAFE (node, &context->queues) {
        struct gpu_queue *queue = LIST_ENTRY(node, struct gpu_queue, link);
        free_locked(context, queue);
        heap_free(queue);
    }
}
