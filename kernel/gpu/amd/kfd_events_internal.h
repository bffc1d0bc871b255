/* SPDX-License-Identifier: Apache-2.0 */
/* What kfd_events.c, which raises, and kfd_wait.c, which waits, have in common. */
#pragma once
#include "gpu/amd/kfd_events.h"
#include "sched/wait.h"

/* A thread that waits; on its stack, until it has left all events under their lock. */
struct sleeper {
    uint32_t count, raised; /* of its waiters; under kfd_events.lock, as is: */
    bool is_broken;         /* an event is gone */
    bool is_for_all;
    struct wait_queue queue; /* the thread itself; its lock guards: */
    bool is_done;
};

/* One event it waits for. */
struct event_waiter {
    struct list link;        /* in event->waiters, or by itself */
    struct kfd_event *event; /* NULL: gone */
    struct sleeper *sleeper;
    bool is_raised; /* since the wait began, or before it */
};

/* Whether GPUs are to tell its signals: for the first waiter, before it looks, and after the last one. */
void event_await_locked(struct kfd_events *events, const struct kfd_event *event, bool is_awaited)
    REQUIRES(events->lock);
/* Takes what GPUs have raised and not told. */
bool event_take_locked(struct kfd_events *events, const struct kfd_event *event) REQUIRES(events->lock);
void event_raise_locked(struct kfd_event *event);
/* Wakes the sleeper if it has what it waits for. With kfd_events.lock, so interrupts are off. */
void sleeper_look_locked(struct sleeper *sleeper);
