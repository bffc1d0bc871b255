/* SPDX-License-Identifier: Apache-2.0 */
/* A process's events: what GPUs and programs raise, and threads wait for.
 *
 * An event that is raised stays so until it is reset, or, with auto-reset, until somebody has waited for it. The way from
 * a GPU's signal to its waiters is one look-up by number and a walk along those who wait for that very event. While
 * nobody waits for an event, its signals stay with the GPU: who waits next, or resets it, takes them from there.
 *
 * `lock` guards all events, their waiters and the look-up of numbers; making and destroying is serialised by the caller.
 * Under it are the sleepers' wait queues. */
#pragma once
#include "abi/linux/kfd.h"
#include "core/lock.h"
#include "gpu/amd/id_table.h"
#include "gpu/context.h"
#include "lib/list.h"

struct kfd_event {
    uint32_t id;   /* also the slot of a signal event in the page of events */
    uint32_t type; /* enum linux_kfd_event_type, or another number below KFD_EVENT_TYPES */
    bool is_auto_reset;
    bool is_raised;      /* under kfd_events.lock, as the next two */
    struct list waiters; /* of event_waiter.link */
    union {
        struct linux_kfd_hsa_memory_exception_data memory;
        struct linux_kfd_hsa_hw_exception_data hardware;
    } exception; /* the last one */
};

struct kfd_events {
    struct spinlock lock;
    struct id_table table;                         /* of struct kfd_event, by id, from 1 on */
    struct gpu_context *contexts[GPU_DEVICES_MAX]; /* who raises them; under `lock` */
    uint32_t context_count;
};

enum { KFD_EVENT_TYPES = 9, KFD_WAIT_MAX = LINUX_KFD_SIGNAL_EVENT_LIMIT };

void kfd_events_init(struct kfd_events *events);
/* Nobody waits any more, and no GPU raises anything. */
void kfd_events_fini(struct kfd_events *events);

/* A GPU that raises signals from now on; at most GPU_DEVICES_MAX. */
void kfd_events_attach(struct kfd_events *events, struct gpu_context *context);
/* No GPU does any more. Nobody waits. */
void kfd_events_detach(struct kfd_events *events);

/* ---- making and destroying: one at a time ---- */

/* ERR_NO_MEMORY, ERR_NO_SPACE. */
err_t kfd_event_make(struct kfd_events *events, uint32_t type, bool is_auto_reset, uint32_t *id);
/* Whoever waits for it fails. ERR_INVALID: there is no such event. */
err_t kfd_event_end(struct kfd_events *events, uint32_t id);

/* ---- raising ---- */

/* By the GPU: any context, takes no mutex. A number that no signal event has is nothing. */
void kfd_event_signal(struct kfd_events *events, uint32_t id);
/* By the program. ERR_INVALID: there is no such signal event. */
err_t kfd_event_change(struct kfd_events *events, uint32_t id, bool is_raised);
/* All events of that kind are told; false: there are none. */
bool kfd_events_tell_memory(struct kfd_events *events,
                            const struct linux_kfd_hsa_memory_exception_data *exception);
bool kfd_events_tell_hardware(struct kfd_events *events,
                              const struct linux_kfd_hsa_hw_exception_data *exception);

/* ---- waiting ---- */

struct kfd_wait {
    uint64_t events_at; /* `count` records of struct linux_kfd_event_data in the program's memory */
    uint32_t count;
    bool is_for_all;
    uint64_t deadline_ns; /* UINT64_MAX: none; 0: only look */
};
/* Sleeps until one of the events, or all, are raised; takes auto-reset ones down, and writes what exceptions were. *result
 * is enum linux_kfd_wait_result. ERR_INVALID: there is no such event; ERR_IO: one was destroyed meanwhile; ERR_FAULT,
 * ERR_NO_MEMORY; ERR_INTERRUPTED: as if it had not been called. */
err_t kfd_events_wait(struct kfd_events *events, const struct kfd_wait *wait, uint32_t *result);
