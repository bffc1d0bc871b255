/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/device.h"

#include "core/log.h"
#include "gpu/context_internal.h"
#include "mm/heap.h"

static struct gpu_device *devices[GPU_DEVICES_MAX];
static uint32_t device_count; /* fixed after boot */

void gpu_device_fini(struct gpu_device *device)
{
    vram_fini(&device->vram);
    heap_free(device->contexts);
    heap_free(device->queue_numbers);
}

err_t gpu_device_init(struct gpu_device *device)
{
    mutex_init(&device->events);
    mutex_init(&device->lock);
    device->table_lock = (struct spinlock)SPINLOCK_INIT;
    device->contexts = heap_alloc_zeroed(device->contexts_max * sizeof(struct gpu_context *));
    device->queue_numbers = heap_alloc_zeroed((device->queues_max + 63) / 64 * sizeof(uint64_t));
    err_t e = device->contexts && device->queue_numbers ? OK : ERR_NO_MEMORY;
    if (!failed(e)) e = vram_init(&device->vram, device->vram_bytes);
    if (failed(e)) gpu_device_fini(device);
    return e;
}

err_t gpu_device_add(struct gpu_device *device)
{
    if (device_count == GPU_DEVICES_MAX) return ERR_NO_SPACE;
    err_t e = gpu_device_init(device);
    if (failed(e)) return e;
    device->number = device_count;
    devices[device_count++] = device;
    log_info("gpu%u: %s, %u compute units, %llu MiB, by %s", device->number, device->identity.name,
             device->identity.compute_units, (unsigned long long)(device->vram_bytes >> 20),
             device->backend->name);
    return OK;
}

struct gpu_device *gpu_device_find(uint32_t number) { return number < device_count ? devices[number] : NULL; }

uint64_t gpu_device_free_vram(struct gpu_device *device)
{
    mutex_lock(&device->lock);
    uint64_t bytes = device->vram.free_bytes;
    mutex_unlock(&device->lock);
    return bytes;
}

err_t gpu_device_recover(struct gpu_device *device)
{
    err_t e = OK;
    mutex_lock(&device->events);
    if (device->is_lost) e = device->backend->reset(device);
    if (!failed(e)) __atomic_store_n(&device->is_lost, false, __ATOMIC_RELEASE);
    mutex_unlock(&device->events);
    return e;
}

/* ---- news: whoever holds `events` keeps the context, for its owner takes that to end it ---- */

static struct gpu_context *find(struct gpu_device *device, uint32_t number) REQUIRES(device->events)
{
    spin_lock(&device->table_lock);
    struct gpu_context *context = number < device->contexts_max ? device->contexts[number] : NULL;
    spin_unlock(&device->table_lock);
    return context;
}

void gpu_tell_signal(struct gpu_device *device, uint32_t number, const struct gpu_event_signal *signal)
{
    spin_lock(&device->table_lock);
    const struct gpu_context *context = number < device->contexts_max ? device->contexts[number] : NULL;
    if (context) context->owner->signal(context->owner, signal);
    spin_unlock(&device->table_lock);
}

void gpu_tell_fault(struct gpu_device *device, uint32_t number, const struct gpu_event_fault *fault)
{
    mutex_lock(&device->events);
    struct gpu_context *context = find(device, number);
    if (context) {
        bool is_fixed = gpu_context_fix_fault(context, fault);
        if (!is_fixed) context->owner->fault(context->owner, fault);
        device->backend->fault_reply(context, fault->number, is_fixed);
    }
    mutex_unlock(&device->events);
}

void gpu_tell_stopped(struct gpu_device *device, uint32_t number, const struct gpu_event_stopped *why)
{
    mutex_lock(&device->events);
    struct gpu_context *context = find(device, number);
    if (context) context->owner->stopped(context->owner, why);
    mutex_unlock(&device->events);
}

static void for_each_context(struct gpu_device *device, void (*act)(struct gpu_context *context))
    REQUIRES(device->events)
{
    for (uint32_t i = 0; i < device->contexts_max; i++) {
        struct gpu_context *context = find(device, i);
        if (context) act(context);
    }
}

void gpu_tell_idle(struct gpu_device *device)
{
    mutex_lock(&device->events);
    for_each_context(device, gpu_context_hide_doorbells);
    mutex_unlock(&device->events);
}

static void lose(struct gpu_context *context)
{
    __atomic_store_n(&context->is_lost, true, __ATOMIC_RELEASE);
    context->owner->lost(context->owner);
}

void gpu_tell_lost(struct gpu_device *device)
{
    mutex_lock(&device->events);
    if (!device->is_lost) log_error("gpu%u: lost, and all that ran on it", device->number);
    __atomic_store_n(&device->is_lost, true, __ATOMIC_RELEASE);
    for_each_context(device, lose);
    mutex_unlock(&device->events);
}
