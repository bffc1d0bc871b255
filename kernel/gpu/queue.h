/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: rings in memory of the program, which the GPU reads by itself. The kernel makes them and ends them, and is not
 * on the way of what passes through them. */
#pragma once
#include "gpu/context.h"

struct gpu_queue {
    struct gpu_context *context;
    struct gpu_queue_request request;
    uint32_t number;   /* on the device */
    uint32_t doorbell; /* where it is in the context's piece of doorbells, in bytes */
    struct list link;  /* in context.queues */
};

/* ERR_INVALID: a ring of a size that is none; addresses are the GPU's to judge. ERR_NO_SPACE: no number or doorbell is
 * left. ERR_NO_MEMORY, ERR_NO_DEVICE. Waits, as the next two. */
err_t gpu_queue_create(struct gpu_context *context, const struct gpu_queue_request *request,
                       struct gpu_queue **out) EXCLUDES(context->lock);
/* Another ring, share or priority; the kind stays. */
err_t gpu_queue_update(struct gpu_queue *queue, const struct gpu_queue_request *request);
void gpu_queue_destroy(struct gpu_queue *queue);
