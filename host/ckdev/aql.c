/* SPDX-License-Identifier: Apache-2.0 */
/* AQL queues: packets of 64 bytes, one after the other. A packet begins when the one before it is done, as if each had
 * the barrier bit: that is always allowed, and what programs ask for nearly always. [hsa-runtime 2.9] */
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    PACKET_BYTES = 64,
    PACKETS_AT_ONCE = 64,
    TYPE_VENDOR = 0,
    TYPE_INVALID = 1,
    TYPE_KERNEL_DISPATCH = 2,
    TYPE_BARRIER_AND = 3,
    TYPE_AGENT_DISPATCH = 4,
    TYPE_BARRIER_OR = 5,
    VENDOR_PM4 = 1,
    VENDOR_BARRIER_VALUE = 2,
    PM4_INDIRECT_BUFFER = 0x3f,
    BARRIER_SIGNALS = 5,
    USE_SCRATCH_ONCE = 1 << 4, /* of amd_queue_t's properties */
};

/* amd_queue_t around the read index, which is told by its own offset in it. [rocr-5.2.3 amd_hsa_queue.h] */
enum {
    QUEUE_READ_INDEX = 0x80,
    QUEUE_READ_INDEX_OFFSET = 0x88,
    QUEUE_TMPRING_SIZE = 0x8c,
    QUEUE_SCRATCH_RESOURCE = 0x90,
    QUEUE_SCRATCH_BASE = 0xa0,
    QUEUE_SCRATCH_BYTES = 0xa8,
    QUEUE_SCRATCH_LANE_BYTES = 0xb0,
    QUEUE_PROPERTIES = 0xb4,
    QUEUE_INACTIVE_SIGNAL = 0xc0,
};

struct kernel_packet {
    uint16_t header, setup;
    uint16_t workgroup_size[3], reserved0;
    uint32_t grid_size[3];
    uint32_t private_segment_bytes, group_segment_bytes;
    uint64_t kernel_object, kernarg, reserved2, signal;
};

union packet {
    struct {
        uint16_t header;
        uint8_t format, reserved; /* of vendors' packets */
    };
    struct kernel_packet kernel;
    struct {
        uint32_t header_word, reserved1;
        uint64_t signals[BARRIER_SIGNALS], reserved2, signal;
    } barrier;
    struct {
        uint32_t header_word, reserved1;
        uint64_t watched;
        int64_t value, mask;
        uint32_t condition, reserved2;
        uint64_t reserved3[2], signal;
    } barrier_value;
    struct {
        uint32_t header_word, jump[4], remaining, reserved[8];
        uint64_t signal;
    } pm4;
    uint8_t bytes[PACKET_BYTES];
};
_Static_assert(sizeof(union packet) == PACKET_BYTES, "on the wire");

enum step packet_refuse(struct worker *worker, struct queue *queue, uint64_t word, const char *format, ...)
{
    char text[160];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    log_line("context %u, queue %u, at %lu: %s", queue->context->number, queue->number, queue->read, text);
    worker->stop = (struct stop){ GPU_STOP_PACKET, queue->read, word };
    return STEP_STOP;
}

/* The amd_queue_t that a queue belongs to, or 0: somebody else made it. */
static bool find_amd_queue(struct worker *worker, const struct queue *queue, uint64_t *out)
{
    uint32_t offset = 0;
    uint64_t base = queue->now.read_pointer - QUEUE_READ_INDEX;
    if (!access_load32(worker, base + QUEUE_READ_INDEX_OFFSET, &offset)) return false;
    *out = offset == QUEUE_READ_INDEX ? base : 0;
    return true;
}

void aql_report(struct worker *worker, struct queue *queue, uint32_t error)
{
    uint64_t amd_queue = 0, signal = 0, value = 0;
    struct stop stop = worker->stop;
    /* One error at a time: a value that is not 0 has not been seen to yet, or says that the queue is going away. */
    if (queue->setup.kind == GPU_QUEUE_AQL && find_amd_queue(worker, queue, &amd_queue) && amd_queue &&
        access_load64(worker, amd_queue + QUEUE_INACTIVE_SIGNAL, &signal) && signal &&
        signal_value(worker, signal, &value) && !value)
        (void)signal_set(worker, signal, error);
    worker->stop = stop;
}

