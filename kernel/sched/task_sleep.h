/* SPDX-License-Identifier: Apache-2.0 */
/* A task's wait for a time. It lives beside the task in the owner's memory; zeros are one that never began.
 *
 *     if (!task_sleep_is_over(&op->sleep)) return TASK_PENDING;
 *
 * Called from the task's own poll, that is on the CPU where the timer fires: so after a stop it cannot be
 * firing any more, and the memory may go. Stop it, or let it be over, before the task ends. */
#pragma once
#include "sched/executor.h"
#include "sched/timer.h"

struct task_sleep {
    struct timer timer;
    struct waker waker;
};

/* The task is woken once the clock (core/time.h) has reached `deadline_ns`. Replaces an earlier deadline. */
void task_sleep_start(struct task_sleep *sleep, struct waker waker, uint64_t deadline_ns);
/* False until the deadline, however often the task is woken before. */
bool task_sleep_is_over(const struct task_sleep *sleep);
/* Harmless when it is over or never began. */
void task_sleep_stop(struct task_sleep *sleep);
