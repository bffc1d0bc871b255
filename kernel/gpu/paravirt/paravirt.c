/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the back end, and how a device is taken over. */
#include "gpu/paravirt/paravirt.h"

#include "config.h"
#include "core/log.h"
#include "core/time.h"
#include "gpu/paravirt/paravirt_internal.h"
#include "gpu/queue.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"

static struct paravirt *of_context(const struct gpu_context *context) { return paravirt_of(context->device); }

/* ---- contexts ---- */

static err_t do_for(const struct gpu_context *context, struct gpu_command *command)
{
    const struct paravirt_context *c = context->backend_data;
    command->context = context->number;
    return paravirt_do(of_context(context), c->generation, command);
}

static struct gpu_command context_command(const struct gpu_context *context, enum gpu_command_kind kind)
{
    const struct paravirt_context *c = context->backend_data;
    const struct gpu_apertures *a = &context->apertures;
    return (struct gpu_command){ .kind = kind,
                                 .create = { .map_table = c->table.root.raw,
                                             .local_base = a->local_base.raw,
                                             .scratch_base = a->scratch_base.raw,
                                             .scratch_memory = a->scratch_memory.raw,
                                             .trap_handler = a->trap_handler.raw,
                                             .trap_memory = a->trap_memory.raw } };
}

static void context_free(struct gpu_context *context)
{
    struct paravirt_context *c = context->backend_data;
    map_table_destroy(&c->table);
    heap_free(c);
}

static uint32_t present_generation(struct paravirt *p)
{
    spin_lock(&p->done.lock);
    uint32_t generation = p->generation;
    spin_unlock(&p->done.lock);
    return generation;
}

/* Of whoever had the number before. */
static void forget_signals(const struct gpu_context *context)
{
    volatile struct gpu_signals *s = &of_context(context)->signals[context->number];
    for (size_t i = 0; i < ARRAY_LENGTH(s->raised); i++) s->raised[i] = s->awaited[i] = 0;
}

static err_t context_create(struct gpu_context *context)
{
    struct paravirt_context *c = heap_alloc(sizeof(*c));
    if (!c) return ERR_NO_MEMORY;
    err_t e = map_table_create(&c->table);
    if (failed(e)) {
        heap_free(c);
        return e;
    }
    context->backend_data = c;
    c->generation = present_generation(of_context(context));
    forget_signals(context);
    struct gpu_command command = context_command(context, GPU_COMMAND_CONTEXT_CREATE);
    e = do_for(context, &command);
    if (failed(e)) context_free(context);
    return e;
}

static err_t context_update(struct gpu_context *context)
{
    struct gpu_command command = context_command(context, GPU_COMMAND_CONTEXT_UPDATE);
    return do_for(context, &command);
}

/* For what ends something: a device that is lost has ended it already, and one that refuses is out of its mind. */
static void end(struct gpu_context *context, struct gpu_command *command)
{
    struct paravirt *p = of_context(context);
    const struct paravirt_context *c = context->backend_data;
    err_t e = do_for(context, command);
    if (!failed(e) || e.code == ERR_NO_DEVICE.code) return;
    log_error("gpu%u: refuses command %u: %s", p->device.number, command->kind, err_text(e));
    spin_lock(&p->done.lock);
    if (paravirt_is_current_locked(p, c->generation)) paravirt_ask_reset_locked(p);
    while (paravirt_is_current_locked(p, c->generation)) paravirt_wait_locked(p);
    spin_unlock(&p->done.lock);
}

static void context_stop(struct gpu_context *context)
{
    struct gpu_command command = { .kind = GPU_COMMAND_CONTEXT_DESTROY };
    end(context, &command);
}

/* ---- maps ---- */

static void unmap(struct gpu_context *context, gpu_va_t at, uint64_t bytes)
{
    struct paravirt_context *c = context->backend_data;
    struct map_range gone = map_table_unmap(&c->table, at.raw, bytes);
    struct gpu_command command = { .kind = GPU_COMMAND_INVALIDATE,
                                   .range = { .address = gone.start, .bytes = gone.end - gone.start } };
    if (gone.end) end(context, &command);
}

static err_t map(struct gpu_context *context, gpu_va_t at, const struct gpu_piece *piece, uint32_t flags)
{
    struct paravirt_context *c = context->backend_data;
    err_t e = map_table_map(&c->table, at.raw, piece, flags);
    if (failed(e)) unmap(context, at, piece->bytes); /* the device may have used it for a moment */
    return e;
}

/* ---- queues ---- */

static struct gpu_command queue_command(const struct gpu_queue *queue, enum gpu_command_kind kind)
{
    const struct gpu_queue_request *r = &queue->request;
    return (struct gpu_command){ .kind = kind,
                                 .queue = { .number = queue->number,
                                            .kind = (uint16_t)r->kind,
                                            .percent = (uint8_t)r->percent,
                                            .priority = (uint8_t)r->priority,
                                            .ring = r->ring.raw,
                                            .read_pointer = r->read_pointer.raw,
                                            .write_pointer = r->write_pointer.raw,
                                            .ring_bytes = r->ring_bytes,
                                            .doorbell = queue->doorbell } };
}

