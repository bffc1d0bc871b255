/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about sets of semaphores. Everything is under object.queue.lock. */
#pragma once
#include "ipc/ipc_table.h"

struct semaphore {
    int32_t value;
    uint32_t last;                      /* process that changed it */
    uint32_t waiting, waiting_for_zero; /* threads */
};

/* What is to be added when the process ends. */
struct semaphore_undo {
    struct list link; /* in semaphore_set.undos */
    struct process *process;
    int32_t change[];
};

struct semaphore_set {
    struct ipc_object object;
    struct list undos;
    int64_t operated_s;
    uint32_t count; /* fixed */
    struct semaphore semaphores[];
};

extern const struct ipc_kind semaphore_kind;

static inline struct semaphore_set *semaphore_set_of(const struct ipc_object *object)
{
    return CONTAINER_OF(object, struct semaphore_set, object);
}
