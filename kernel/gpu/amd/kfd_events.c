/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/amd/kfd_events_internal.h"

#include "mm/heap.h"

void kfd_events_init(struct kfd_events *events)
{
    events->lock = (struct spinlock)SPINLOCK_INIT;
    spin_set_class(&events->lock, "kfd_events.lock");
    id_table_init(&events->table, 1,
                  LINUX_KFD_SIGNAL_EVENT_LIMIT); /* 0 is what a GPU says that means nobody */
}

void kfd_events_fini(struct kfd_events *events)
{
    struct kfd_event *event;
    for (uint32_t id = 0; (event = id_table_next(&events->table, &id)); id++) {
        ASSERT(list_is_empty(&event->waiters));
        heap_free(event);
    }
    id_table_fini(&events->table);
}

/* ---- GPUs ---- */

static void await_signal(struct gpu_context *context, const struct kfd_event *event, bool is_awaited)
{
    if (event->type == LINUX_KFD_IOC_EVENT_SIGNAL)
        context->device->backend->await_signal(context, event->id, is_awaited);
}

void kfd_events_attach(struct kfd_events *events, struct gpu_context *context)
{
    struct kfd_event *event;
    spin_lock(&events->lock);
    events->contexts[events->context_count++] = context;
    for (uint32_t id = 0; (event = id_table_next(&events->table, &id)); id++)
        if (!list_is_empty(&event->waiters)) await_signal(context, event, true);
    spin_unlock(&events->lock);
}

void kfd_events_detach(struct kfd_events *events)
{
    spin_lock(&events->lock);
    events->context_count = 0;
    spin_unlock(&events->lock);
}

void event_await_locked(struct kfd_events *events, const struct kfd_event *event, bool is_awaited)
{
    for (uint32_t i = 0; i < events->context_count; i++) await_signal(events->contexts[i], event, is_awaited);
}

bool event_take_locked(struct kfd_events *events, const struct kfd_event *event)
{
    bool is_raised = false;
    if (event->type != LINUX_KFD_IOC_EVENT_SIGNAL) return false;
    for (uint32_t i = 0; i < events->context_count; i++) {
        struct gpu_context *context = events->contexts[i];
        is_raised |= context->device->backend->take_signal(context, event->id);
    }
    return is_raised;
}

/* ---- making and destroying ---- */

err_t kfd_event_make(struct kfd_events *events, uint32_t type, bool is_auto_reset, uint32_t *id)
{
    struct kfd_event *event = heap_alloc_zeroed(sizeof(*event));
    if (!event) return ERR_NO_MEMORY;
    err_t e = id_table_reserve(&events->table, id);
    if (failed(e)) {
        heap_free(event);
        return e;
    }
    event->id = *id;
    event->type = type;
    event->is_auto_reset = is_auto_reset;
    list_init(&event->waiters);
    spin_lock(&events->lock);
    event_take_locked(events, event); /* one for the event that had the number before */
    id_table_set(&events->table, *id, event);
    spin_unlock(&events->lock);
    return OK;
}

err_t kfd_event_end(struct kfd_events *events, uint32_t id)
{
    spin_lock(&events->lock);
    struct kfd_event *event = id_table_get(&events->table, id);
    if (event) {
        id_table_set(&events->table, id, NULL);
        event_await_locked(events, event, false);
    }
    while (event && !list_is_empty(&event->waiters)) {
        struct event_waiter *w = LIST_ENTRY(event->waiters.next, struct event_waiter, link);
        list_remove(&w->link);
        w->event = NULL;
        w->sleeper->is_broken = true;
        sleeper_look_locked(w->sleeper);
    }
    spin_unlock(&events->lock);
    heap_free(event);
    return event ? OK : ERR_INVALID;
}

/* ---- raising ---- */

void sleeper_look_locked(struct sleeper *s)
{
    uint32_t wanted = s->is_for_all ? s->count : MIN(s->count, 1u);
    if (!s->is_broken && s->raised < wanted) return;
    spin_lock_off(&s->queue.lock);
    s->is_done = true;
    wait_wake_all_locked(&s->queue);
    spin_unlock_off(&s->queue.lock);
}

/* With auto-reset it is down again at once where somebody waits, and all who wait have seen it, as on Linux. */
void event_raise_locked(struct kfd_event *event)
{
    event->is_raised = !event->is_auto_reset || list_is_empty(&event->waiters);
    LIST_FOR_EACH (node, &event->waiters) {
        struct event_waiter *w = LIST_ENTRY(node, struct event_waiter, link);
        if (w->is_raised) continue;
        w->is_raised = true;
        w->sleeper->raised++;
        sleeper_look_locked(w->sleeper);
    }
}

static struct kfd_event *find_signal_locked(struct kfd_events *events, uint32_t id)
{
    struct kfd_event *event = id_table_get(&events->table, id);
    return event && event->type == LINUX_KFD_IOC_EVENT_SIGNAL ? event : NULL;
}

void kfd_event_signal(struct kfd_events *events, uint32_t id)
{
    spin_lock(&events->lock);
    struct kfd_event *event = find_signal_locked(events, id);
    if (likely(event)) event_raise_locked(event);
    spin_unlock(&events->lock);
}

err_t kfd_event_change(struct kfd_events *events, uint32_t id, bool is_raised)
{
    spin_lock(&events->lock);
    struct kfd_event *event = find_signal_locked(events, id);
    if (event && is_raised) event_raise_locked(event);
    if (event && !is_raised) event->is_raised = false, event_take_locked(events, event);
    spin_unlock(&events->lock);
    return event ? OK : ERR_INVALID;
}

bool kfd_events_tell_memory(struct kfd_events *events,
                            const struct linux_kfd_hsa_memory_exception_data *exception)
{
    struct kfd_event *event;
    bool is_told = false;
    spin_lock(&events->lock);
    for (uint32_t id = 0; (event = id_table_next(&events->table, &id)); id++) {
        if (event->type != LINUX_KFD_IOC_EVENT_MEMORY) continue;
        event->exception.memory = *exception;
        event_raise_locked(event);
        is_told = true;
    }
    spin_unlock(&events->lock);
    return is_told;
}

bool kfd_events_tell_hardware(struct kfd_events *events,
                              const struct linux_kfd_hsa_hw_exception_data *exception)
{
    struct kfd_event *event;
    bool is_told = false;
    spin_lock(&events->lock);
    for (uint32_t id = 0; (event = id_table_next(&events->table, &id)); id++) {
        if (event->type != LINUX_KFD_IOC_EVENT_HW_EXCEPTION) continue;
        event->exception.hardware = *exception;
        event_raise_locked(event);
        is_told = true;
    }
    spin_unlock(&events->lock);
    return is_told;
}
