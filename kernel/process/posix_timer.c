/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are given out upwards, as on Linux, and again only after the last one. */
#include "process/posix_timer.h"

#include "abi/linux/time.h"
#include "mm/heap.h"
#include "process/cpu_clock.h"
#include "process/interval_timer.h"
#include "process/process.h"
#include "process/user_thread.h"

struct posix_timer {
    struct process_timer base;
    struct tree_node node; /* in process.posix_timers, by number; under signal_lock */
    int32_t number;
};

static struct posix_timer *entry(struct tree_node *node)
{
    return TREE_ENTRY(node, struct posix_timer, node);
}

/* ---- numbers ---- */

/* The last one at or below `number`; NULL: none. */
static struct posix_timer *at_or_below(struct process *p, int32_t number) REQUIRES(p->signal_lock)
{
    struct posix_timer *best = NULL;
    for (struct tree_node *at = p->posix_timers.root; at;) {
        bool is_above = entry(at)->number > number;
        if (!is_above) best = entry(at);
        at = at->child[!is_above];
    }
    return best;
}

static struct posix_timer *find_locked(struct process *p, int32_t number) REQUIRES(p->signal_lock)
{
    struct posix_timer *t = at_or_below(p, number);
    return t && t->number == number ? t : NULL;
}

/* Gives it the next free number; there are more of them than memory for timers. */
static void insert_locked(struct process *p, struct posix_timer *t) REQUIRES(p->signal_lock)
{
    struct posix_timer *before;
    do {
        t->number = p->next_timer_number;
        p->next_timer_number = t->number == INT32_MAX ? 0 : t->number + 1;
        before = at_or_below(p, t->number);
    } while (before && before->number == t->number);
    tree_insert_after(&p->posix_timers, before ? &before->node : NULL, &t->node);
}

/* ---- creation ---- */

static struct user_thread *find_thread_locked(struct process *p, uint32_t tid) REQUIRES(p->signal_lock)
{
    LIST_FOR_EACH (node, &p->threads) {
        struct user_thread *t = LIST_ENTRY(node, struct user_thread, process_link);
        if (t->tid == tid) return t;
    }
    return NULL;
}

static bool is_own_process(const struct process *p, uint32_t number) { return !number || number == p->pid; }

/* The clock it goes by. `*measured` is the thread whose time it is. */
static err_t choose_clock(uint32_t clock, struct process_timer *t, uint32_t *measured)
{
    struct cpu_clock_id id;
    switch (clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_TAI: t->clock = TIMER_REALTIME; return OK;
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_BOOTTIME: t->clock = TIMER_SINCE_BOOT; return OK;
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_REALTIME_COARSE:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_REALTIME_ALARM:
    case LINUX_CLOCK_BOOTTIME_ALARM: return ERR_NOT_SUPPORTED;
    }
    if (!cpu_clock_decode(clock, &id)) return ERR_INVALID;
    t->clock = id.is_thread ? TIMER_OF_THREAD : TIMER_OF_PROCESS;
    *measured = id.is_thread && !id.number ? user_thread_current()->tid : id.number;
    return OK;
}

static err_t check_cpu_clock(struct process_timer *t, uint32_t number)
{
    uint64_t now;
    if (t->clock != TIMER_OF_PROCESS || is_own_process(t->process, number)) return OK;
    bool is_somebodys = !failed(cpu_clock_read(~number << 3 | LINUX_CPU_CLOCK_SCHED, &now));
    return is_somebodys ? ERR_NOT_SUPPORTED : ERR_INVALID;
}

/* How it is told. */
static err_t choose_event(const struct posix_timer_request *r, struct process_timer *t)
{
    struct linux_siginfo_head *info = &t->item.info;
    info->code = LINUX_SI_TIMER;
    info->number = r->is_default ? LINUX_SIGALRM : (int32_t)r->signal;
    info->timer.value = r->value;
    if (r->is_default) return OK;
    t->is_silent = r->notify == LINUX_SIGEV_NONE;
    t->is_for_thread = r->notify == (LINUX_SIGEV_SIGNAL | LINUX_SIGEV_THREAD_ID);
    bool is_known = t->is_silent || t->is_for_thread || r->notify == LINUX_SIGEV_SIGNAL ||
                    r->notify == LINUX_SIGEV_THREAD;
    bool is_signal = t->is_silent || (r->signal >= 1 && r->signal <= LINUX_NSIG);
    return is_known && is_signal ? OK : ERR_INVALID;
}

