/* SPDX-License-Identifier: Apache-2.0 */
/* A sleeping lock. Threads only; not while holding a spin lock. */
#pragma once
#include "sched/wait.h"

struct thread;

struct CAPABILITY("mutex") mutex {
    struct wait_queue queue;
    struct thread *owner; /* under queue.lock */
};

#define MUTEX_INIT(name) { WAIT_QUEUE_INIT((name).queue), NULL }
void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex) ACQUIRES(mutex);
bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRES(true, mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(mutex);
