/* SPDX-License-Identifier: Apache-2.0 */
/* News of the device. An interrupt passes signals on at once, since programs wait for them; the rest is for a thread,
 * which may sleep. Events are taken in their order, so what is behind one for the thread waits with it. Only the
 * device's wish to sleep is put aside: it comes with the last signals of some work, and whoever these wake goes first.
 * A ring full at a time: a device that always has more keeps no processor for ever. */
#include "config.h"
#include "core/log.h"
#include "core/time.h"
#include "gpu/memory.h"
#include "gpu/paravirt/paravirt_internal.h"
#include "sched/thread.h"

/* The next event, if there is one and, for an interrupt, one that needs no thread; false also when the device lies. */
static bool take_event_locked(struct paravirt *p, bool is_interrupt, struct gpu_event *out)
    REQUIRES(p->done.lock)
{
    uint64_t tail = __atomic_load_n(&p->registers->event_tail, __ATOMIC_ACQUIRE);
    if (tail == p->events_taken || p->is_down || p->is_reset_asked) return false;
    if (tail - p->events_taken > p->event_count) {
        log_error("gpu%u: it says that it has told %llu events, and %llu were taken", p->device.number,
                  (unsigned long long)tail, (unsigned long long)p->events_taken);
        paravirt_ask_reset_locked(p);
        return false;
    }
    const volatile struct gpu_event *entry = &p->events[p->events_taken & (p->event_count - 1)];
    out->kind = entry->kind;
    out->context = entry->context;
    for (size_t i = 0; i < ARRAY_LENGTH(out->words); i++) out->words[i] = entry->words[i];
    if (is_interrupt && out->kind != GPU_EVENT_SIGNAL && out->kind != GPU_EVENT_ARM) return false;
    p->events_taken++;
    __atomic_store_n(&p->registers->event_head, p->events_taken, __ATOMIC_RELEASE);
    return true;
}

static bool take_event(struct paravirt *p, bool is_interrupt, struct gpu_event *out)
{
    spin_lock(&p->done.lock);
    bool is_there = take_event_locked(p, is_interrupt, out);
    spin_unlock(&p->done.lock);
    return is_there;
}

/* ---- signals ---- */

static bool take_signal(struct paravirt *p, uint32_t context, uint32_t number)
{
    volatile uint64_t *word = &p->signals[context].raised[number / 64];
    uint64_t bit = 1ull << number % 64;
    return (*word & bit) && (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit);
}

bool paravirt_take_signal(struct gpu_context *context, uint32_t number)
{
    return take_signal(paravirt_of(context->device), context->number, number);
}

