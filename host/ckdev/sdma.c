/* SPDX-License-Identifier: Apache-2.0 */
/* SDMA queues, version 4: a ring of words, whose indices count bytes. Sizes in packets are one less than meant.
 * [linux drivers/gpu/drm/amd/amdgpu/vega10_sdma_pkt_open.h], [rocr-5.2.3 sdma_registers.h] */
#include "host/ckdev/device_internal.h"

enum {
    SDMA_NOP = 0,
    SDMA_COPY = 1,
    SDMA_WRITE = 2,
    SDMA_FENCE = 5,
    SDMA_TRAP = 6,
    SDMA_POLL_REGMEM = 8,
    SDMA_ATOMIC = 10,
    SDMA_CONST_FILL = 11,
    SDMA_TIMESTAMP = 13,
    SDMA_COPY_LINEAR = 0,
    SDMA_COPY_RECT = 4,
    SDMA_TIMESTAMP_GET = 1,
    SDMA_TIMESTAMP_GET_GLOBAL = 2,
    ATOMIC_ADD_RETURN_32 = 15,
    ATOMIC_ADD_RETURN_64 = 47,
    ATOMIC_ADD_32 = 79,
    ATOMIC_ADD_64 = 111,
    WORDS_MAX = 13, /* of a packet that is not data */
    WRITE_HEAD = 4, /* words before the data of WRITE */
    PACKETS_AT_ONCE = 64,
    ROWS_AT_ONCE = 64, /* of a rectangle; 256 KiB each at most */
};

static uint64_t address_of(const uint32_t *words) { return words[0] | (uint64_t)words[1] << 32; }

/* Words from the ring, which may go round its end. */
static bool read_ring(struct worker *worker, const struct queue *queue, uint64_t at, uint32_t *out,
                      uint64_t bytes)
{
    while (bytes) {
        uint64_t offset = at % queue->now.ring_bytes;
        uint64_t length = MIN(bytes, queue->now.ring_bytes - offset);
        if (!access_read(worker, queue->now.ring + offset, out, length)) return false;
        at += length;
        out += length / 4;
        bytes -= length;
    }
    return true;
}

/* Words of the packet that begins with `header`; 0: unknown. Of WRITE only the head. */
static uint32_t packet_words(uint32_t header)
{
    uint32_t sub = header >> 8 & 0xff;
    switch (header & 0xff) {
    case SDMA_NOP: return 1 + (header >> 16 & 0x3fff);
    case SDMA_COPY: return sub == SDMA_COPY_LINEAR ? 7 : sub == SDMA_COPY_RECT ? 13 : 0;
    case SDMA_WRITE: return sub == 0 ? WRITE_HEAD : 0;
    case SDMA_FENCE: return 4;
    case SDMA_TRAP: return 2;
    case SDMA_POLL_REGMEM: return 6;
    case SDMA_ATOMIC: return 8;
    case SDMA_CONST_FILL: return 5;
    case SDMA_TIMESTAMP: return 3;
    default: return 0;
    }
}

static enum step done_if(bool is_done) { return is_done ? STEP_AGAIN : STEP_STOP; }

static enum step refuse_form(struct worker *worker, struct queue *queue, uint32_t word, const char *name)
{
    return packet_refuse(worker, queue, word, "SDMA %s 0x%08x: this form is not supported", name, word);
}

struct rectangle {
    uint64_t base;
    uint64_t x, y, z, pitch, slice; /* in elements */
};

static struct rectangle rectangle_of(const uint32_t *words)
{
    return (struct rectangle){
        .base = address_of(words),
        .x = words[2] & 0x3fff,
        .y = words[2] >> 16 & 0x3fff,
        .z = words[3] & 0x7ff,
        .pitch = (words[3] >> 13) + 1,
        .slice = (words[4] & 0xfffffff) + 1,
    };
}

static uint64_t row_address(const struct rectangle *r, uint64_t y, uint64_t z, uint32_t element)
{
    return r->base + ((r->x + (r->y + y) * r->pitch + (r->z + z) * r->slice) << element);
}

/* Terabytes fit into one packet: others have their turn in between, and then it goes on at queue->rows_done. */
static enum step copy_rectangle(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint32_t element = words[0] >> 29;
    if (element > 4) return refuse_form(worker, queue, words[0], "COPY of a rectangle");
    struct rectangle from = rectangle_of(words + 1), to = rectangle_of(words + 6);
    uint64_t width = (words[11] & 0x3fff) + 1, height = (words[11] >> 16 & 0x3fff) + 1,
             depth = (words[12] & 0x7ff) + 1;
    uint64_t rows = height * depth, end = MIN(rows, queue->rows_done + ROWS_AT_ONCE);
    for (uint64_t row = queue->rows_done; row < end; row++) {
        uint64_t y = row % height, z = row / height;
        if (!access_copy(worker, row_address(&to, y, z, element), row_address(&from, y, z, element),
                         width << element))
            return STEP_STOP;
    }
    queue->rows_done = end < rows ? end : 0;
    return STEP_AGAIN;
}

static enum step copy(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    enum { ENCRYPTED = 1 << 16, BROADCAST = 1 << 27 };
    if (words[0] & ENCRYPTED) return refuse_form(worker, queue, words[0], "COPY");
    if ((words[0] >> 8 & 0xff) == SDMA_COPY_RECT) return copy_rectangle(worker, queue, words);
    if (words[0] & BROADCAST) return refuse_form(worker, queue, words[0], "COPY");
    return done_if(
        access_copy(worker, address_of(words + 5), address_of(words + 3), (words[1] & 0x3fffff) + 1));
}

