/* SPDX-License-Identifier: Apache-2.0 */
/* A program's use of a GPU: an address space there, what is mapped in it, and its queues. */
#pragma once
#include "gpu/device.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "mm/page_table.h"

struct space;

/* Whoever made the context; stays until gpu_context_destroy has returned. What is called by threads is called under
 * device.events, so it takes no lock that is held around gpu_context_create or _destroy, and calls neither. */
struct gpu_owner {
    /* The GPU raised one of the program's signals, or one of those that its number may mean. Any context; takes spin
     * locks only. */
    void (*signal)(struct gpu_owner *owner, const struct gpu_event_signal *signal);
    /* An access for which nothing could be found. The context's queues stop. Threads. */
    void (*fault)(struct gpu_owner *owner, const struct gpu_event_fault *fault);
    /* A queue does nothing more; why->queue is its number. Threads. */
    void (*stopped)(struct gpu_owner *owner, const struct gpu_event_stopped *why);
    /* The GPU was lost, and the context with it: everything but destroying things fails with ERR_NO_DEVICE from now
     * on. Threads. */
    void (*lost)(struct gpu_owner *owner);
};

struct gpu_context {
    struct gpu_device *device;
    struct gpu_owner *owner;
    struct space *space; /* the program's; a reference of ours */
    uint32_t number;     /* on the device */
    bool is_lost;        /* atomic */
    void *backend_data;
    struct gpu_memory *bell;       /* its piece of doorbells, which a program may map */
    struct page_table_watch watch; /* on the space */
    struct list mirrors;           /* of gpu_map.mirror: maps of the program's own memory; under space.lock */
    struct mutex lock;             /* guards the rest */
    struct gpu_apertures apertures;
    struct tree maps; /* of struct gpu_map, by address */
    struct list queues;
    uint64_t *bells_used; /* a bit for each doorbell */
};

/* For the program that runs in `space`. ERR_NO_MEMORY; ERR_NO_SPACE: too many contexts; ERR_NO_DEVICE. Waits, as the next
 * ones. */
err_t gpu_context_create(struct gpu_device *device, struct space *space, struct gpu_owner *owner,
                         struct gpu_context **out) EXCLUDES(device->events);
/* With its queues and maps, whatever they do. */
void gpu_context_destroy(struct gpu_context *context);
err_t gpu_context_set_apertures(struct gpu_context *context, const struct gpu_apertures *apertures)
    EXCLUDES(context->lock);
static inline bool gpu_context_is_lost(const struct gpu_context *context)
{
    return __atomic_load_n(&context->is_lost, __ATOMIC_ACQUIRE);
}
