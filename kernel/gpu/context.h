/* SPDX-License-Identifier: Apache-2.0 */
/* A program's use of a GPU: an address space there, what is mapped in it, and its queues. */
#pragma once
#include "gpu/device.h"
#include "lib/tree.h"
#include "vm/space.h"

/* Whoever made the context. It stays until gpu_context_destroy has returned. */
struct gpu_owner {
    /* The GPU raised the program's signal `number`. Any context; takes no mutex. */
    void (*signal)(struct gpu_owner *owner, uint32_t number);
    /* An access that nothing could be found for; the context's queues stop. Threads. */
    void (*fault)(struct gpu_owner *owner, const struct gpu_event_fault *fault);
    /* A queue does nothing more. Threads. `queue` may be NULL by now. */
    void (*stopped)(struct gpu_owner *owner, struct gpu_queue *queue, const struct gpu_event_stopped *why);
    /* The GPU was lost and the context with it: every operation but the destruction of things fails with
     * ERR_NO_DEVICE from now on. Threads. */
    void (*lost)(struct gpu_owner *owner);
};

struct gpu_context {
    struct gpu_device *device;
    struct gpu_owner *owner;
    struct space *space; /* the program's, a reference of ours: for memory of the kind USER */
    uint32_t number;     /* on the device */
    bool is_lost;        /* atomic */
    struct gpu_apertures apertures;
    void *backend_data;
    struct mutex lock; /* guards the rest */
    struct tree maps;  /* of struct gpu_map, by address */
    struct list queues;
    struct list link;        /* in device.contexts; under its lock */
    uint64_t *doorbells;     /* bitmap of those in use */
    struct gpu_memory *bell; /* the page of doorbells, as memory that a program can map */
    struct page_table_watch watch; /* of the space: mm/page_table.h */
};

/* ERR_NO_MEMORY, ERR_NO_DEVICE, ERR_LIMIT (too many contexts). Waits, as the next ones. */
err_t gpu_context_create(struct gpu_device *device, struct space *space, struct gpu_owner *owner,
                         struct gpu_context **out);
/* With its queues and maps; the program may have been killed at any point. */
void gpu_context_destroy(struct gpu_context *context);
err_t gpu_context_set_apertures(struct gpu_context *context, const struct gpu_apertures *apertures)
    EXCLUDES(context->lock);
static inline bool gpu_context_is_lost(const struct gpu_context *context)
{
    return __atomic_load_n(&context->is_lost, __ATOMIC_ACQUIRE);
}
