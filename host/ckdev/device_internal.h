/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the device share: contexts, queues, dispatches, workers.
 *
 * Threads: one *dispatcher* (device_run) serves the command ring and watches doorbells; *workers* read packets, copy,
 * and execute work-groups. One lock, device.lock, guards all that is not said to be somebody's own; nobody holds it
 * while touching the program's memory.
 *
 * A worker is *online* while it may hold host addresses that a map table gave it, and passes a quiescent point between
 * pieces of work; device.epoch counts what they all have to notice. It is offline while it waits, for work or for the
 * answer to a fault. */
#pragma once
#include <pthread.h>

#include "host/ckdev/device.h"
#include "host/ckdev/events.h"
#include "host/ckdev/gfx9/gfx9.h"
#include "host/ckdev/map.h"
#include "host/ckdev/window.h"

enum {
    FAULTS_MAX = 2 * DEVICE_THREADS_MAX,
    PM4_DEPTH = 4,              /* indirect buffers in indirect buffers */
    DISPATCH_GROUPS_MAX = 2560, /* begun at once: a card of 64 compute units has room for 40 waves in each */
};

struct context {
    bool is_used;
    uint32_t number;
    struct device *device;
    struct gpu_command_context setup;
    struct gfx9_memory memory; /* how the engine gets at it: context_translate */
};

/* Why a queue stopped; reason 0: it has not. */
struct stop {
    enum gpu_stop reason;
    uint64_t detail, words;
};

struct pm4_level {
    uint64_t address;
    uint32_t at, dwords;
};

struct queue {
    bool is_used;
    uint32_t number;
    struct context *context;
    struct gpu_command_queue setup;
    uint64_t *doorbell;
    uint64_t doorbell_seen; /* the dispatcher's */

    bool is_ready;     /* there may be packets to read */
    bool is_reading;   /* a worker reads them; what follows it is that worker's */
    uint64_t retry_ns; /* not 0: packets wait for memory to change; look again then */
    uint32_t users;    /* readers, and work-groups that have begun */
    uint64_t pass;     /* share of the workers it has had, see scheduler.c */
    struct stop stop;
    bool is_halted; /* atomic: stopped, or being destroyed; its work ends as soon as it can */
    struct dispatch *dispatch;

    /* the reader's */
    struct gpu_command_queue now;    /* setup as it was when reading began */
    uint64_t read, limit;            /* AQL: packets; SDMA: bytes */
    uint32_t polls;                  /* in a row that found nothing */
    uint64_t rows_done;              /* of the rectangle that SDMA copies; 0: none is under way */
    bool waits_for_scratch;          /* until the runtime's signal is 0 */
    bool returns_scratch;            /* of the dispatch: see aql_dispatch_done */
    struct pm4_level pm4[PM4_DEPTH]; /* where to go on in indirect buffers */
    uint32_t pm4_depth;
};

/* A kernel dispatch packet under way. */
struct dispatch {
    struct gfx9_dispatch engine;
    struct queue *queue;
    uint64_t index;  /* the packet's */
    uint64_t signal; /* completion signal, or 0 */
    uint64_t start_ns;
    uint64_t next_group;                      /* not begun yet */
    uint64_t live;                            /* begun, not ended */
    uint32_t live_of[DEVICE_THREADS_MAX];     /* of them, by worker */
    uint32_t references;                      /* the queue's, and one of each worker that serves it */
    uint32_t live_max;                        /* by scratch slots, and by what a card has room for */
    uint64_t slots[DISPATCH_GROUPS_MAX / 64]; /* taken; a group's place in scratch memory */
};

/* A work-group that a worker has begun. */
struct group {
    struct gfx9_group *engine;
    struct dispatch *dispatch;
    uint32_t slot;
    struct group *next;
};

struct worker {
    struct device *device;
    uint32_t number;
    pthread_t thread;
    struct gfx9_worker *engine;
    uint64_t seen; /* atomic: device.epoch at the last quiescent point, or WORKER_OFFLINE */

    struct queue *queue;              /* what it works for; set by itself, under lock */
    struct gpu_command_context setup; /* its own: of the queue's context, when work on it began */
    struct fault *fault;              /* what it waits for; under lock */
    struct stop stop;                 /* its own: why an access failed */
    struct group *groups;             /* its own: begun, in turn */
    uint32_t group_count;
    bool begins_next;   /* its own: the last group was put aside, so that another one has its turn */
    uint32_t code_seen; /* its own: device.code_epoch when it last forgot decoded instructions */
};
static const uint64_t WORKER_OFFLINE = UINT64_MAX;