static err_t enter(struct posix_timer *t, const struct posix_timer_request *r, uint32_t measured)
{
    struct process *p = t->base.process;
    err_t e = OK;
    spin_lock(&p->signal_lock);
    if (t->base.is_for_thread) t->base.thread = find_thread_locked(p, r->thread);
    if (t->base.clock == TIMER_OF_THREAD) t->base.measured = find_thread_locked(p, measured);
    bool has_threads =
        (!t->base.is_for_thread || t->base.thread) && (t->base.clock != TIMER_OF_THREAD || t->base.measured);
    if (has_threads) {
        insert_locked(p, t);
        t->base.item.info.timer.timer = t->number;
        if (r->is_default) t->base.item.info.timer.value = (uint32_t)t->number;
    } else {
        e = ERR_INVALID;
    }
    spin_unlock(&p->signal_lock);
    return e;
}

err_t posix_timer_create(const struct posix_timer_request *r, int32_t *out_number)
{
    struct process *p = process_current();
    struct process_timer chosen = { 0 };
    uint32_t measured = 0;
    err_t e = choose_clock(r->clock, &chosen, &measured);
    if (failed(e)) return e;
    struct posix_timer *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return ERR_TRY_AGAIN;
    t->base.clock = chosen.clock;
    process_timer_init(&t->base, p);
    if (!signal_item_reserve(p->limits[LINUX_RLIMIT_SIGPENDING].soft)) {
        heap_free(t);
        return ERR_TRY_AGAIN;
    }
    e = choose_event(r, &t->base);
    if (!failed(e)) e = check_cpu_clock(&t->base, measured);
    if (!failed(e)) e = enter(t, r, measured);
    if (failed(e)) {
        signal_item_release();
        heap_free(t);
        return e;
    }
    *out_number = t->number;
    return OK;
}

/* ---- by number ---- */

err_t posix_timer_set(int32_t number, bool is_absolute, const struct timer_setting *wanted,
                      struct timer_setting *was)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct posix_timer *t = find_locked(p, number);
    err_t e = t ? process_timer_set_locked(&t->base, is_absolute, wanted, was) : ERR_INVALID;
    spin_unlock(&p->signal_lock);
    return e;
}

err_t posix_timer_get(int32_t number, struct timer_setting *out)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct posix_timer *t = find_locked(p, number);
    if (t) *out = process_timer_get_locked(&t->base);
    spin_unlock(&p->signal_lock);
    return t ? OK : ERR_INVALID;
}

err_t posix_timer_overruns(int32_t number, int32_t *out)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct posix_timer *t = find_locked(p, number);
    if (t) *out = t->base.overruns;
    spin_unlock(&p->signal_lock);
    return t ? OK : ERR_INVALID;
}

/* ---- the end ---- */

static void remove_locked(struct process *p, struct posix_timer *t) REQUIRES(p->signal_lock)
{
    tree_remove(&p->posix_timers, &t->node);
    process_timer_end_locked(&t->base);
}

static void free_timer(struct posix_timer *t)
{
    process_timer_wait(&t->base);
    signal_item_release();
    heap_free(t);
}

err_t posix_timer_delete(int32_t number)
{
    struct process *p = process_current();
    spin_lock(&p->signal_lock);
    struct posix_timer *t = find_locked(p, number);
    if (t) remove_locked(p, t);
    spin_unlock(&p->signal_lock);
    if (!t) return ERR_INVALID;
    free_timer(t);
    return OK;
}

void process_timers_exec(struct process *p)
{
    for (;;) {
        spin_lock(&p->signal_lock);
        struct tree_node *first = tree_first(&p->posix_timers);
        if (first) remove_locked(p, entry(first));
        spin_unlock(&p->signal_lock);
        if (!first) return;
        free_timer(entry(first));
    }
}

void process_timers_end(struct process *p)
{
    process_timers_exec(p);
    for (uint32_t i = 0; i < INTERVAL_TIMER_COUNT; i++) {
        struct process_timer *t = &p->interval_timers[i];
        if (!t->process) continue;
        spin_lock(&p->signal_lock);
        process_timer_end_locked(t);
        spin_unlock(&p->signal_lock);
        process_timer_wait(t);
    }
}

/* ---- what signals and threads tell ---- */

void process_timers_leave_locked(struct user_thread *thread)
{
    for (struct tree_node *at = tree_first(&thread->process->posix_timers); at; at = tree_next(at))
        process_timer_forget_locked(&entry(at)->base, thread);
}

void process_timers_heed_locked(struct process *p, uint32_t signal)
{
    for (struct tree_node *at = tree_first(&p->posix_timers); at; at = tree_next(at))
        if ((uint32_t)entry(at)->base.item.info.number == signal) process_timer_heed_locked(&entry(at)->base);
}
