/* SPDX-License-Identifier: Apache-2.0 */
/* News of the device. An interrupt passes signals on at once, since programs wait for them; the rest is for a thread,
 * which may sleep. Events are taken in their order, so what is behind one for the thread waits with it. */
#include "core/log.h"
#include "gpu/memory.h"
#include "gpu/paravirt/paravirt_internal.h"

/* The next event, if there is one and `wants` it; false also when the device lies. */
static bool take_event_locked(struct paravirt *p, bool signals_only, struct gpu_event *out)
    REQUIRES(p->done.lock)
{
    uint64_t tail = __atomic_load_n(&p->registers->event_tail, __ATOMIC_ACQUIRE);
    if (tail == p->events_taken || p->is_down) return false;
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
    if (signals_only && out->kind != GPU_EVENT_SIGNAL) return false;
    p->events_taken++;
    __atomic_store_n(&p->registers->event_head, p->events_taken, __ATOMIC_RELEASE);
    return true;
}

static bool take_event(struct paravirt *p, bool signals_only, struct gpu_event *out)
{
    spin_lock(&p->done.lock);
    bool is_there = take_event_locked(p, signals_only, out);
    spin_unlock(&p->done.lock);
    return is_there;
}

/* ---- interrupts ---- */

static bool has_events(const struct paravirt *p)
{
    return __atomic_load_n(&p->registers->event_tail, __ATOMIC_ACQUIRE) != p->events_taken;
}

static void tell_thread(struct paravirt *p)
{
    spin_lock(&p->news.lock);
    p->has_news = true;
    wait_wake_all_locked(&p->news);
    spin_unlock(&p->news.lock);
}

void paravirt_interrupt(struct gpu_link *link, enum gpu_interrupt what)
{
    struct paravirt *p = link->owner;
    struct gpu_event event;
    if (what == GPU_INTERRUPT_STATE) {
        tell_thread(p);
        return;
    }
    while (take_event(p, true, &event)) gpu_tell_signal(&p->device, event.context, &event.signal);
    spin_lock(&p->done.lock);
    paravirt_take_done_locked(p);
    bool is_left = has_events(p) && !p->is_down;
    spin_unlock(&p->done.lock);
    if (is_left) tell_thread(p);
}

/* ---- doorbells ---- */

/* A program may ring from now on. If the device sleeps, or was told that nobody can, it has to look. */
void paravirt_wake(struct gpu_device *device)
{
    struct paravirt *p = paravirt_of(device);
    spin_lock(&p->done.lock);
    p->wakes++;
    bool was_armed = p->registers->armed;
    p->registers->armed = 0;
    spin_unlock(&p->done.lock);
    if (was_armed) p->link->kick(p->link, GPU_KICK_WORK);
}

/* The device would like to sleep: programs shall ask before they ring. One that did so meanwhile keeps it awake. */
static void arm(struct paravirt *p, uint32_t request)
{
    spin_lock(&p->done.lock);
    uint64_t wakes = p->wakes;
    spin_unlock(&p->done.lock);
    gpu_tell_idle(&p->device);
    spin_lock(&p->done.lock);
    if (wakes == p->wakes) p->registers->armed = request;
    spin_unlock(&p->done.lock);
    p->link->kick(p->link, GPU_KICK_WORK);
}

/* ---- the thread ---- */

static void pass_on(struct paravirt *p, const struct gpu_event *event)
{
    struct gpu_device *device = &p->device;
    switch (event->kind) {
    case GPU_EVENT_SIGNAL: gpu_tell_signal(device, event->context, &event->signal); return;
    case GPU_EVENT_FAULT: gpu_tell_fault(device, event->context, &event->fault); return;
    case GPU_EVENT_STOPPED: gpu_tell_stopped(device, event->context, &event->stopped); return;
    case GPU_EVENT_ARM: arm(p, event->arm.request); return;
    default: log_warning("gpu%u: an event of unknown kind %u", device->number, event->kind);
    }
}

/* The engine has ended, for whatever reason: whoever waits for it need not wait any more. */
static void look_at_state(struct paravirt *p)
{
    static const char *const reasons[] = { "for no reason", "its process died",
                                           "it did not understand the kernel", "it was reset" };
    bool is_running = p->registers->state == GPU_STATE_READY && p->registers->generation == p->generation;
    if (is_running) return;
    uint32_t failure = p->registers->failure;
    spin_lock(&p->done.lock);
    bool is_new = !p->is_down;
    p->is_down = true;
    wait_wake_all_locked(&p->done);
    spin_unlock(&p->done.lock);
    if (!is_new) return;
    log_error("gpu%u: the device process has ended: %s", p->device.number,
              failure < ARRAY_LENGTH(reasons) ? reasons[failure] : reasons[0]);
    gpu_tell_lost(&p->device);
}

void paravirt_pass_news(struct paravirt *p)
{
    struct gpu_event event;
    look_at_state(p);
    while (take_event(p, false, &event)) pass_on(p, &event);
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
    }
}
