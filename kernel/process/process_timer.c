/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process_timer.h"

#include "core/time.h"
#include "process/cpu_clock.h"
#include "process/process.h"
#include "process/user_thread.h"

/* What goes on by itself does so this often at most, so that it leaves time for the program. */
enum { REPEAT_LEAST_NS = 1000 * 1000 };

/* ---- its clock ---- */

static uint64_t clock_now_locked(const struct process_timer *t)
{
    switch (t->clock) {
    case TIMER_REALTIME: return time_realtime_ns();
    case TIMER_SINCE_BOOT: return time_now_ns();
    case TIMER_OF_PROCESS: return process_cpu_time_locked(t->process);
    case TIMER_OF_THREAD: return t->measured ? thread_cpu_time_ns(t->measured->thread) : 0;
    }
    return 0;
}

/* How long to wait before looking at the clock, which is at `now`. */
static uint64_t time_to_look_ns(struct process_timer *t, uint64_t now)
{
    uint64_t left = t->expiry.next_ns - MIN(t->expiry.next_ns, now);
    if (t->clock < TIMER_OF_PROCESS) return left;
    bool stood_still = t->looked_ns == now;
    t->looked_ns = now;
    uint32_t at_once = t->clock == TIMER_OF_THREAD ? 1 : cpu_clock_threads_at_once(t->process);
    return left ? cpu_clock_wait_ns(left, at_once, stood_still) : 0;
}

/* It fires not before `least_ns` from now. */
static void arm_locked(struct process_timer *t, uint64_t now, uint64_t least_ns)
{
    bool is_dead = t->clock == TIMER_OF_THREAD && !t->measured;
    if (!t->expiry.next_ns || t->is_silent || t->is_being_ended || is_dead) {
        timer_disarm(&t->timer);
        return;
    }
    uint64_t wait_ns = time_to_look_ns(t, now);
    timer_arm(&t->timer, expiry_sum(time_now_ns(), MAX(wait_ns, least_ns)));
}

/* ---- expiring ---- */

/* Its signal waits already: its own, or one like it that somebody else has sent. Those of interval timers are not
 * queued. */
static bool waits_already(const struct process_timer *t)
{
    uint64_t bit = signal_bit((uint32_t)t->item.info.number);
    return t->item.is_waiting || (t->repeat != TIMER_IS_REARMED && t->process->signals.pending.set & bit);
}

static void expire_locked(struct process_timer *t, uint64_t now)
{
    if (t->is_unheard) return;
    bool has_target = !t->is_for_thread || t->thread;
    bool is_sent =
        waits_already(t) || (has_target && signal_send_item_locked(t->process, t->thread, &t->item));
    bool is_over = !t->expiry.interval_ns;
    switch (t->repeat) {
    case TIMER_IS_REARMED: t->is_unheard = !is_over && !is_sent; break;
    case TIMER_IS_ALARM:
        is_over = is_over || !is_sent;
        if (t->item.is_waiting) break;
        __attribute__((fallthrough));
    case TIMER_GOES_ON:
        expiry_take(&t->expiry, now);
        if (!is_over) arm_locked(t, now, REPEAT_LEAST_NS);
    }
    if (is_over) t->expiry.next_ns = 0;
}

static void fire(struct timer *timer)
{
    struct process_timer *t = CONTAINER_OF(timer, struct process_timer, timer);
    spin_lock(&t->process->signal_lock);
    if (!t->is_being_ended) {
        uint64_t now = clock_now_locked(t);
        if (expiry_count(&t->expiry, now))
            expire_locked(t, now);
        else
            arm_locked(t, now, 0);
    }
    spin_unlock(&t->process->signal_lock);
}

/* Its signal waits no longer; `info` is NULL when nobody has acted upon it. */
static void signal_left(struct signal_item *item, struct linux_siginfo_head *info)
{
    struct process_timer *t = CONTAINER_OF(item, struct process_timer, item);
    if (t->repeat == TIMER_GOES_ON || !t->expiry.interval_ns || t->is_being_ended) return;
    if (!info) {
        t->is_unheard = t->repeat == TIMER_IS_REARMED;
        if (!t->is_unheard) t->expiry.next_ns = 0;
        return;
    }
    uint64_t now = clock_now_locked(t), count = expiry_take(&t->expiry, now);
    if (t->repeat == TIMER_IS_REARMED)
        info->timer.overrun = t->overruns = expiry_overrun(count ? count - 1 : 0);
    arm_locked(t, now, 0);
}

void process_timer_heed_locked(struct process_timer *t)
{
    if (!t->is_unheard) return;
    t->is_unheard = false;
    expire_locked(t, clock_now_locked(t));
}

/* ---- setting ---- */

void process_timer_init(struct process_timer *t, struct process *process)
{
    timer_init(&t->timer, fire);
    t->process = process;
    t->item.left = signal_left;
}

struct timer_setting process_timer_get_locked(const struct process_timer *t)
{
    bool is_over = t->repeat == TIMER_IS_ALARM && t->item.is_waiting;
    uint64_t left = is_over ? 0 : expiry_left_ns(t->expiry, clock_now_locked(t));
    return (struct timer_setting){ left, t->expiry.interval_ns };
}

err_t process_timer_set_locked(struct process_timer *t, bool is_absolute, const struct timer_setting *wanted,
                               struct timer_setting *was)
{
    if (t->clock == TIMER_OF_THREAD && !t->measured) return ERR_NO_PROCESS;
    if (was) *was = process_timer_get_locked(t);
    uint64_t now = clock_now_locked(t);
    /* What it has sent before is no news any more, but an alarm is an alarm. [linux kernel/time/posix-timers.c] */
    t->expiry = (struct expiry){ 0 };
    if (t->repeat == TIMER_IS_REARMED && t->item.is_waiting)
        signal_take_back_locked(t->process, t->thread, &t->item);
    t->is_unheard = false;
    t->overruns = 0;
    t->looked_ns = UINT64_MAX;
    if (wanted->value_ns) {
        t->expiry.next_ns = is_absolute ? wanted->value_ns : expiry_sum(now, wanted->value_ns);
        t->expiry.interval_ns = wanted->interval_ns;
    }
    arm_locked(t, now, 0);
    return OK;
}

/* ---- the end ---- */

void process_timer_end_locked(struct process_timer *t)
{
    t->is_being_ended = true;
    if (t->item.is_waiting) signal_take_back_locked(t->process, t->thread, &t->item);
    timer_disarm(&t->timer);
}

void process_timer_wait(struct process_timer *t) { timer_cancel(&t->timer); }

void process_timer_forget_locked(struct process_timer *t, const struct user_thread *thread)
{
    if (t->thread == thread) t->thread = NULL;
    if (t->measured != thread) return;
    t->measured = NULL;
    timer_disarm(&t->timer);
}