/* The packet is wrong: the runtime hears why, and the queue stops. */
static enum step refuse(struct worker *worker, struct queue *queue, uint32_t error, enum gpu_stop reason,
                        const char *text)
{
    log_line("context %u, queue %u, packet %lu: %s", queue->context->number, queue->number, queue->read,
             text);
    aql_report(worker, queue, error);
    worker->stop = (struct stop){ reason, queue->read, error };
    return STEP_STOP;
}

static uint64_t slot_address(const struct queue *queue, uint64_t index)
{
    return queue->now.ring + index * PACKET_BYTES % queue->now.ring_bytes;
}

/* The slot is the program's again. */
static bool release(struct worker *worker, struct queue *queue)
{
    uint64_t slot = slot_address(queue, queue->read);
    queue->read++;
    return access_store16(worker, slot, TYPE_INVALID) &&
           access_store64(worker, queue->now.read_pointer, queue->read);
}

/* A packet without a dispatch is done. */
static enum step finish(struct worker *worker, struct queue *queue, uint64_t signal)
{
    uint64_t now = clock_ns();
    return release(worker, queue) && signal_complete(worker, signal, now, now) ? STEP_AGAIN : STEP_STOP;
}

/* ---- kernels ---- */

struct scratch {
    uint32_t waves, lane_bytes;
    bool is_for_once; /* the runtime wants it back after the dispatch */
};

/* Scratch memory of the queue as the runtime has left it. False: an access failed. */
static bool read_scratch(struct worker *worker, uint64_t amd_queue, struct gfx9_launch *launch,
                         struct scratch *scratch)
{
    uint32_t tmpring = 0, properties = 0;
    if (!access_load32(worker, amd_queue + QUEUE_TMPRING_SIZE, &tmpring) ||
        !access_load32(worker, amd_queue + QUEUE_PROPERTIES, &properties))
        return false;
    scratch->waves = tmpring & 0xfff;
    scratch->is_for_once = properties & USE_SCRATCH_ONCE;
    launch->scratch_wave_bytes = (tmpring >> 12 & 0x1fff) * 1024;
    return access_read(worker, amd_queue + QUEUE_SCRATCH_RESOURCE, launch->scratch_resource,
                       sizeof launch->scratch_resource) &&
           access_load64(worker, amd_queue + QUEUE_SCRATCH_BASE, &launch->scratch_base) &&
           access_load64(worker, amd_queue + QUEUE_SCRATCH_BYTES, &launch->scratch_bytes) &&
           access_load32(worker, amd_queue + QUEUE_SCRATCH_LANE_BYTES, &scratch->lane_bytes);
}

/* 0, or what is wrong with the packet by itself. */
static uint32_t check_kernel(const struct kernel_packet *packet)
{
    uint32_t dimensions = packet->setup & 3;
    uint64_t items = 1;
    if (!dimensions) return AQL_ERROR_DIMENSIONS;
    for (uint32_t i = 0; i < dimensions; i++) {
        if (!packet->workgroup_size[i] || !packet->grid_size[i]) return AQL_ERROR_DIMENSIONS;
        items *= packet->workgroup_size[i];
        if (items > GFX9_GROUP_ITEMS_MAX) return AQL_ERROR_GROUP_SIZE;
    }
    if (packet->group_segment_bytes > GFX9_LDS_BYTES_MAX) return AQL_ERROR_LOCAL_MEMORY;
    return packet->kernel_object ? 0 : AQL_ERROR_CODE;
}

/* The runtime is told that more scratch memory is needed, sets the signal to 0 when it has seen to it, and the same
 * packet is read again. */
static enum step ask_for_scratch(struct worker *worker, struct queue *queue)
{
    aql_report(worker, queue, AQL_ERROR_SCRATCH);
    queue->waits_for_scratch = true;
    return STEP_POLL;
}

void aql_dispatch_done(struct worker *worker, struct queue *queue)
{
    if (!queue->returns_scratch) return;
    aql_report(worker, queue, AQL_ERROR_SCRATCH_BACK);
    queue->returns_scratch = false;
    queue->waits_for_scratch = true;
}

