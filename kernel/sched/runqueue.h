/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of one CPU that could run. Interrupts wake threads, so the lock keeps them off. */
#pragma once
#include "sched/thread.h"

struct runqueue {
    struct spinlock lock;
    struct list ready;    /* of thread.run_link, next to run first; under lock */
    struct thread *ended; /* to be freed by whoever runs next on this CPU */
};

static inline void runqueue_init(struct runqueue *rq)
{
    *rq = (struct runqueue){ .lock = SPINLOCK_INIT };
    list_init(&rq->ready);
}

static inline void runqueue_add(struct runqueue *rq, struct thread *thread)
{
    spin_lock(&rq->lock);
    list_push_back(&rq->ready, &thread->run_link);
    spin_unlock(&rq->lock);
}

/* The thread that has waited longest, or NULL. */
static inline struct thread *runqueue_take(struct runqueue *rq)
{
    struct thread *thread = NULL;
    spin_lock(&rq->lock);
    if (!list_is_empty(&rq->ready)) {
        thread = LIST_ENTRY(rq->ready.next, struct thread, run_link);
        list_remove(&thread->run_link);
    }
    spin_unlock(&rq->lock);
    return thread;
}
