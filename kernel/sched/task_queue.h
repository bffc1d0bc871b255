/* SPDX-License-Identifier: Apache-2.0 */
/* Many put, one takes, without a lock: a chain of links from the newest to the oldest, taken as a whole.
 *
 * The word that heads the chain also says that the taker sleeps. So a push learns in the very step that
 * publishes its link whether it must wake somebody, and no wake-up can fall between the taker's look at an
 * empty queue and its sleep: that look is the step from empty to asleep, and it fails if something was pushed. */
#pragma once
#include "lib/base.h"

struct task_link {
    struct task_link *next;
};

struct task_queue {
    uint64_t newest; /* atomic: TASK_QUEUE_EMPTY, TASK_QUEUE_ASLEEP or the address of a link */
};

enum { TASK_QUEUE_EMPTY = 0, TASK_QUEUE_ASLEEP = 1 };

/* True when the taker sleeps: wake it. Any context. */
static inline bool task_queue_push(struct task_queue *queue, struct task_link *link)
{
    uint64_t newest = __atomic_load_n(&queue->newest, __ATOMIC_RELAXED);
    do {
        link->next = newest == TASK_QUEUE_ASLEEP ? NULL : (struct task_link *)newest;
    } while (!__atomic_compare_exchange_n(&queue->newest, &newest, (uint64_t)link, false, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    return newest == TASK_QUEUE_ASLEEP;
}

/* Everything, oldest first; NULL when there is nothing. The taker only, awake. */
static inline struct task_link *task_queue_take_all(struct task_queue *queue)
{
    struct task_link *oldest_first = NULL;
    uint64_t newest = __atomic_exchange_n(&queue->newest, TASK_QUEUE_EMPTY, __ATOMIC_ACQUIRE);
    for (struct task_link *link = (struct task_link *)newest, *older; link; link = older) {
        older = link->next;
        link->next = oldest_first;
        oldest_first = link;
    }
    return oldest_first;
}

/* The taker is about to sleep, until task_queue_is_asleep() is false. Fails when there is something to take. */
static inline bool task_queue_try_sleep(struct task_queue *queue)
{
    uint64_t empty = TASK_QUEUE_EMPTY;
    return __atomic_compare_exchange_n(&queue->newest, &empty, TASK_QUEUE_ASLEEP, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}
/* Ends the taker's sleep with nothing to take. */
static inline void task_queue_end_sleep(struct task_queue *queue)
{
    uint64_t asleep = TASK_QUEUE_ASLEEP;
    __atomic_compare_exchange_n(&queue->newest, &asleep, TASK_QUEUE_EMPTY, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
}
static inline bool task_queue_is_asleep(const struct task_queue *queue)
{
    return __atomic_load_n(&queue->newest, __ATOMIC_RELAXED) == TASK_QUEUE_ASLEEP;
}