static enum step still_waits_for_scratch(struct worker *worker, struct queue *queue, bool *out)
{
    uint64_t amd_queue = 0, signal = 0, value = 0;
    *out = false;
    if (!queue->waits_for_scratch) return STEP_AGAIN;
    if (!find_amd_queue(worker, queue, &amd_queue) ||
        !access_load64(worker, amd_queue + QUEUE_INACTIVE_SIGNAL, &signal) ||
        !signal_value(worker, signal, &value))
        return STEP_STOP;
    *out = value != 0;
    queue->waits_for_scratch = *out;
    return *out ? STEP_POLL : STEP_AGAIN;
}

static enum step dispatch_kernel(struct worker *worker, struct queue *queue,
                                 const struct kernel_packet *packet)
{
    uint32_t error = check_kernel(packet);
    struct scratch scratch = { 0 };
    if (error) return refuse(worker, queue, error, GPU_STOP_DISPATCH, "a dispatch of impossible sizes");
    struct gfx9_launch launch = {
        .dimensions = packet->setup & 3,
        .private_segment_bytes = packet->private_segment_bytes,
        .group_segment_bytes = packet->group_segment_bytes,
        .kernel_object = packet->kernel_object,
        .kernarg = packet->kernarg,
        .packet = slot_address(queue, queue->read),
        .dispatch_id = queue->read,
    };
    for (uint32_t i = 0; i < 3; i++) {
        launch.workgroup_size[i] = i < launch.dimensions ? packet->workgroup_size[i] : 1;
        launch.grid_size[i] = i < launch.dimensions ? packet->grid_size[i] : 1;
    }
    if (!find_amd_queue(worker, queue, &launch.queue)) return STEP_STOP;
    if (packet->private_segment_bytes) {
        if (!launch.queue)
            return refuse(worker, queue, AQL_ERROR_SCRATCH, GPU_STOP_DISPATCH,
                          "a queue without scratch memory");
        if (!read_scratch(worker, launch.queue, &launch, &scratch)) return STEP_STOP;
        if (!scratch.waves || !launch.scratch_wave_bytes ||
            scratch.lane_bytes < packet->private_segment_bytes)
            return ask_for_scratch(worker, queue);
    }
    queue->returns_scratch = scratch.is_for_once;
    error = dispatch_start(worker, queue, &launch, scratch.waves, packet->signal);
    if (error == AQL_ERROR_SCRATCH) return ask_for_scratch(worker, queue);
    if (error && worker->stop.reason) return STEP_STOP;
    if (error) return refuse(worker, queue, error, GPU_STOP_DISPATCH, "the kernel cannot start");
    return release(worker, queue) ? STEP_DISPATCHED : STEP_STOP;
}

/* ---- barriers ---- */

static enum step wait_for_signals(struct worker *worker, struct queue *queue, const union packet *packet,
                                  bool is_all)
{
    uint32_t named = 0, zero = 0;
    for (size_t i = 0; i < BARRIER_SIGNALS; i++) {
        uint64_t value = 0;
        if (!packet->barrier.signals[i]) continue;
        if (!signal_value(worker, packet->barrier.signals[i], &value)) return STEP_STOP;
        named++;
        zero += value == 0;
    }
    bool is_met = is_all ? zero == named : zero || !named;
    return is_met ? finish(worker, queue, packet->barrier.signal) : STEP_POLL;
}

static enum step wait_for_value(struct worker *worker, struct queue *queue, const union packet *packet)
{
    uint64_t raw = 0;
    if (!signal_value(worker, packet->barrier_value.watched, &raw)) return STEP_STOP;
    int64_t found = (int64_t)raw & packet->barrier_value.mask, value = packet->barrier_value.value;
    bool is_met = false;
    switch (packet->barrier_value.condition) {
    case 0: is_met = found == value; break;
    case 1: is_met = found != value; break;
    case 2: is_met = found < value; break;
    case 3: is_met = found >= value; break;
    default:
        return refuse(worker, queue, AQL_ERROR_VENDOR_PACKET, GPU_STOP_PACKET,
                      "a barrier with an unknown condition");
    }
    return is_met ? finish(worker, queue, packet->barrier_value.signal) : STEP_POLL;
}

/* ---- PM4 in an indirect buffer ---- */