enum fault_state { FAULT_FREE, FAULT_UNTOLD, FAULT_TOLD, FAULT_FIXED, FAULT_FAILED };

struct fault {
    enum fault_state state;
    uint64_t number;
    struct context *context;
    uint64_t address;
    uint32_t queue;
    enum gpu_access access;
    enum gpu_fault reason;
    uint32_t waiters;
};

struct device {
    struct device_config config;
    struct gpu_registers *registers;
    struct gpu_registers layout; /* what window_lay_out says: the page itself is the kernel's to overwrite */

    pthread_mutex_t lock;
    pthread_cond_t work;    /* for workers */
    pthread_cond_t answers; /* for workers with a fault, and for a place to put one */
    pthread_cond_t idle;    /* for the dispatcher: a queue has lost a user */
    bool is_stopping;       /* atomic */
    enum gpu_failure failure;

    uint64_t epoch;      /* atomic */
    uint32_t code_epoch; /* atomic; counts invalidations of instruction caches */
    struct context contexts[GPU_CONTEXTS_MAX];
    struct queue *queues[GPU_QUEUES_MAX];
    uint32_t active[GPU_QUEUES_MAX], active_count; /* numbers of queues there are */
    uint64_t pass;                                 /* of the queue served last */
    bool is_contended;                             /* atomic: work waits that no worker is free for */
    uint32_t idle_workers;

    struct fault faults[FAULTS_MAX];
    uint64_t fault_count;
    struct events events;

    uint64_t command_head;
    struct worker workers[DEVICE_THREADS_MAX];
    uint32_t worker_count;
};

uint64_t clock_ns(void);

