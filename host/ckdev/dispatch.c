/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel dispatches: work-groups spread over the workers. A group belongs to the worker that began it; it is run in
 * slices, so that a kernel that never ends takes no more than its queue's share, and so that a group which waits for
 * another one of its dispatch sees that one begin. */
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RUN_INSTRUCTIONS = 1024, /* of waves, between quiescent points: half a millisecond or so */
    SLICE_NS = 20000000,     /* of one group */
    SLICE_CONTENDED_NS = 1000000,
};

static uint64_t service_clock(void *context)
{
    (void)context;
    return clock_ns();
}

/* Counts 100 MHz. */
static uint64_t service_realtime(void *context)
{
    (void)context;
    return clock_ns() / 10;
}

static void service_interrupt(void *context, uint32_t m0)
{
    /* The device library keeps 8 bits of an event's number here. */
    events_signal(context, m0 & ((1u << EVENT_SHORT_BITS) - 1), EVENT_SHORT_BITS);
}

/* The engine's error as one of the runtime's. */
static uint32_t error_of_launch(const struct gfx9_error *error)
{
    return error->kind == GFX9_ERROR_NO_MEMORY ? AQL_ERROR_GROUP_SIZE : AQL_ERROR_CODE;
}

uint32_t dispatch_start(struct worker *worker, struct queue *queue, const struct gfx9_launch *launch,
                        uint32_t slots, uint64_t signal)
{
    struct device *device = worker->device;
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (!dispatch) return AQL_ERROR_GROUP_SIZE;
    struct gfx9_launch full = *launch;
    full.memory = &queue->context->memory;
    full.lds_aperture = worker->setup.local_base;
    full.scratch_aperture = worker->setup.scratch_base;
    full.context = queue->context;
    full.interrupt = service_interrupt;
    full.clock = service_clock;
    full.realtime = service_realtime;
    full.stop = &queue->is_halted;
    struct gfx9_error error = { 0 };
    if (!gfx9_dispatch_init(&dispatch->engine, &full, &error)) {
        log_line("context %u, queue %u, packet %lu: kernel 0x%lx cannot start: %s", queue->context->number,
                 queue->number, launch->dispatch_id, launch->kernel_object, error.text);
        free(dispatch);
        return error_of_launch(&error);
    }
    uint32_t waves = MAX(dispatch->engine.waves, 1u);
    dispatch->references = 1;
    dispatch->queue = queue;
    dispatch->index = launch->dispatch_id;
    dispatch->signal = signal;
    dispatch->start_ns = clock_ns();
    dispatch->live_max = MAX(DISPATCH_GROUPS_MAX / waves, 1u);
    if (launch->scratch_wave_bytes) dispatch->live_max = MIN(dispatch->live_max, slots / waves);
    if (!dispatch->live_max) {
        free(dispatch);
        return AQL_ERROR_SCRATCH;
    }
    pthread_mutex_lock(&device->lock);
    queue->dispatch = dispatch;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

void dispatch_put_locked(struct dispatch *dispatch)
{
    if (--dispatch->references == 0) free(dispatch);
}

bool dispatch_can_begin_locked(const struct worker *worker, const struct dispatch *dispatch)
{
    uint32_t share = MAX(dispatch->live_max / worker->device->worker_count, 1u);
    return dispatch->next_group < dispatch->engine.group_count && dispatch->live < dispatch->live_max &&
           dispatch->live_of[worker->number] < share;
}

/* A number of dispatch->live_max that no live group has. There is one, because fewer than live_max live. */
static uint32_t take_slot_locked(struct dispatch *dispatch)
{
    size_t word = 0;
    while (dispatch->slots[word] == UINT64_MAX) word++;
    uint32_t bit = (uint32_t)__builtin_ctzll(~dispatch->slots[word]);
    dispatch->slots[word] |= 1ull << bit;
    return (uint32_t)word * 64 + bit;
}

static struct group *begin(struct worker *worker, struct dispatch *dispatch)
{
    struct device *device = worker->device;
    struct group *group = calloc(1, sizeof *group);
    pthread_mutex_lock(&device->lock);
    bool has_room = group && dispatch_can_begin_locked(worker, dispatch) && !queue_is_halted(dispatch->queue);
    uint64_t number = 0;
    if (has_room) {
        number = dispatch->next_group++;
        dispatch->live++;
        dispatch->live_of[worker->number]++;
        dispatch->references++;
        dispatch->queue->users++;
        group->slot = take_slot_locked(dispatch);
    }
    pthread_mutex_unlock(&device->lock);
    if (!has_room) {
        free(group);
        return NULL;
    }
    group->dispatch = dispatch;
    group->engine = gfx9_group_start(worker->engine, &dispatch->engine, number, group->slot);
    group->next = worker->groups;
    worker->groups = group;
    worker->group_count++;
    worker->begins_next = false;
    return group;
}

/* Take the worker's first group of the dispatch to the front of its list. */
static struct group *bring_forward(struct worker *worker, const struct dispatch *dispatch)
{
    for (struct group **at = &worker->groups; *at; at = &(*at)->next) {
        struct group *group = *at;
        if (group->dispatch != dispatch) continue;
        *at = group->next;
        group->next = worker->groups;
        worker->groups = group;
        return group;
    }
    return NULL;
}

static void move_to_end(struct worker *worker)
{
    struct group *group = worker->groups, **end = &worker->groups;
    worker->groups = group->next;
    while (*end) end = &(*end)->next;
    group->next = NULL;
    *end = group;
}

static void complete(struct worker *worker, struct dispatch *dispatch)
{
    struct queue *queue = dispatch->queue;
    struct device *device = worker->device;
    struct gpu_registers *registers = device->registers;
    /* What the groups wrote is seen before the signal changes. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bool is_told = signal_complete(worker, dispatch->signal, dispatch->start_ns, clock_ns());
    aql_dispatch_done(worker, queue);
    __atomic_add_fetch(&registers->retired_waves, dispatch->engine.wave_instructions, __ATOMIC_RELAXED);
    __atomic_add_fetch(&registers->retired_lanes, dispatch->engine.lane_instructions, __ATOMIC_RELAXED);

    pthread_mutex_lock(&device->lock);
    queue->dispatch = NULL;
    queue->is_ready = true;
    if (!is_told) queue_stop_locked(queue, worker->stop);
    dispatch_put_locked(dispatch);
    scheduler_wake_locked(device);
    pthread_mutex_unlock(&device->lock);
}

/* The worker's first group has ended, one way or the other. */
static void end_first(struct worker *worker, bool is_done)
{
    struct device *device = worker->device;
    struct group *group = worker->groups;
    struct dispatch *dispatch = group->dispatch;
    struct queue *queue = dispatch->queue;
    worker->groups = group->next;
    worker->group_count--;
    if (group->engine) gfx9_group_end(group->engine);

    pthread_mutex_lock(&device->lock);
    dispatch->slots[group->slot / 64] &= ~(1ull << group->slot % 64);
    dispatch->live--;
    dispatch->live_of[worker->number]--;
    bool is_last = is_done && !dispatch->live && dispatch->next_group == dispatch->engine.group_count &&
                   !queue_is_halted(queue);
    pthread_mutex_unlock(&device->lock);
    free(group);
    if (is_last) complete(worker, dispatch);

    pthread_mutex_lock(&device->lock);
    dispatch_put_locked(dispatch);
    if (--queue->users == 0) pthread_cond_broadcast(&device->idle);
    pthread_mutex_unlock(&device->lock);
}

static void fail(struct worker *worker, struct dispatch *dispatch, const struct gfx9_error *error)
{
    struct queue *queue = dispatch->queue;
    struct stop stop = { .reason = GPU_STOP_DISPATCH, .detail = dispatch->index };
    uint32_t report = 0;
    switch (error->kind) {
    case GFX9_ERROR_STOPPED: return;
    case GFX9_ERROR_INSTRUCTION:
        stop = (struct stop){ GPU_STOP_INSTRUCTION, error->pc,
                              (uint64_t)error->words[1] << 32 | error->words[0] };
        report = AQL_ERROR_INSTRUCTION;
        break;
    case GFX9_ERROR_MEMORY:
        stop = (struct stop){ GPU_STOP_FAULT, error->address, error->access };
        report = AQL_ERROR_APERTURE;
        break;
    case GFX9_ERROR_TRAP:
        stop = (struct stop){ GPU_STOP_TRAP, error->pc, error->trap };
        report = AQL_ERROR_TRAP;
        break;
    case GFX9_ERROR_NONE:
    case GFX9_ERROR_LAUNCH:
    case GFX9_ERROR_NO_MEMORY: report = error_of_launch(error); break;
    }
    /* A fault that the kernel refused has stopped the queue already, and is told by the kernel. */
    if (queue_is_halted(queue)) return;
    log_line("context %u, queue %u, packet %lu, group %u %u %u at 0x%lx: %s", queue->context->number,
             queue->number, dispatch->index, error->group[0], error->group[1], error->group[2], error->pc,
             error->text);
    if (report) aql_report(worker, queue, report);
    queue_stop(queue, stop);
}

static bool is_over(const struct worker *worker, uint64_t start_ns)
{
    const struct device *device = worker->device;
    uint64_t limit = __atomic_load_n(&device->is_contended, __ATOMIC_RELAXED) ? SLICE_CONTENDED_NS : SLICE_NS;
    return clock_ns() - start_ns >= limit || __atomic_load_n(&device->is_stopping, __ATOMIC_RELAXED);
}

void dispatch_run(struct worker *worker, struct dispatch *dispatch, bool begins)
{
    static const struct timespec nap = { .tv_nsec = 20000 };
    struct group *group = begins ? begin(worker, dispatch) : NULL;
    if (!group) group = bring_forward(worker, dispatch);
    if (!group) return;

    uint32_t code_epoch = __atomic_load_n(&worker->device->code_epoch, __ATOMIC_ACQUIRE);
    if (code_epoch != worker->code_seen) gfx9_worker_forget_code(worker->engine);
    worker->code_seen = code_epoch;

    uint64_t start_ns = clock_ns();
    enum gfx9_status status = GFX9_FAILED;
    epoch_enter(worker);
    while (group->engine && (status = gfx9_group_run(group->engine, RUN_INSTRUCTIONS)) == GFX9_RUNNING) {
        epoch_pass(worker);
        if (is_over(worker, start_ns) || gfx9_group_is_waiting(group->engine)) break;
    }
    if (status == GFX9_FAILED) {
        static const struct gfx9_error no_memory = { .kind = GFX9_ERROR_NO_MEMORY,
                                                     .text = "the host has no memory left" };
        fail(worker, dispatch, group->engine ? gfx9_group_error(group->engine) : &no_memory);
    }
    if (status != GFX9_RUNNING) {
        end_first(worker, status == GFX9_DONE);
    } else {
        /* All its waves wait for somebody; do not spin when that somebody is not here. */
        bool is_alone =
            worker->group_count == 1 && !__atomic_load_n(&worker->device->is_contended, __ATOMIC_RELAXED);
        move_to_end(worker);
        worker->begins_next = true;
        if (is_alone && gfx9_group_is_waiting(group->engine)) nanosleep(&nap, NULL);
    }
    epoch_leave(worker);
}

void dispatch_drop_halted_locked(struct worker *worker)
{
    struct device *device = worker->device;
    for (bool is_found = true; is_found;) {
        is_found = false;
        for (const struct group *group = worker->groups; group; group = group->next) {
            if (!queue_is_halted(group->dispatch->queue)) continue;
            const struct dispatch *dispatch = group->dispatch;
            pthread_mutex_unlock(&device->lock);
            bring_forward(worker, dispatch);
            end_first(worker, false);
            pthread_mutex_lock(&device->lock);
            is_found = true;
            break;
        }
    }
}
