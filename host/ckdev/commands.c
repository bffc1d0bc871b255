/* SPDX-License-Identifier: Apache-2.0 */
/* The command ring: what the kernel asks, in order. An entry is copied, checked, and then done. */
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <string.h>

static struct context *find_context(struct device *device, uint32_t number)
{
    if (number >= WINDOW_CONTEXTS || !device->contexts[number].is_used) return NULL;
    return &device->contexts[number];
}

/* A table's first page is in RAM. */
static bool is_table(struct device *device, uint64_t address)
{
    uint64_t room = 0;
    return is_aligned(address, PAGE_BYTES) && memory_ram(&device->config.memory, address, false, &room) &&
           room >= PAGE_BYTES;
}

/* Apertures are 4 GiB each, and not the same. 0: the engine's own. */
static bool are_apertures(const struct gpu_command_context *setup)
{
    return is_aligned(setup->local_base, 1ull << 32) && is_aligned(setup->scratch_base, 1ull << 32) &&
           (setup->local_base != setup->scratch_base || !setup->local_base);
}

static enum gpu_result context_create(struct device *device, const struct gpu_command *command)
{
    if (command->context >= WINDOW_CONTEXTS || device->contexts[command->context].is_used)
        return GPU_RESULT_INVALID;
    if (!is_table(device, command->create.map_table) || !are_apertures(&command->create))
        return GPU_RESULT_INVALID;
    struct context *context = &device->contexts[command->context];
    context->is_used = true;
    context->number = command->context;
    context->device = device;
    context->setup = command->create;
    gfx9_memory_init(&context->memory, access_translate);
    return GPU_RESULT_DONE;
}

static enum gpu_result context_update(struct device *device, const struct gpu_command *command)
{
    struct context *context = find_context(device, command->context);
    if (!context || !are_apertures(&command->create)) return GPU_RESULT_INVALID;
    if (command->create.map_table != context->setup.map_table) return GPU_RESULT_INVALID;
    pthread_mutex_lock(&device->lock);
    context->setup = command->create;
    pthread_mutex_unlock(&device->lock);
    return GPU_RESULT_DONE;
}

/* Nothing that was translated in the context before is used afterwards. */
static void forget_translations(struct device *device, struct context *context)
{
    gfx9_memory_changed(&context->memory);
    epoch_wait(device);
}

static enum gpu_result context_destroy(struct device *device, const struct gpu_command *command)
{
    struct context *context = find_context(device, command->context);
    if (!context) return GPU_RESULT_INVALID;
    pthread_mutex_lock(&device->lock);
    for (uint32_t i = device->active_count; i-- > 0;) {
        struct queue *queue = device->queues[device->active[i]];
        if (queue->context == context) queue_destroy_locked(device, queue);
    }
    fault_forget_context_locked(device, context);
    events_forget_context_locked(device, context->number);
    context->is_used = false;
    pthread_mutex_unlock(&device->lock);
    /* The number's next owner must not meet the code of this one. */
    __atomic_add_fetch(&device->code_epoch, 1, __ATOMIC_ACQ_REL);
    forget_translations(device, context);
    return GPU_RESULT_DONE;
}

static enum gpu_result invalidate(struct device *device, const struct gpu_command *command)
{
    struct context *context = find_context(device, command->context);
    uint64_t end = 0, limit = 1ull << MAP_ADDRESS_BITS;
    if (!context || !is_aligned(command->range.address | command->range.bytes, PAGE_BYTES) ||
        add_overflows(command->range.address, command->range.bytes, &end) || end > limit)
        return GPU_RESULT_INVALID;
    forget_translations(device, context);
    return GPU_RESULT_DONE;
}

static enum gpu_result check_queue(const struct device *device, const struct gpu_command_queue *setup)
{
    if (setup->number >= WINDOW_QUEUES || setup->percent > 100 || setup->priority > 15)
        return GPU_RESULT_INVALID;
    if (setup->kind == GPU_QUEUE_PM4) return GPU_RESULT_REFUSED;
    if (setup->kind != GPU_QUEUE_AQL && setup->kind != GPU_QUEUE_SDMA) return GPU_RESULT_INVALID;
    if (!is_power_of_two(setup->ring_bytes) || setup->ring_bytes < 1024 || !is_aligned(setup->ring, 64))
        return GPU_RESULT_INVALID;
    if (!is_aligned(setup->read_pointer | setup->write_pointer | setup->doorbell, 8))
        return GPU_RESULT_INVALID;
    return setup->doorbell < device->layout.doorbell_bytes ? GPU_RESULT_DONE : GPU_RESULT_INVALID;
}

static enum gpu_result queue_create(struct device *device, const struct gpu_command *command)
{
    struct context *context = find_context(device, command->context);
    enum gpu_result result = check_queue(device, &command->queue);
    if (!context || result == GPU_RESULT_INVALID) return GPU_RESULT_INVALID;
    if (result != GPU_RESULT_DONE) return result;
    pthread_mutex_lock(&device->lock);
    for (uint32_t i = 0; i < device->active_count; i++) {
        const struct queue *other = device->queues[device->active[i]];
        bool is_same = other->context == context && other->setup.doorbell == command->queue.doorbell;
        if (is_same || other->number == command->queue.number) result = GPU_RESULT_INVALID;
    }
    if (result == GPU_RESULT_DONE && !queue_create_locked(device, context, &command->queue))
        result = GPU_RESULT_NO_SPACE;
    pthread_mutex_unlock(&device->lock);
    return result;
}

