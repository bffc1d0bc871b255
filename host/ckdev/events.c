/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/device_internal.h"

#include <string.h>
#include <sys/eventfd.h>

void events_interrupt(struct device *device)
{
    /* Fails only when the counter is full, and then an interrupt is on its way. */
    (void)eventfd_write(device->config.interrupt_fd, 1);
}

/* False: no room. */
static bool tell(struct device *device, const struct gpu_event *event)
{
    uint64_t head = __atomic_load_n(&device->registers->event_head, __ATOMIC_ACQUIRE);
    uint64_t unread = device->events.tail - head;
    if (unread > WINDOW_EVENTS) {
        device_fail_locked(device, "event_head is %lu, but only %lu events were told", head,
                           device->events.tail);
        return false;
    }
    if (unread == WINDOW_EVENTS) return false;
    struct gpu_event *ring = (struct gpu_event *)(device->config.window + device->layout.events.offset);
    ring[device->events.tail++ % WINDOW_EVENTS] = *event;
    return true;
}

static bool tell_faults(struct device *device)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &device->faults[i];
        if (fault->state != FAULT_UNTOLD) continue;
        struct gpu_event event = {
            .kind = GPU_EVENT_FAULT,
            .context = fault->context->number,
            .fault = { .number = fault->number,
                       .address = fault->address,
                       .queue = fault->queue,
                       .access = (uint16_t)fault->access,
                       .reason = (uint16_t)fault->reason },
        };
        if (!tell(device, &event)) return false;
        fault->state = FAULT_TOLD;
    }
    return true;
}

static bool tell_stops(struct device *device)
{
    for (uint32_t i = 0; i < device->active_count; i++) {
        uint32_t number = device->active[i];
        if (!device->events.has_stopped[number]) continue;
        if (!tell(device, &device->events.stopped[number])) return false;
        device->events.has_stopped[number] = false;
    }
    return true;
}

/* The signals of a bit map, whose numbers are known as far as `known_bits`. */
static bool tell_bits(struct device *device, uint32_t context, uint64_t *words, size_t count,
                      uint32_t known_bits)
{
    for (size_t i = 0; i < count; i++) {
        while (words[i]) {
            uint32_t bit = (uint32_t)__builtin_ctzll(words[i]);
            struct gpu_event event = { .kind = GPU_EVENT_SIGNAL,
                                       .context = context,
                                       .signal = { .number = (uint32_t)i * 64 + bit,
                                                   .known_bits = known_bits } };
            if (!tell(device, &event)) return false;
            words[i] &= words[i] - 1;
        }
    }
    return true;
}

static bool tell_signals(struct device *device)
{
    struct events *events = &device->events;
    for (uint32_t i = 0; i < WINDOW_CONTEXTS; i++) {
        if (!events->has_signals[i]) continue;
        if (!tell_bits(device, i, events->signals[i], ARRAY_LENGTH(events->signals[i]), 0)) return false;
        if (!tell_bits(device, i, events->short_signals[i], ARRAY_LENGTH(events->short_signals[i]),
                       EVENT_SHORT_BITS))
            return false;
        events->has_signals[i] = false;
    }
    return true;
}

static bool tell_arm(struct device *device)
{
    if (!device->events.arm_asked) return true;
    struct gpu_event event = { .kind = GPU_EVENT_ARM, .arm = { device->events.arm_asked } };
    if (!tell(device, &event)) return false;
    device->events.arm_asked = 0;
    return true;
}

void events_flush_locked(struct device *device)
{
    if (!device->events.is_waiting) return;
    uint64_t before = device->events.tail;
    /* Faults and ends first: a program that signals without end delays nobody's. */
    bool is_all = tell_faults(device) && tell_stops(device) && tell_arm(device) && tell_signals(device);
    device->events.is_waiting = !is_all;
    if (device->events.tail == before) return;
    __atomic_store_n(&device->registers->event_tail, device->events.tail, __ATOMIC_RELEASE);
    events_interrupt(device);
}

/* Whether the kernel is to be told, too. */
static bool raise_signal(const struct context *context, uint32_t number)
{
    const struct device *device = context->device;
    struct gpu_signals *all = (struct gpu_signals *)(device->config.window + device->layout.signals.offset);
    struct gpu_signals *s = &all[context->number];
    uint64_t bit = 1ull << number % 64;
    uint64_t before = __atomic_fetch_or(&s->raised[number / 64], bit, __ATOMIC_SEQ_CST);
    return !(before & bit) && (__atomic_load_n(&s->awaited[number / 64], __ATOMIC_SEQ_CST) & bit);
}

void events_signal(struct context *context, uint32_t number, uint32_t known_bits)
{
    struct device *device = context->device;
    if (number >= (known_bits ? 1u << known_bits : GPU_SIGNALS_MAX)) return;
    if (!known_bits && !raise_signal(context, number)) return;
    pthread_mutex_lock(&device->lock);
    struct events *events = &device->events;
    uint64_t *words = known_bits ? events->short_signals[context->number] : events->signals[context->number];
    words[number / 64] |= 1ull << number % 64;
    events->has_signals[context->number] = true;
    events->is_waiting = true;
    events_flush_locked(device);
    pthread_mutex_unlock(&device->lock);
}

void events_stop_locked(struct device *device, const struct queue *queue)
{
    device->events.stopped[queue->number] = (struct gpu_event){
        .kind = GPU_EVENT_STOPPED,
        .context = queue->context->number,
        .stopped = { queue->number, queue->stop.reason, queue->stop.detail, queue->stop.words },
    };
    device->events.has_stopped[queue->number] = true;
    device->events.is_waiting = true;
    events_flush_locked(device);
}

void events_arm_locked(struct device *device, uint32_t request)
{
    device->events.arm_asked = request;
    device->events.is_waiting = true;
    events_flush_locked(device);
}

void events_forget_context_locked(struct device *device, uint32_t context)
{
    memset(device->events.signals[context], 0, sizeof device->events.signals[context]);
    memset(device->events.short_signals[context], 0, sizeof device->events.short_signals[context]);
    device->events.has_signals[context] = false;
}

void events_forget_queue_locked(struct device *device, uint32_t queue)
{
    device->events.has_stopped[queue] = false;
}
