/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/task_sleep.h"

#include "core/time.h"

static void wake(struct timer *timer) { task_wake(CONTAINER_OF(timer, struct task_sleep, timer)->waker); }

static bool has_begun(const struct task_sleep *sleep) { return sleep->timer.fire != NULL; }

void task_sleep_start(struct task_sleep *sleep, struct waker waker, uint64_t deadline_ns)
{
    task_sleep_stop(sleep);
    timer_init(&sleep->timer, wake);
    sleep->waker = waker;
    timer_arm(&sleep->timer, deadline_ns);
}

bool task_sleep_is_over(const struct task_sleep *sleep)
{
    return has_begun(sleep) && time_now_ns() >= sleep->timer.deadline_ns;
}

void task_sleep_stop(struct task_sleep *sleep)
{
    if (has_begun(sleep)) timer_cancel(&sleep->timer);
}
