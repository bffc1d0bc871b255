/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for events. Few are waited for at a time: their waiters are on the stack. */
#include "gpu/amd/kfd_events_internal.h"
#include "mm/heap.h"
#include "vm/usercopy.h"

enum { WAITERS_ON_STACK = 8 };

struct waiting {
    struct kfd_events *events;
    const struct kfd_wait *what;
    struct sleeper sleeper;
    struct event_waiter *waiters;
    bool has_exceptions; /* some event may have something to say */
};

static uaddr_t record_at(const struct kfd_wait *what, uint32_t index)
{
    return UADDR(what->events_at + index * sizeof(struct linux_kfd_event_data));
}

/* Begins to wait for one: an event that is raised counts, and with auto-reset is taken down. */
static err_t join(struct waiting *w, struct event_waiter *waiter, uint32_t id)
{
    *waiter = (struct event_waiter){ .sleeper = &w->sleeper };
    list_init(&waiter->link);
    spin_lock_short(&w->events->lock);
    struct kfd_event *event = id_table_get(&w->events->table, id);
    if (event) {
        waiter->event = event;
        w->has_exceptions |= event->type != LINUX_KFD_IOC_EVENT_SIGNAL;
        if (list_is_empty(&event->waiters)) event_await_locked(w->events, event, true);
        if (event_take_locked(w->events, event)) event_raise_locked(event);
        waiter->is_raised = event->is_raised;
        w->sleeper.raised += event->is_raised;
        if (event->is_auto_reset) event->is_raised = false;
        list_push_back(&event->waiters, &waiter->link);
    }
    spin_unlock_short(&w->events->lock);
    return event ? OK : ERR_INVALID;
}

static err_t join_all(struct waiting *w, uint32_t *joined)
{
    for (*joined = 0; *joined < w->what->count; ++*joined) {
        uint32_t id;
        uaddr_t at = record_at(w->what, *joined);
        at.raw += offsetof(struct linux_kfd_event_data, event_id);
        err_t e = user_copy_in(&id, at, sizeof(id));
        if (!failed(e)) e = join(w, &w->waiters[*joined], id);
        if (failed(e)) return e;
    }
    return OK;
}

static void leave_locked(struct waiting *w, struct event_waiter *waiter) REQUIRES(w->events->lock)
{
    struct kfd_event *event = waiter->event;
    list_remove(&waiter->link);
    if (event && list_is_empty(&event->waiters)) event_await_locked(w->events, event, false);
}

/* After a failure, what this wait has taken down is raised again for the next one. ERR_IO: an event went meanwhile. */
static err_t leave_all(struct waiting *w, uint32_t joined, err_t e)
{
    spin_lock_short(&w->events->lock);
    if (!failed(e) && w->sleeper.is_broken) e = ERR_IO;
    for (uint32_t i = 0; i < joined; i++) leave_locked(w, &w->waiters[i]);
    for (uint32_t i = 0; failed(e) && i < joined; i++) {
        struct kfd_event *event = w->waiters[i].event;
        if (event && event->is_auto_reset && w->waiters[i].is_raised) event_raise_locked(event);
    }
    spin_unlock_short(&w->events->lock);
    return e;
}

/* What has happened counts, though the time be over or a signal wait. */
static err_t sleep_until_done(struct waiting *w, uint32_t *result)
{
    struct sleeper *s = &w->sleeper;
    spin_lock_short(&w->events->lock);
    sleeper_look_locked(s);
    spin_unlock_short(&w->events->lock);
    spin_lock(&s->queue.lock);
    err_t e = w->what->deadline_ns ? OK : ERR_TIMED_OUT;
    while (!s->is_done && !failed(e)) e = wait_sleep_interruptible_locked(&s->queue, w->what->deadline_ns);
    if (s->is_done) e = OK;
    spin_unlock(&s->queue.lock);
    bool is_late = e.code == ERR_TIMED_OUT.code;
    *result = is_late ? LINUX_KFD_IOC_WAIT_RESULT_TIMEOUT : LINUX_KFD_IOC_WAIT_RESULT_COMPLETE;
    return is_late ? OK : e;
}

/* What there is to say of an event that was raised: its bytes, or 0. */
static size_t read_exception(struct waiting *w, const struct event_waiter *waiter,
                             struct linux_kfd_event_data *out)
{
    size_t bytes = 0;
    spin_lock_short(&w->events->lock);
    const struct kfd_event *event = waiter->is_raised ? waiter->event : NULL;
    if (event && event->type == LINUX_KFD_IOC_EVENT_MEMORY) {
        out->memory_exception_data = event->exception.memory;
        bytes = sizeof(out->memory_exception_data);
    } else if (event && event->type == LINUX_KFD_IOC_EVENT_HW_EXCEPTION) {
        out->hw_exception_data = event->exception.hardware;
        bytes = sizeof(out->hw_exception_data);
    }
    spin_unlock_short(&w->events->lock);
    return bytes;
}

static err_t tell_exceptions(struct waiting *w)
{
    struct linux_kfd_event_data data;
    for (uint32_t i = 0; i < w->what->count; i++) {
        size_t bytes = read_exception(w, &w->waiters[i], &data);
        err_t e = bytes ? user_copy_out(record_at(w->what, i), &data, bytes) : OK;
        if (failed(e)) return e;
    }
    return OK;
}

err_t kfd_events_wait(struct kfd_events *events, const struct kfd_wait *what, uint32_t *result)
{
    struct event_waiter few[WAITERS_ON_STACK];
    struct waiting w = { .events = events, .what = what, .waiters = few };
    uint32_t joined;
    w.sleeper.count = what->count;
    w.sleeper.is_for_all = what->is_for_all;
    wait_queue_init(&w.sleeper.queue);
    *result = LINUX_KFD_IOC_WAIT_RESULT_FAIL;
    if (what->count > KFD_WAIT_MAX) return ERR_NO_MEMORY;
    if (what->count > WAITERS_ON_STACK) w.waiters = heap_alloc(what->count * sizeof(struct event_waiter));
    if (!w.waiters) return ERR_NO_MEMORY;
    err_t e = join_all(&w, &joined);
    if (!failed(e)) e = sleep_until_done(&w, result);
    if (!failed(e) && w.has_exceptions) e = tell_exceptions(&w);
    e = leave_all(&w, joined, e);
    if (failed(e)) *result = LINUX_KFD_IOC_WAIT_RESULT_FAIL;
    if (w.waiters != few) heap_free(w.waiters);
    return e;
}
