/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/context_internal.h"

#include "gpu/memory_internal.h"
#include "mm/heap.h"
#include "vm/space.h"

enum { DOORBELL_BYTES = 8 };

/* ---- its number ---- */

static err_t take_number(struct gpu_context *context)
{
    struct gpu_device *device = context->device;
    err_t e = ERR_NO_SPACE;
    spin_lock(&device->table_lock);
    for (uint32_t i = 0; i < device->contexts_max && failed(e); i++) {
        if (device->contexts[i]) continue;
        device->contexts[i] = context;
        device->contexts_end = MAX(device->contexts_end, i + 1);
        context->number = i;
        e = OK;
    }
    spin_unlock(&device->table_lock);
    return e;
}

static void give_number(struct gpu_context *context)
{
    struct gpu_device *device = context->device;
    spin_lock(&device->table_lock);
    device->contexts[context->number] = NULL;
    while (device->contexts_end && !device->contexts[device->contexts_end - 1]) device->contexts_end--;
    spin_unlock(&device->table_lock);
}

/* ---- the space that it mirrors ---- */

static void begin_watching(struct gpu_context *context)
{
    struct space *space = context->space;
    context->watch.forget = gpu_mirrors_forget;
    mutex_lock(&space->lock);
    page_table_watch(&space->page_table, &context->watch);
    mutex_unlock(&space->lock);
}

/* At once for whoever changes the program's memory: before it is stopped the GPU has to be told, and afterwards there is
 * nobody to tell. */
static void stop_and_end_watching(struct gpu_context *context)
{
    struct space *space = context->space;
    mutex_lock(&space->lock);
    context->device->backend->context_stop(context);
    page_table_unwatch(&space->page_table, &context->watch);
    mutex_unlock(&space->lock);
}

/* ---- the context ---- */

static void free_context(struct gpu_context *context)
{
    if (context->bell) gpu_memory_put(context->bell);
    heap_free(context->bells_used);
    space_put(context->space);
    heap_free(context);
}

static struct gpu_context *alloc_context(struct gpu_device *device, struct space *space,
                                         struct gpu_owner *owner)
{
    struct gpu_context *context = heap_alloc_zeroed(sizeof(*context));
    if (!context) return NULL;
    context->device = device;
    context->owner = owner;
    context->space = space_get(space);
    mutex_init(&context->lock);
    list_init(&context->mirrors);
    list_init(&context->queues);
    uint32_t words = (device->doorbell_bytes / DOORBELL_BYTES + 63) / 64;
    context->bells_used = heap_alloc_zeroed(words * sizeof(uint64_t));
    if (context->bells_used) return context;
    free_context(context);
    return NULL;
}

err_t gpu_context_create(struct gpu_device *device, struct space *space, struct gpu_owner *owner,
                         struct gpu_context **out)
{
    struct gpu_context *context = alloc_context(device, space, owner);
    if (!context) return ERR_NO_MEMORY;
    mutex_lock(&device->events);
    err_t e = device->is_lost ? ERR_NO_DEVICE : take_number(context);
    if (failed(e)) goto free;
    e = gpu_memory_create_bell(device, context->number, &context->bell);
    if (!failed(e)) e = device->backend->context_create(context);
    if (failed(e)) goto give_number;
    mutex_unlock(&device->events);
    begin_watching(context);
    *out = context;
    return OK;

give_number:
    give_number(context);
free:
    mutex_unlock(&device->events);
    free_context(context);
    return e;
}

void gpu_context_destroy(struct gpu_context *context)
{
    struct gpu_device *device = context->device;
    /* No news from here on; the number is nobody's once the device has forgotten it, too. */
    mutex_lock(&device->events);
    mutex_lock(&context->lock);
    stop_and_end_watching(context);
    gpu_context_close_doorbells(context);
    give_number(context);
    mutex_unlock(&device->events);
    gpu_queues_clear(context);
    gpu_maps_clear(context);
    device->backend->context_free(context);
    mutex_unlock(&context->lock);
    free_context(context);
}

err_t gpu_context_set_apertures(struct gpu_context *context, const struct gpu_apertures *apertures)
{
    mutex_lock(&context->lock);
    struct gpu_apertures old = context->apertures;
    context->apertures = *apertures;
    err_t e = context->device->backend->context_update(context);
    if (failed(e)) context->apertures = old;
    mutex_unlock(&context->lock);
    return e;
}