static enum step fill(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint32_t unit = words[0] >> 30;
    if (unit > 2) return refuse_form(worker, queue, words[0], "CONST_FILL");
    uint64_t bytes = (((words[4] & 0x3fffff) >> unit) + 1ull) << unit;
    return done_if(access_fill(worker, address_of(words + 1), words[3], 1u << unit, bytes));
}

static enum step poll(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint32_t function = words[0] >> 28 & 7, is_memory = words[0] >> 31, found = 0;
    /* A register that always fits: how a runtime asks for a flush of the path to memory. There is nothing to flush. */
    if (!is_memory && !function) return STEP_AGAIN;
    if (!is_memory || function == 7) return refuse_form(worker, queue, words[0], "POLL_REGMEM");
    if (!access_load32(worker, address_of(words + 1) & ~3ull, &found)) return STEP_STOP;
    return packet_compare(function, found & words[4], words[3]) ? STEP_AGAIN : STEP_POLL;
}

static enum step atomic(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint64_t address = address_of(words + 1), value = address_of(words + 3);
    switch (words[0] >> 25) {
    case ATOMIC_ADD_32:
    case ATOMIC_ADD_RETURN_32: return done_if(access_add32(worker, address, (uint32_t)value));
    case ATOMIC_ADD_64:
    case ATOMIC_ADD_RETURN_64: return done_if(access_add64(worker, address, value));
    default: return refuse_form(worker, queue, words[0], "ATOMIC");
    }
}

static enum step timestamp(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint32_t sub = words[0] >> 8 & 0xff;
    if (sub != SDMA_TIMESTAMP_GET && sub != SDMA_TIMESTAMP_GET_GLOBAL)
        return refuse_form(worker, queue, words[0], "TIMESTAMP");
    return done_if(access_store64(worker, address_of(words + 1) & ~7ull, clock_ns()));
}

/* The words behind the head of WRITE, of the packet at queue->read. */
static enum step write(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    uint64_t to = address_of(words + 1) & ~3ull, from = queue->read + WRITE_HEAD * 4;
    uint32_t count = (words[3] & 0xfffff) + 1, data[64];
    for (uint32_t i = 0; i < count; i += ARRAY_LENGTH(data)) {
        uint64_t bytes = MIN(count - i, (uint32_t)ARRAY_LENGTH(data)) * 4ull;
        if (!read_ring(worker, queue, from + i * 4ull, data, bytes)) return STEP_STOP;
        if (!access_write(worker, to + i * 4ull, data, bytes)) return STEP_STOP;
    }
    return STEP_AGAIN;
}

static enum step run(struct worker *worker, struct queue *queue, const uint32_t *words)
{
    /* The program may have put another packet in the place of a rectangle that is not done. */
    if ((words[0] & 0xffff) != (SDMA_COPY | SDMA_COPY_RECT << 8)) queue->rows_done = 0;
    switch (words[0] & 0xff) {
    case SDMA_COPY: return copy(worker, queue, words);
    case SDMA_WRITE: return write(worker, queue, words);
    case SDMA_FENCE: return done_if(access_store32(worker, address_of(words + 1) & ~3ull, words[3]));
    case SDMA_TRAP: events_signal(queue->context, words[1] & 0xfffffff, 0); return STEP_AGAIN;
    case SDMA_POLL_REGMEM: return poll(worker, queue, words);
    case SDMA_ATOMIC: return atomic(worker, queue, words);
    case SDMA_CONST_FILL: return fill(worker, queue, words);
    case SDMA_TIMESTAMP: return timestamp(worker, queue, words);
    default: return STEP_AGAIN;
    }
}

/* How far the program has written. A doorbell that cannot be is one that says nothing. */
static void look(struct queue *queue)
{
    uint64_t rung = __atomic_load_n(queue->doorbell, __ATOMIC_ACQUIRE);
    if (rung - queue->read <= queue->now.ring_bytes && is_aligned(rung, 4)) queue->limit = rung;
}

enum step sdma_step(struct worker *worker, struct queue *queue)
{
    look(queue);
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        uint32_t words[WORDS_MAX] = { 0 };
        uint64_t there = queue->limit - queue->read;
        if (queue_is_halted(queue) || !there) return STEP_IDLE;
        if (!read_ring(worker, queue, queue->read, words, 4)) return STEP_STOP;
        uint64_t length = packet_words(words[0]) * 4ull;
        if (!length)
            return packet_refuse(worker, queue, words[0], "SDMA packet 0x%08x is not supported", words[0]);
        if (length > there) return STEP_IDLE;
        if (!read_ring(worker, queue, queue->read + 4, words + 1, MIN(length, sizeof words) - 4))
            return STEP_STOP;
        if ((words[0] & 0xff) == SDMA_WRITE) length += ((words[3] & 0xfffff) + 1) * 4ull;
        if (length > queue->now.ring_bytes)
            return packet_refuse(worker, queue, words[0], "SDMA packet 0x%08x is longer than its ring",
                                 words[0]);
        if (length > there) return STEP_IDLE;
        enum step step = run(worker, queue, words);
        if (step != STEP_AGAIN || queue->rows_done) return step;
        queue->read += length;
        if (!access_store64(worker, queue->now.read_pointer, queue->read)) return STEP_STOP;
        epoch_pass(worker);
    }
    return STEP_AGAIN;
}
