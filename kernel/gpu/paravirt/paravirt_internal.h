/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "abi/gpu_ring.h"
#include "core/lock.h"
#include "device/gpu_link.h"
#include "gpu/context.h"
#include "lib/list.h"
#include "sched/timer.h"
#include "sched/wait.h"

/* A command that somebody waits for; on the waiter's stack. */
struct paravirt_wait {
    struct list link;
    uint64_t sequence;
    bool is_done, is_lost;     /* one of them ends the wait */
    struct gpu_command result; /* the entry as the device left it */
};

struct paravirt {
    struct gpu_device device;
    struct gpu_link *link;
    volatile struct gpu_registers *registers;
    volatile struct gpu_command *commands;
    const volatile struct gpu_event *events;
    volatile struct gpu_signals *signals; /* by the numbers of contexts */
    uint32_t command_count, event_count;  /* checked copies */
    struct wait_queue done;               /* its lock guards the rest */
    bool is_down;                         /* no command is sent or waited for */
    bool is_loss_untold;                  /* that is news to the core */
    bool is_reset_asked;
    bool is_given_up;        /* it did not obey the reset either */
    uint64_t reset_asked_ns; /* core/time.h */
    uint32_t generation;     /* as it was when this began: the page says what the engine likes */
    uint64_t commands_sent, commands_done;
    struct timer watch;                    /* while programs may ring */
    uint64_t commands_watched, watched_ns; /* those before were sent at that time */
    uint64_t events_taken;
    uint64_t unknown_events;
    uint64_t wakes;         /* how often doorbells were shown */
    uint32_t arm_request;   /* 0: none */
    uint32_t armed;         /* what the register of that name shall be */
    struct timer arm_timer; /* until it is passed on */
    struct list waits;
    struct wait_queue news; /* the thread sleeps there; its lock, under that of `done`, guards: */
    bool has_news;
};

static inline struct paravirt *paravirt_of(struct gpu_device *device)
{
    return CONTAINER_OF(device, struct paravirt, device);
}

/* ---- commands.c ---- */

/* Sends a command and waits until it is done; *command is then as the device left it. It is for things of one generation,
 * or of the present one, whichever that is: 0. ERR_NO_DEVICE: that generation is over, and nothing of it runs any more.
 * Else what the device's result says. Threads only. */
err_t paravirt_do(struct paravirt *p, uint32_t generation, struct gpu_command *command);
/* The same, but nobody waits. Threads only: the ring may be full. */
void paravirt_send(struct paravirt *p, uint32_t generation, const struct gpu_command *command);
static inline bool paravirt_is_current_locked(const struct paravirt *p, uint32_t generation)
    REQUIRES(p->done.lock)
{
    return !p->is_down && p->generation == generation;
}
/* What the device has done since the last time. Any context. */
void paravirt_take_done_locked(struct paravirt *p) REQUIRES(p->done.lock);
/* Lets the device look. Any context. */
void paravirt_kick(struct paravirt *p);
/* It broke the protocol, or does not answer. Any context. */
void paravirt_ask_reset_locked(struct paravirt *p) REQUIRES(p->done.lock);
/* Sleeps until the device does something, or patience is out. */
void paravirt_wait_locked(struct paravirt *p) REQUIRES(p->done.lock);
/* Looks whether the engine still answers; for a timer. */
void paravirt_watch(struct timer *timer);
/* In a while. Any context. */
void paravirt_watch_soon_locked(struct paravirt *p) REQUIRES(p->done.lock);

/* Whether the engine has ended. Any context. */
void paravirt_look_at_state_locked(struct paravirt *p) REQUIRES(p->done.lock);

/* ---- events.c ---- */
void paravirt_interrupt(struct gpu_link *link, enum gpu_interrupt what);
/* Passes on what needs a thread; for ever. */
void paravirt_run_events(void *p);
/* It has something to do. Any context. */
void paravirt_tell_thread(struct paravirt *p);
/* What there is of that now. */
void paravirt_pass_news(struct paravirt *p);
void paravirt_time_to_arm(struct timer *timer);
void paravirt_wake(struct gpu_device *device);

void paravirt_await_signal(struct gpu_context *context, uint32_t number, bool is_awaited);
bool paravirt_take_signal(struct gpu_context *context, uint32_t number);

/* ---- map_table.c ---- */
struct map_table {
    struct spinlock lock;
    paddr_t root;
    uint64_t frames; /* of all its tables */
};
/* gpu_context.backend_data */
struct paravirt_context {
    struct map_table table;
    uint32_t generation; /* of the device, which the context ends with */
};
err_t map_table_create(struct map_table *table);
void map_table_destroy(struct map_table *table);
/* Shows a piece where nothing is. ERR_NO_MEMORY: a part of it is shown, and is to be unmapped. Any context. */
err_t map_table_map(struct map_table *table, uint64_t at, const struct gpu_piece *piece, uint32_t flags);
/* From the first entry that was there to the end of the last one; both 0: there were none. */
struct map_range {
    uint64_t start, end;
};
/* Clears the entries of the range, larger leaves in pieces. What it returns may reach beyond the range. Any context. */
struct map_range map_table_unmap(struct map_table *table, uint64_t at, uint64_t bytes);