void paravirt_await_signal(struct gpu_context *context, uint32_t number, bool is_awaited)
{
    struct paravirt *p = paravirt_of(context->device);
    volatile uint64_t *word = &p->signals[context->number].awaited[number / 64];
    uint64_t bit = 1ull << number % 64;
    *word = is_awaited ? *word | bit : *word & ~bit;
    /* Before `raised` is looked at. */
    if (is_awaited) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* One whose bit is clear was taken by somebody who began to wait, or is none. */
static bool is_new(struct paravirt *p, const struct gpu_event *event)
{
    return event->signal.known_bits ||
           (event->context < p->device.contexts_max && event->signal.number < GPU_SIGNALS_MAX &&
            take_signal(p, event->context, event->signal.number));
}

/* ---- interrupts ---- */

static bool has_events_locked(const struct paravirt *p) REQUIRES(p->done.lock)
{
    return !p->is_down && !p->is_reset_asked &&
           __atomic_load_n(&p->registers->event_tail, __ATOMIC_ACQUIRE) != p->events_taken;
}

void paravirt_tell_thread(struct paravirt *p)
{
    spin_lock(&p->news.lock);
    p->has_news = true;
    wait_wake_all_locked(&p->news);
    spin_unlock(&p->news.lock);
}

void paravirt_time_to_arm(struct timer *timer)
{
    paravirt_tell_thread(CONTAINER_OF(timer, struct paravirt, arm_timer));
}

static void pass_on_at_once(struct paravirt *p, const struct gpu_event *event)
{
    if (event->kind == GPU_EVENT_SIGNAL) {
        if (is_new(p, event)) gpu_tell_signal(&p->device, event->context, &event->signal);
        return;
    }
    spin_lock(&p->done.lock);
    p->arm_request = event->arm.request;
    timer_arm(&p->arm_timer, time_now_ns() + CONFIG_GPU_ARM_US * 1000ull);
    spin_unlock(&p->done.lock);
}

void paravirt_interrupt(struct gpu_link *link, enum gpu_interrupt what)
{
    struct paravirt *p = link->owner;
    struct gpu_event event;
    if (what == GPU_INTERRUPT_STATE) {
        spin_lock(&p->done.lock);
        paravirt_look_at_state_locked(p);
        spin_unlock(&p->done.lock);
        paravirt_tell_thread(p);
        return;
    }
    for (uint32_t i = 0; i < p->event_count && take_event(p, true, &event); i++) pass_on_at_once(p, &event);
    spin_lock(&p->done.lock);
    paravirt_take_done_locked(p);
    bool is_left = has_events_locked(p);
    spin_unlock(&p->done.lock);
    if (is_left) paravirt_tell_thread(p);
}

/* ---- doorbells ---- */

/* A program may ring from now on. If the device sleeps, or was told that nobody can, it has to look. */
void paravirt_wake(struct gpu_device *device)
{
    struct paravirt *p = paravirt_of(device);
    spin_lock(&p->done.lock);
    p->wakes++;
    bool was_armed = p->armed;
    p->armed = p->registers->armed = 0;
    if (!timer_is_armed(&p->watch)) paravirt_watch_soon_locked(p);
    spin_unlock(&p->done.lock);
    if (was_armed) p->link->kick(p->link, GPU_KICK_WORK);
}

/* 0: it has not asked, or whoever was just woken shall go first. */
static uint32_t take_arm_request(struct paravirt *p, uint64_t *wakes)
{
    spin_lock(&p->done.lock);
    uint32_t request = timer_is_armed(&p->arm_timer) ? 0 : p->arm_request;
    if (request) p->arm_request = 0;
    *wakes = p->wakes;
    spin_unlock(&p->done.lock);
    return request;
}

/* The device would like to sleep: programs shall ask before they ring. One that did so meanwhile keeps it awake. */
static void arm_if_asked(struct paravirt *p)
{
    uint64_t wakes;
    uint32_t request = take_arm_request(p, &wakes);
    if (!request) return;
    gpu_tell_idle(&p->device);
    spin_lock(&p->done.lock);
    if (wakes == p->wakes && !p->is_down) p->armed = p->registers->armed = request;
    spin_unlock(&p->done.lock);
    p->link->kick(p->link, GPU_KICK_WORK);
}

/* ---- the thread ---- */

static void pass_on(struct paravirt *p, const struct gpu_event *event)
{
    struct gpu_device *device = &p->device;
    switch (event->kind) {
    case GPU_EVENT_SIGNAL:
    case GPU_EVENT_ARM: pass_on_at_once(p, event); return;
    case GPU_EVENT_FAULT: gpu_tell_fault(device, event->context, &event->fault); return;
    case GPU_EVENT_STOPPED: gpu_tell_stopped(device, event->context, &event->stopped); return;
    default:
        if (is_power_of_two(++p->unknown_events))
            log_warning("gpu%u: an event of unknown kind %u", device->number, event->kind);
    }
}

static void tell_if_lost(struct paravirt *p)
{
    static const char *const reasons[] = { "for no reason", "its process died",
                                           "it did not understand the kernel", "it was reset" };
    spin_lock(&p->done.lock);
    paravirt_look_at_state_locked(p);
    /* After a reset the page may already be the next generation's. */
    uint32_t failure = p->is_reset_asked ? (uint32_t)GPU_FAILURE_RESET : p->registers->failure;
    bool is_new = p->is_loss_untold;
    p->is_loss_untold = false;
    spin_unlock(&p->done.lock);
    if (!is_new) return;
    log_error("gpu%u: the device process has ended: %s", p->device.number,
              failure < ARRAY_LENGTH(reasons) ? reasons[failure] : reasons[0]);
    gpu_tell_lost(&p->device);
}

void paravirt_pass_news(struct paravirt *p)
{
    struct gpu_event event;
    tell_if_lost(p);
    for (uint32_t i = 0; i < p->event_count && take_event(p, false, &event); i++) pass_on(p, &event);
    arm_if_asked(p);
    spin_lock(&p->done.lock);
    bool is_left = has_events_locked(p);
    spin_unlock(&p->done.lock);
    if (is_left) paravirt_tell_thread(p);
}

void paravirt_run_events(void *context)
{
    struct paravirt *p = context;
    for (;;) {
        spin_lock(&p->news.lock);
        while (!p->has_news) wait_sleep_locked(&p->news);
        p->has_news = false;
        spin_unlock(&p->news.lock);
        paravirt_pass_news(p);
        thread_yield();
    }
}
