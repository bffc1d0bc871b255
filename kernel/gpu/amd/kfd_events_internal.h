/* SPDX-License-Identifier: Apache-2.0 */
/* What kfd_events.c, which raises, and kfd_wait.c, which waits, have in common. */
#pragma once
#include "gpu/amd/kfd_events.h"

struct thread;

/* A thread that waits; on its stack. */
struct sleeper {
    struct thread *thread;
    uint32_t count, raised; /* of its waiters */
    bool is_for_all;
    bool is_broken; /* an event is gone */
};

/* One event it waits for. */
struct event_waiter {
    struct list link;        /* in event->waiters, or by itself */
    struct kfd_event *event; /* NULL: gone */
    struct sleeper *sleeper;
    bool is_raised; /* since the wait began, or before it */
};

static inline bool sleeper_is_done(const struct sleeper *s)
{
    return s->is_broken || (s->is_for_all ? s->raised == s->count : s->raised > 0);
}

void event_raise_locked(struct kfd_event *event);