static err_t queue_create(struct gpu_queue *queue)
{
    struct gpu_command command = queue_command(queue, GPU_COMMAND_QUEUE_CREATE);
    return do_for(queue->context, &command);
}

static err_t queue_update(struct gpu_queue *queue)
{
    struct gpu_command command = queue_command(queue, GPU_COMMAND_QUEUE_UPDATE);
    return do_for(queue->context, &command);
}

static void queue_destroy(struct gpu_queue *queue)
{
    struct gpu_command command = queue_command(queue, GPU_COMMAND_QUEUE_DESTROY);
    end(queue->context, &command);
}

/* ---- the device ---- */

static err_t clear(struct gpu_device *device, uint64_t offset, uint64_t bytes)
{
    struct gpu_command command = { .kind = GPU_COMMAND_CLEAR, .clear = { offset, bytes } };
    return paravirt_do(paravirt_of(device), 0, &command);
}

static void fault_reply(struct gpu_context *context, uint64_t fault, bool is_fixed)
{
    struct gpu_command command = { .kind = GPU_COMMAND_FAULT_REPLY,
                                   .context = context->number,
                                   .reply = { .fault = fault, .is_fixed = is_fixed } };
    const struct paravirt_context *c = context->backend_data;
    paravirt_send(of_context(context), c->generation, &command);
}

static err_t read_clock(struct gpu_device *device, uint64_t *out)
{
    struct gpu_command command = { .kind = GPU_COMMAND_CLOCK };
    err_t e = paravirt_do(paravirt_of(device), 0, &command);
    if (!failed(e)) *out = command.words[0];
    return e;
}

/* ---- beginning, and beginning anew ---- */

/* 0: in any generation. An engine that lies about it is in none that is waited for. */
static bool is_ready(const struct paravirt *p, uint32_t generation)
{
    return __atomic_load_n(&p->registers->state, __ATOMIC_ACQUIRE) == GPU_STATE_READY &&
           (!generation || p->registers->generation == generation);
}

static bool wait_until_ready(const struct paravirt *p, uint32_t generation)
{
    uint64_t deadline = time_now_ns() + CONFIG_GPU_PATIENCE_MS * 1000000ull;
    while (!is_ready(p, generation) && time_now_ns() < deadline)
        thread_sleep_until_ns(time_now_ns() + CONFIG_GPU_LOOK_US * 1000ull);
    return is_ready(p, generation);
}

/* Commands and events are counted from nothing in each generation. */
static void begin_generation(struct paravirt *p, uint32_t generation)
{
    spin_lock(&p->done.lock);
    p->generation = generation;
    p->commands_sent = p->commands_done = p->commands_watched = p->events_taken = 0;
    p->armed = p->arm_request = 0; /* of an engine that has ended */
    p->is_down = p->is_reset_asked = p->is_given_up = false;
    spin_unlock(&p->done.lock);
}

/* Ends generation *generation and waits for the next one, which it becomes; if that has ended as well, for the one behind
 * it. The supervisor counts on from the wish. One that did not obey before is asked, but not waited for. */
static bool end_generation(const struct paravirt *p, uint32_t *generation)
{
    uint32_t state = p->registers->state, now = p->registers->generation;
    bool is_ahead = (int32_t)(now - *generation) > 0;
    if (is_ahead) *generation = now;
    if (!is_ahead || (state != GPU_STATE_READY && (state != GPU_STATE_STARTING || p->is_given_up))) {
        p->registers->reset_request = *generation;
        p->link->kick(p->link, GPU_KICK_RESET);
        ++*generation;
    }
    return p->is_given_up ? is_ready(p, *generation) : wait_until_ready(p, *generation);
}

static err_t reset(struct gpu_device *device)
{
    struct paravirt *p = paravirt_of(device);
    if (!p->is_down) return OK; /* it is back already */
    uint32_t generation = p->generation;
    p->is_given_up = !end_generation(p, &generation);
    if (p->is_given_up) return ERR_NO_DEVICE;
    begin_generation(p, generation);
    log_info("gpu%u: is back, in generation %u", device->number, p->generation);
    return OK;
}

static const struct gpu_backend backend = {
    .name = "paravirt",
    .context_create = context_create,
    .context_stop = context_stop,
    .context_free = context_free,
    .context_update = context_update,
    .map = map,
    .unmap = unmap,
    .queue_create = queue_create,
    .queue_update = queue_update,
    .queue_destroy = queue_destroy,
    .clear = clear,
    .fault_reply = fault_reply,
    .await_signal = paravirt_await_signal,
    .take_signal = paravirt_take_signal,
    .wake = paravirt_wake,
    .read_clock = read_clock,
    .reset = reset,
};

/* ---- taking over: what the device says of itself is copied once, and checked ---- */

static bool is_inside(const struct paravirt *p, struct gpu_extent extent, uint64_t least_bytes)
{
    uint64_t end;
    return is_aligned(extent.offset | extent.bytes, PAGE_BYTES) && extent.offset >= PAGE_BYTES &&
           !add_overflows(extent.offset, extent.bytes, &end) && end <= p->link->window_bytes &&
           extent.bytes >= least_bytes;
}

