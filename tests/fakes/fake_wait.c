/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_wait.h"

#include "core/time.h"
#include "sched/timer.h"
#include "sched/wait.h"

#include <stdio.h>
#include <stdlib.h>

void (*fake_wait_meanwhile)(void);
bool fake_wait_is_interrupted;
uint64_t fake_wait_sleeps, fake_wait_wakes;
uint64_t fake_wait_now_ns = 1700000000000000000ull;

void wait_sleep_locked(struct wait_queue *queue) NO_THREAD_SAFETY_ANALYSIS
{
    if (!fake_wait_meanwhile) {
        fprintf(stderr, "a sleep that nobody ends\n");
        abort();
    }
    fake_wait_sleeps++;
    spin_unlock(&queue->lock);
    fake_wait_meanwhile();
    spin_lock(&queue->lock);
}

err_t wait_sleep_until_locked(struct wait_queue *queue, uint64_t deadline_ns)
{
    if (fake_wait_meanwhile || deadline_ns == UINT64_MAX) {
        wait_sleep_locked(queue);
        return OK;
    }
    fake_wait_sleeps++;
    fake_wait_now_ns = deadline_ns;
    return ERR_TIMED_OUT;
}

err_t wait_sleep_interruptible_locked(struct wait_queue *queue, uint64_t deadline_ns)
{
    if (fake_wait_is_interrupted) return ERR_INTERRUPTED;
    return wait_sleep_until_locked(queue, deadline_ns);
}

void wait_queue_zero(struct wait_queue *queue)
{
    queue->lock = (struct spinlock)SPINLOCK_INIT;
    list_init(&queue->waiters);
}

void wait_wake_all_locked(struct wait_queue *queue UNUSED) { fake_wait_wakes++; }

void wait_wake_one_locked(struct wait_queue *queue UNUSED) { fake_wait_wakes++; }

void wait_wake_all(struct wait_queue *queue)
{
    spin_lock(&queue->lock);
    wait_wake_all_locked(queue);
    spin_unlock(&queue->lock);
}

/* ---- the one timer ---- */

static struct timer *armed;

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    timer->deadline_ns = deadline_ns;
    timer->is_armed = true;
    armed = timer;
}

void timer_cancel(struct timer *timer)
{
    timer->is_armed = false;
    if (armed == timer) armed = NULL;
}

bool timer_disarm(struct timer *timer)
{
    bool was_armed = armed == timer;
    timer_cancel(timer);
    return was_armed;
}

bool fake_wait_has_timer(void) { return armed; }

void fake_wait_fire_timer(void)
{
    struct timer *timer = armed;
    if (!timer) {
        fprintf(stderr, "no timer to wait for\n");
        abort();
    }
    armed = NULL;
    timer->is_armed = false;
    if (fake_wait_now_ns < timer->deadline_ns) fake_wait_now_ns = timer->deadline_ns;
    timer->fire(timer);
}

/* Each reading is later than the one before, as on a machine. */
uint64_t time_now_ns(void) { return fake_wait_now_ns += 1000; }
uint64_t time_realtime_ns(void) { return fake_wait_now_ns += 1000; }
