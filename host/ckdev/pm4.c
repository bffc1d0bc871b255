/* SPDX-License-Identifier: Apache-2.0 */
/* PM4 in indirect buffers, as runtimes put it into AQL queues: caches, writes, waits and times, but no dispatches.
 * [linux drivers/gpu/drm/amd/amdgpu/soc15d.h], [linux drivers/gpu/drm/amd/amdkfd/kfd_pm4_headers_ai.h] */
#include "host/ckdev/device_internal.h"

enum {
    PM4_TYPE3 = 3,
    PM4_NOP = 0x10,
    PM4_WRITE_DATA = 0x37,
    PM4_WAIT_REG_MEM = 0x3c,
    PM4_INDIRECT_BUFFER = 0x3f,
    PM4_COPY_DATA = 0x40,
    PM4_EVENT_WRITE = 0x46,
    PM4_RELEASE_MEM = 0x49,
    PM4_ACQUIRE_MEM = 0x58,
    PM4_NOP_ALONE = 0x3fff, /* a count that means no body */
    ICACHE_ACTION = 1 << 29,
    BODY_MAX = 8, /* words of a body that are looked at */
    PACKETS_AT_ONCE = 256,
};

struct pm4_packet {
    uint32_t opcode, words; /* of the body */
    uint64_t body_address;
    uint32_t body[BODY_MAX]; /* zeros behind its end */
};

static uint64_t address_of(const uint32_t *words) { return words[0] | (uint64_t)words[1] << 32; }

bool pm4_enter(struct worker *worker, struct queue *queue, uint64_t address, uint32_t dwords)
{
    if (queue->pm4_depth == PM4_DEPTH) {
        packet_refuse(worker, queue, address, "indirect buffers nest deeper than %d", PM4_DEPTH);
        return false;
    }
    queue->pm4[queue->pm4_depth++] = (struct pm4_level){ .address = address, .dwords = dwords };
    return true;
}

static bool read_packet(struct worker *worker, struct queue *queue, struct pm4_level *level,
                        struct pm4_packet *out)
{
    uint32_t header = 0;
    uint64_t address = level->address + level->at * 4ull;
    if (!access_load32(worker, address, &header)) return false;
    *out = (struct pm4_packet){ .opcode = header >> 8 & 0xff, .words = (header >> 16 & 0x3fff) + 1 };
    if (header >> 30 != PM4_TYPE3) {
        packet_refuse(worker, queue, header, "PM4 header 0x%08x is of no known type", header);
        return false;
    }
    if (out->opcode == PM4_NOP && out->words == PM4_NOP_ALONE + 1) out->words = 0;
    if (out->words >= level->dwords - level->at) {
        packet_refuse(worker, queue, header, "PM4 packet 0x%02x is longer than its buffer", out->opcode);
        return false;
    }
    out->body_address = address + 4;
    return access_read(worker, out->body_address, out->body, MIN(out->words, (uint32_t)BODY_MAX) * 4ull);
}

static enum step refuse_form(struct worker *worker, struct queue *queue, const struct pm4_packet *packet,
                             const char *name)
{
    return packet_refuse(worker, queue, packet->body[0], "PM4 %s 0x%08x: this form is not supported", name,
                         packet->body[0]);
}

static enum step write_data(struct worker *worker, struct queue *queue, const struct pm4_packet *packet)
{
    uint32_t target = packet->body[0] >> 8 & 0xf, keeps_address = packet->body[0] >> 16 & 1;
    uint64_t to = address_of(packet->body + 1) & ~3ull, from = packet->body_address + 12;
    if ((target != 5 && target != 2) || keeps_address || packet->words < 4)
        return refuse_form(worker, queue, packet, "WRITE_DATA");
    /* Word by word: somebody may be waiting for one of them. */
    for (uint32_t i = 0; i < packet->words - 3; i++) {
        uint32_t word = 0;
        if (!access_load32(worker, from + i * 4ull, &word) || !access_store32(worker, to + i * 4ull, word))
            return STEP_STOP;
    }
    return STEP_AGAIN;
}

bool packet_compare(uint32_t function, uint32_t found, uint32_t reference)
{
    switch (function) {
    case 0: return true;
    case 1: return found < reference;
    case 2: return found <= reference;
    case 3: return found == reference;
    case 4: return found != reference;
    case 5: return found >= reference;
    case 6: return found > reference;
    default: return false;
    }
}