static enum step run_pm4(struct worker *worker, struct queue *queue, const union packet *packet)
{
    const uint32_t *jump = packet->pm4.jump;
    if (!queue->pm4_depth) {
        if (jump[0] >> 30 != 3 || (jump[0] >> 8 & 0xff) != PM4_INDIRECT_BUFFER)
            return refuse(worker, queue, AQL_ERROR_VENDOR_PACKET, GPU_STOP_PACKET,
                          "PM4 that is no indirect buffer");
        uint64_t address = (jump[1] & ~3u) | (uint64_t)(jump[2] & 0xffff) << 32;
        if (!pm4_enter(worker, queue, address, jump[3] & 0xfffff)) return STEP_STOP;
    }
    enum step step = pm4_step(worker, queue);
    if (step == STEP_STOP && worker->stop.reason == GPU_STOP_PACKET)
        aql_report(worker, queue, AQL_ERROR_VENDOR_PACKET);
    return step == STEP_IDLE ? finish(worker, queue, packet->pm4.signal) : step;
}

static enum step run_vendor(struct worker *worker, struct queue *queue, const union packet *packet)
{
    switch (packet->format) {
    case VENDOR_PM4: return run_pm4(worker, queue, packet);
    case VENDOR_BARRIER_VALUE: return wait_for_value(worker, queue, packet);
    default:
        return refuse(worker, queue, AQL_ERROR_VENDOR_PACKET, GPU_STOP_PACKET,
                      "a vendor's packet of unknown format");
    }
}

/* ---- the ring ---- */

static enum step run_packet(struct worker *worker, struct queue *queue)
{
    union packet packet;
    bool still_waits;
    enum step step = still_waits_for_scratch(worker, queue, &still_waits);
    if (still_waits || step == STEP_STOP) return step;
    if (!access_read(worker, slot_address(queue, queue->read), packet.bytes, sizeof packet)) return STEP_STOP;
    /* All packets before this one are done, so an acquire is a fence. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    switch (packet.header & 0xff) {
    case TYPE_VENDOR: return run_vendor(worker, queue, &packet);
    case TYPE_KERNEL_DISPATCH: return dispatch_kernel(worker, queue, &packet.kernel);
    case TYPE_BARRIER_AND: return wait_for_signals(worker, queue, &packet, true);
    case TYPE_BARRIER_OR: return wait_for_signals(worker, queue, &packet, false);
    case TYPE_AGENT_DISPATCH:
        return refuse(worker, queue, AQL_ERROR_PACKET, GPU_STOP_PACKET,
                      "an agent dispatch, which a GPU cannot do");
    default: return refuse(worker, queue, AQL_ERROR_PACKET, GPU_STOP_PACKET, "a packet of unknown type");
    }
}

/* Is there a packet to read? STEP_AGAIN: yes. Several producers may ring in another order than that of their packets,
 * so a packet that is there counts, whether its doorbell was seen or not. */
static enum step look(struct worker *worker, struct queue *queue)
{
    uint64_t packets = queue->now.ring_bytes / PACKET_BYTES, written = 0;
    uint32_t header = 0;
    uint64_t rung = __atomic_load_n(queue->doorbell, __ATOMIC_ACQUIRE) + 1;
    if (rung - queue->read <= packets) queue->limit = rung;
    bool is_due = queue->limit - queue->read - 1 < packets;
    if (!is_due) {
        if (!access_load64(worker, queue->now.write_pointer, &written)) return STEP_STOP;
        if (written - queue->read - 1 >= packets) return STEP_IDLE;
    }
    if (!access_load32(worker, slot_address(queue, queue->read), &header)) return STEP_STOP;
    if ((header & 0xff) != TYPE_INVALID) return STEP_AGAIN;
    return is_due ? STEP_POLL : STEP_IDLE;
}

enum step aql_step(struct worker *worker, struct queue *queue)
{
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        if (queue_is_halted(queue)) return STEP_IDLE;
        enum step step = look(worker, queue);
        if (step != STEP_AGAIN) return step;
        step = run_packet(worker, queue);
        if (step != STEP_AGAIN) return step;
        epoch_pass(worker);
    }
    return STEP_AGAIN;
}