static bool is_ring(uint32_t entries) { return is_power_of_two(entries) && entries <= GPU_RING_ENTRIES_MAX; }

/* NULL: all is well. */
static const char *check(const struct paravirt *p, const struct gpu_registers *r)
{
    const struct gpu_device *d = &p->device;
    if (r->magic != GPU_MAGIC) return "there is no device";
    if (r->version_major != GPU_VERSION_MAJOR) return "it speaks another version of the protocol";
    if (!is_ring(r->command_count) || !is_ring(r->event_count)) return "its rings have a size that is none";
    bool has_numbers = d->contexts_max && d->contexts_max <= GPU_CONTEXTS_MAX && d->queues_max &&
                       d->queues_max <= GPU_QUEUES_MAX && d->doorbell_bytes &&
                       is_aligned(d->doorbell_bytes, PAGE_BYTES) && d->address_bits >= 32 &&
                       d->address_bits <= 48;
    if (!has_numbers) return "its numbers make no sense";
    bool fits = is_inside(p, r->commands, r->command_count * sizeof(struct gpu_command)) &&
                is_inside(p, r->events, r->event_count * sizeof(struct gpu_event)) &&
                is_inside(p, r->signals, d->contexts_max * sizeof(struct gpu_signals)) &&
                is_inside(p, r->doorbells, (uint64_t)d->contexts_max * d->doorbell_bytes) &&
                is_inside(p, r->vram, HUGE_BYTES);
    return fits ? NULL : "it names places outside of its window";
}

static void read_facts(struct paravirt *p, const struct gpu_registers *r)
{
    struct gpu_device *d = &p->device;
    d->backend = &backend;
    d->identity = r->identity;
    d->identity.name[sizeof(d->identity.name) - 1] = '\0';
    d->vram_base = PADDR(p->link->window.raw + r->vram.offset);
    d->vram_bytes = r->vram.bytes;
    d->doorbells_base = PADDR(p->link->window.raw + r->doorbells.offset);
    d->doorbell_bytes = r->doorbell_bytes;
    d->contexts_max = r->context_max;
    d->queues_max = r->queue_max;
    d->address_bits = r->address_bits;
    p->command_count = r->command_count;
    p->event_count = r->event_count;
}

static err_t map_window(const struct paravirt *p, uint64_t offset, uint64_t bytes, volatile void **out)
{
    return kernel_map_mmio(PADDR(p->link->window.raw + offset), bytes, 0, out);
}

static err_t map_rings(struct paravirt *p, const struct gpu_registers *r)
{
    volatile void *commands, *events, *signals;
    err_t e = map_window(p, r->commands.offset, r->commands.bytes, &commands);
    if (!failed(e)) e = map_window(p, r->events.offset, r->events.bytes, &events);
    if (!failed(e)) e = map_window(p, r->signals.offset, r->signals.bytes, &signals);
    if (failed(e)) return e;
    p->commands = commands;
    p->events = events;
    p->signals = signals;
    return OK;
}

/* Somebody may have used it before: a kernel that this one came after. */
static bool is_fresh(const struct paravirt *p)
{
    const volatile struct gpu_registers *r = p->registers;
    if (!wait_until_ready(p, 0)) return false;
    uint32_t generation = r->generation;
    return (!r->command_head && !r->command_tail && !r->event_tail) || end_generation(p, &generation);
}

static err_t take_over(struct paravirt *p)
{
    struct gpu_registers r;
    volatile void *registers;
    err_t e = map_window(p, 0, PAGE_BYTES, &registers);
    if (failed(e)) return e;
    p->registers = registers;
    const char *why = is_fresh(p) ? NULL : "it does not get ready";
    for (size_t i = 0; i < sizeof(r) / sizeof(uint64_t); i++)
        ((uint64_t *)&r)[i] = ((volatile uint64_t *)registers)[i];
    read_facts(p, &r);
    if (!why) why = check(p, &r);
    if (why) {
        log_error("gpu behind %s: %s", p->link->name, why);
        return ERR_NO_DEVICE;
    }
    return map_rings(p, &r);
}

err_t paravirt_attach(struct gpu_link *link)
{
    struct paravirt *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return ERR_NO_MEMORY;
    p->link = link;
    wait_queue_init(&p->done);
    wait_queue_init(&p->news);
    list_init(&p->waits);
    timer_init(&p->arm_timer, paravirt_time_to_arm);
    timer_init(&p->watch, paravirt_watch);
    err_t e = take_over(p);
    if (failed(e)) goto free;
    begin_generation(p, p->registers->generation);
    struct thread *thread = thread_create_stopped("gpu events", paravirt_run_events, p);
    if (!thread) {
        e = ERR_NO_MEMORY;
        goto free;
    }
    e = gpu_device_add(&p->device);
    if (failed(e)) goto destroy_thread;
    link->owner = p;
    link->interrupt = paravirt_interrupt;
    thread_detach(thread);
    thread_start(thread);
    return OK;

destroy_thread:
    thread_destroy_stopped(thread);
free:
    heap_free(p);
    return e;
}