/* ---- device.c ---- */
/* The kernel has broken the protocol: the device ends. */
void device_fail(struct device *device, const char *format, ...) PRINTF_LIKE(2, 3);
void device_fail_locked(struct device *device, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- commands.c, the dispatcher's ---- */
/* Serves what there is. True when there was something. */
bool commands_serve(struct device *device);
bool commands_are_waiting(struct device *device);

/* ---- fault.c ---- */
/* An access of the worker's queue found nothing. Waits for the kernel; true: look again. False: worker->stop says why
 * the queue cannot go on, unless it is halted anyway. The worker holds no host address any more. */
bool fault_wait(struct worker *worker, uint64_t address, enum gpu_access access, enum gpu_fault reason);
/* False: there never was such a fault. */
bool fault_reply_locked(struct device *device, uint64_t number, bool is_fixed);
void fault_forget_context_locked(struct device *device, const struct context *context);
/* Those that wait on a halted queue look up. */
void fault_wake_locked(struct device *device);

/* ---- epoch.c ---- */
void epoch_enter(struct worker *worker);
void epoch_leave(struct worker *worker);
/* The worker holds no host address now. */
void epoch_pass(struct worker *worker);
/* No translation older than this call is in use once it returns. The dispatcher's. */
void epoch_wait(struct device *device);

/* ---- access.c: the program's memory, for packets. A worker's, with the lock not held. ----
 * False: worker->stop says why; the queue cannot go on. */
bool access_read(struct worker *worker, uint64_t address, void *out, uint64_t bytes);
bool access_write(struct worker *worker, uint64_t address, const void *data, uint64_t bytes);
bool access_copy(struct worker *worker, uint64_t to, uint64_t from, uint64_t bytes);
bool access_fill(struct worker *worker, uint64_t to, uint32_t pattern, uint32_t unit_bytes, uint64_t bytes);
/* Whole words, as other processors see them; addresses that are not aligned stop the queue. */
bool access_load32(struct worker *worker, uint64_t address, uint32_t *out);
bool access_load64(struct worker *worker, uint64_t address, uint64_t *out);
bool access_store16(struct worker *worker, uint64_t address, uint16_t value);
bool access_store32(struct worker *worker, uint64_t address, uint32_t value);
bool access_store64(struct worker *worker, uint64_t address, uint64_t value);
bool access_add32(struct worker *worker, uint64_t address, uint32_t value);
bool access_add64(struct worker *worker, uint64_t address, uint64_t value);
/* gfx9_memory.translate */
void *access_translate(struct gfx9_memory *memory, uint64_t address, unsigned access, uint64_t *span_bytes);
/* The worker that this thread is, for access_translate. */
void access_set_worker(struct worker *worker);

/* ---- signal.c: the runtime's completion signals ---- */
/* Store when the work began and ended, subtract 1, and send the signal's event. 0: there is no signal. */
bool signal_complete(struct worker *worker, uint64_t signal, uint64_t start_ns, uint64_t end_ns);
/* Set a value, and send the event. */
bool signal_set(struct worker *worker, uint64_t signal, uint64_t value);
bool signal_value(struct worker *worker, uint64_t signal, uint64_t *out);

/* ---- readers of packets: aql.c, pm4.c, sdma.c ---- */
enum step {
    STEP_IDLE,       /* all is done until the doorbell rings */
    STEP_AGAIN,      /* there is more, but others have waited long enough */
    STEP_POLL,       /* the packet waits for memory to change */
    STEP_DISPATCHED, /* queue->dispatch has begun; its end wakes the queue */
    STEP_STOP,       /* worker->stop says why */
};
enum step aql_step(struct worker *worker, struct queue *queue);
enum step sdma_step(struct worker *worker, struct queue *queue);
/* Where queue->pm4 says; STEP_IDLE: it is all done. */
enum step pm4_step(struct worker *worker, struct queue *queue);
/* The comparisons of WAIT_REG_MEM and of SDMA's POLL_REGMEM are the same. */
bool packet_compare(uint32_t function, uint32_t found, uint32_t reference);
bool pm4_enter(struct worker *worker, struct queue *queue, uint64_t address, uint32_t dwords);
/* A packet is wrong: log it and prepare worker->stop. Returns STEP_STOP. */
enum step packet_refuse(struct worker *worker, struct queue *queue, uint64_t word, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* ROCr's numbers in queue_inactive_signal. [rocr-5.2.3 amd_aql_queue.cpp, DynamicScratchHandler] */
enum aql_error {
    AQL_ERROR_SCRATCH = 1,
    AQL_ERROR_DIMENSIONS = 2,
    AQL_ERROR_LOCAL_MEMORY = 4,
    AQL_ERROR_CODE = 8,
    AQL_ERROR_PACKET = 32,
    AQL_ERROR_GROUP_SIZE = 64,
    AQL_ERROR_VENDOR_PACKET = 256,
    AQL_ERROR_SCRATCH_BACK =
        512, /* no error: scratch memory that was for one dispatch is not needed any more */
    AQL_ERROR_APERTURE = 0x20000000,
    AQL_ERROR_INSTRUCTION = 0x40000000,
};
static const uint32_t AQL_ERROR_TRAP = 0x80000000; /* as the runtime's own trap handler says it */
/* Tell the runtime, if the queue is one of its. Trouble on the way is not told: the queue stops anyway. */
void aql_report(struct worker *worker, struct queue *queue, uint32_t error);
/* The queue's dispatch has ended well, and no other packet was read since. */
void aql_dispatch_done(struct worker *worker, struct queue *queue);

/* ---- queue.c ---- */
struct queue *queue_create_locked(struct device *device, struct context *context,
                                  const struct gpu_command_queue *setup);
/* Waits, with the lock released, until nobody works for it. */
void queue_destroy_locked(struct device *device, struct queue *queue);
void queue_stop_locked(struct queue *queue, struct stop stop);
void queue_stop(struct queue *queue, struct stop stop);
static inline bool queue_is_halted(const struct queue *queue)
{
    return __atomic_load_n(&queue->is_halted, __ATOMIC_RELAXED);
}
/* Look at the doorbells: true when one was rung, or a queue that polls is due. *busy: some queue has work under way. */
bool queues_watch_locked(struct device *device, bool *busy);

/* ---- scheduler.c ---- */
void *worker_main(void *worker);
/* A queue has something to do. */
void scheduler_wake_locked(struct device *device);

/* ---- dispatch.c ---- */
/* Check the launch and make it queue->dispatch. `slots`: waves that the queue's scratch memory has room for.
 * 0: it has begun. Else the error, which was logged; GFX9_ERROR_MEMORY is in worker->stop, with AQL_ERROR_CODE. */
uint32_t dispatch_start(struct worker *worker, struct queue *queue, const struct gfx9_launch *launch,
                        uint32_t slots, uint64_t signal);
bool dispatch_can_begin_locked(const struct worker *worker, const struct dispatch *dispatch);
/* Begin another work-group of the dispatch (can_begin), or bring the worker's oldest one of it to the front; and run
 * it for a while. Takes the lock where it needs it. */
void dispatch_run(struct worker *worker, struct dispatch *dispatch, bool begins);
static inline bool dispatch_has_begun_one(const struct worker *worker, const struct dispatch *dispatch)
{
    return dispatch->live_of[worker->number];
}
void dispatch_put_locked(struct dispatch *dispatch);
/* End the worker's groups of halted queues. Lets go of the lock for that. */
void dispatch_drop_halted_locked(struct worker *worker);