/* The queue that a command names, if it is one of its context. */
static struct queue *find_queue(struct device *device, const struct gpu_command *command)
{
    uint32_t number = command->queue.number;
    struct queue *queue = number < WINDOW_QUEUES ? device->queues[number] : NULL;
    return queue && queue->context == find_context(device, command->context) ? queue : NULL;
}

static enum gpu_result queue_update(struct device *device, const struct gpu_command *command)
{
    struct gpu_command_queue setup = command->queue;
    pthread_mutex_lock(&device->lock);
    struct queue *queue = find_queue(device, command);
    enum gpu_result result = GPU_RESULT_INVALID;
    if (queue) {
        /* The kind, its pointers and its doorbell stay as they are. */
        struct gpu_command_queue next = queue->setup;
        next.ring = setup.ring;
        next.ring_bytes = setup.ring_bytes;
        next.percent = setup.percent;
        next.priority = setup.priority;
        result = check_queue(device, &next);
        if (result == GPU_RESULT_DONE) queue->setup = next;
        queue->is_ready = true;
        scheduler_wake_locked(device);
    }
    pthread_mutex_unlock(&device->lock);
    return result;
}

static enum gpu_result queue_destroy(struct device *device, const struct gpu_command *command)
{
    pthread_mutex_lock(&device->lock);
    struct queue *queue = find_queue(device, command);
    if (queue) queue_destroy_locked(device, queue);
    pthread_mutex_unlock(&device->lock);
    return queue ? GPU_RESULT_DONE : GPU_RESULT_INVALID;
}

static enum gpu_result clear(struct device *device, const struct gpu_command *command)
{
    uint64_t end = 0;
    if (!is_aligned(command->clear.offset | command->clear.bytes, PAGE_BYTES) ||
        add_overflows(command->clear.offset, command->clear.bytes, &end) || end > device->layout.vram.bytes)
        return GPU_RESULT_INVALID;
    if (command->clear.bytes)
        memory_clear_vram(&device->config.memory, command->clear.offset, command->clear.bytes);
    return GPU_RESULT_DONE;
}

static enum gpu_result fault_reply(struct device *device, const struct gpu_command *command)
{
    if (command->reply.is_fixed > 1) return GPU_RESULT_INVALID;
    pthread_mutex_lock(&device->lock);
    bool is_known = fault_reply_locked(device, command->reply.fault, command->reply.is_fixed);
    pthread_mutex_unlock(&device->lock);
    return is_known ? GPU_RESULT_DONE : GPU_RESULT_INVALID;
}

static enum gpu_result execute(struct device *device, struct gpu_command *command)
{
    switch (command->kind) {
    case GPU_COMMAND_CONTEXT_CREATE: return context_create(device, command);
    case GPU_COMMAND_CONTEXT_DESTROY: return context_destroy(device, command);
    case GPU_COMMAND_CONTEXT_UPDATE: return context_update(device, command);
    case GPU_COMMAND_INVALIDATE: return invalidate(device, command);
    case GPU_COMMAND_QUEUE_CREATE: return queue_create(device, command);
    case GPU_COMMAND_QUEUE_UPDATE: return queue_update(device, command);
    case GPU_COMMAND_QUEUE_DESTROY: return queue_destroy(device, command);
    case GPU_COMMAND_CLEAR: return clear(device, command);
    case GPU_COMMAND_FAULT_REPLY: return fault_reply(device, command);
    case GPU_COMMAND_CLOCK: command->words[0] = clock_ns(); return GPU_RESULT_DONE;
    default: return GPU_RESULT_INVALID;
    }
}

static uint64_t read_tail(const struct device *device)
{
    return __atomic_load_n(&device->registers->command_tail, __ATOMIC_ACQUIRE);
}

bool commands_are_waiting(struct device *device) { return read_tail(device) != device->command_head; }

bool commands_serve(struct device *device)
{
    uint64_t waiting = read_tail(device) - device->command_head;
    if (!waiting) return false;
    if (waiting > WINDOW_COMMANDS) {
        device_fail(device, "command_tail is %lu commands ahead of command_head", waiting);
        return false;
    }
    struct gpu_command *ring = (struct gpu_command *)(device->config.window + device->layout.commands.offset);
    struct gpu_command *entry = &ring[device->command_head % WINDOW_COMMANDS], command;
    memcpy(&command, entry, sizeof command);
    enum gpu_result result = execute(device, &command);
    if (result != GPU_RESULT_DONE)
        log_line("command %lu, kind %u, of context %u: %s", device->command_head, command.kind,
                 command.context,
                 result == GPU_RESULT_INVALID    ? "makes no sense"
                 : result == GPU_RESULT_NO_SPACE ? "finds no room"
                                                 : "is nothing this engine has");
    if (command.kind == GPU_COMMAND_CLOCK) entry->words[0] = command.words[0];
    entry->result = result;
    device->command_head++;
    __atomic_store_n(&device->registers->command_head, device->command_head, __ATOMIC_RELEASE);
    if (command.flags & GPU_COMMAND_NOTIFY) events_interrupt(device);
    return true;
}
