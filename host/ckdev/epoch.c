/* SPDX-License-Identifier: Apache-2.0 */
/* When nobody uses an old translation any more. A worker holds host addresses only between quiescent points, so it is
 * enough to wait until each has passed one, or is not online. */
#include "host/ckdev/device_internal.h"

#include <time.h>

void epoch_pass(struct worker *worker)
{
    uint64_t epoch;
    /* Once more when it moved meanwhile: whoever moved it may have seen this worker offline, and waits for nobody. */
    do {
        epoch = __atomic_load_n(&worker->device->epoch, __ATOMIC_SEQ_CST);
        __atomic_store_n(&worker->seen, epoch, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&worker->device->epoch, __ATOMIC_SEQ_CST) != epoch);
}

void epoch_enter(struct worker *worker) { epoch_pass(worker); }

void epoch_leave(struct worker *worker) { __atomic_store_n(&worker->seen, WORKER_OFFLINE, __ATOMIC_SEQ_CST); }

void epoch_wait(struct device *device)
{
    static const struct timespec nap = { .tv_nsec = 20000 };
    uint64_t epoch = __atomic_add_fetch(&device->epoch, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < device->worker_count; i++)
        while (__atomic_load_n(&device->workers[i].seen, __ATOMIC_SEQ_CST) < epoch) nanosleep(&nap, NULL);
}