static enum step wait_memory(struct worker *worker, struct queue *queue, const struct pm4_packet *packet)
{
    uint32_t function = packet->body[0] & 7, is_memory = packet->body[0] >> 4 & 3, found = 0;
    if (is_memory != 1 || packet->body[0] >> 6 & 3 || function == 7 || packet->words < 6)
        return refuse_form(worker, queue, packet, "WAIT_REG_MEM");
    if (!access_load32(worker, address_of(packet->body + 1) & ~3ull, &found)) return STEP_STOP;
    return packet_compare(function, found & packet->body[4], packet->body[3]) ? STEP_AGAIN : STEP_POLL;
}

static enum step copy_data(struct worker *worker, struct queue *queue, const struct pm4_packet *packet)
{
    uint32_t source = packet->body[0] & 0xf, target = packet->body[0] >> 8 & 0xf, low = 0;
    uint64_t from = address_of(packet->body + 1), to = address_of(packet->body + 3), value = 0;
    bool is_wide = packet->body[0] >> 16 & 1, is_read = true;
    bool is_memory = target == 1 || target == 2 || target == 5;
    if (!is_memory || packet->words < 5) return refuse_form(worker, queue, packet, "COPY_DATA");
    switch (source) {
    case 1:
    case 2:
        is_read = is_wide ? access_load64(worker, from, &value) : access_load32(worker, from, &low);
        value |= low;
        break;
    case 5: value = from; break;
    case 9: value = clock_ns(); break;
    default: return refuse_form(worker, queue, packet, "COPY_DATA");
    }
    if (!is_read) return STEP_STOP;
    bool is_written =
        is_wide ? access_store64(worker, to, value) : access_store32(worker, to, (uint32_t)value);
    return is_written ? STEP_AGAIN : STEP_STOP;
}

static enum step release_memory(struct worker *worker, struct queue *queue, const struct pm4_packet *packet)
{
    uint32_t interrupt = packet->body[1] >> 24 & 7, data = packet->body[1] >> 29;
    uint64_t address = address_of(packet->body + 2) & ~3ull, value = address_of(packet->body + 4);
    bool is_done = true;
    if (packet->words < 6 || data > 3) return refuse_form(worker, queue, packet, "RELEASE_MEM");
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (data == 1) is_done = access_store32(worker, address, (uint32_t)value);
    if (data == 2) is_done = access_store64(worker, address, value);
    if (data == 3) is_done = access_store64(worker, address, clock_ns());
    if (!is_done) return STEP_STOP;
    if (interrupt) events_signal(queue->context, packet->body[6], 0);
    return STEP_AGAIN;
}

static enum step run(struct worker *worker, struct queue *queue, const struct pm4_packet *packet)
{
    switch (packet->opcode) {
    case PM4_NOP: return STEP_AGAIN;
    case PM4_EVENT_WRITE:
        /* Flushes: nothing is on its way here. Those that write somewhere have an address. */
        return packet->words == 1 ? STEP_AGAIN : refuse_form(worker, queue, packet, "EVENT_WRITE");
    case PM4_ACQUIRE_MEM:
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (packet->body[0] & ICACHE_ACTION)
            __atomic_add_fetch(&worker->device->code_epoch, 1, __ATOMIC_ACQ_REL);
        return STEP_AGAIN;
    case PM4_RELEASE_MEM: return release_memory(worker, queue, packet);
    case PM4_WRITE_DATA: return write_data(worker, queue, packet);
    case PM4_COPY_DATA: return copy_data(worker, queue, packet);
    case PM4_WAIT_REG_MEM: return wait_memory(worker, queue, packet);
    case PM4_INDIRECT_BUFFER:
        return pm4_enter(worker, queue, (packet->body[0] & ~3u) | (uint64_t)(packet->body[1] & 0xffff) << 32,
                         packet->body[2] & 0xfffff)
                   ? STEP_AGAIN
                   : STEP_STOP;
    default:
        return packet_refuse(worker, queue, packet->opcode, "PM4 packet 0x%02x is not supported",
                             packet->opcode);
    }
}

enum step pm4_step(struct worker *worker, struct queue *queue)
{
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        if (queue_is_halted(queue)) return STEP_STOP;
        struct pm4_packet packet;
        if (!queue->pm4_depth) return STEP_IDLE;
        struct pm4_level *level = &queue->pm4[queue->pm4_depth - 1];
        if (level->at >= level->dwords) {
            queue->pm4_depth--;
            continue;
        }
        if (!read_packet(worker, queue, level, &packet)) return STEP_STOP;
        enum step step = run(worker, queue, &packet);
        if (step != STEP_AGAIN) return step;
        level->at += 1 + packet.words; /* also when another level lies above it now */
        epoch_pass(worker);
    }
    return queue->pm4_depth ? STEP_AGAIN : STEP_IDLE;
}
