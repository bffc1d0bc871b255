/* SPDX-License-Identifier: Apache-2.0 */
/* Frames come in through `pump`. The host never has more standard input under way than the ring
 * holds, so whatever arrives can be taken at once and signals are not held up. */
#include "container/channel.h"

#include "abi/linux/poll.h"
#include "core/log.h"
#include "core/time.h"
#include "fs/readiness.h"
#include "lib/ring.h"
#include "lib/string.h"
#include "sched/mutex.h"
#include "sched/thread.h"

enum {
    POLL_NS = 10000000, /* between looks at a device without an interrupt */
    RETRY_NS = 1000000, /* between tries to write to a host that does not read */
};

struct channel {
    struct wait_queue queue; /* its lock guards all below; readers sleep on it */
    struct readiness readiness;
    struct byte_pipe *pipe;
    void (*on_signal)(uint32_t signal);
    struct byte_ring input;
    uint32_t taken;               /* bytes read from it that the host was not told of */
    struct channel_header header; /* of the frame that is arriving */
    uint32_t header_bytes;        /* of it, so far */
    uint16_t window[2];           /* payload of CHANNEL_WINDOW */
    uint32_t payload_left;
    bool is_at_end;       /* STDIN_EOF came */
    bool is_broken;       /* the host sent what it may not */
    bool is_polled;       /* no interrupt will ever come */
    struct mutex sending; /* one frame at a time goes out */
};

static uint8_t input_bytes[CHANNEL_STDIN_WINDOW]; /* apart, so that it costs nothing in the image */
void (*channel_resized_hook)(uint16_t rows, uint16_t columns);

static struct channel channel = {
    .queue = WAIT_QUEUE_INIT(channel.queue),
    .readiness = READINESS_INIT(channel.readiness),
    .sending = MUTEX_INIT(channel.sending),
};

bool channel_is_started(void) { return channel.pipe != NULL; }

static void fail_locked(struct channel *c, const char *what) REQUIRES(c->queue.lock)
{
    if (!c->is_broken)
        log_error("channel: %s (frame type 0x%x, %u bytes)", what, c->header.type, c->header.length);
    c->is_broken = true;
}

static void check_header_locked(struct channel *c) REQUIRES(c->queue.lock)
{
    c->payload_left = c->header.length;
    switch (c->header.type) {
    case CHANNEL_STDIN:
        if (c->is_at_end)
            fail_locked(c, "input after the end of input");
        else if (c->header.length > byte_ring_free(&c->input))
            fail_locked(c, "more input than the window");
        break;
    case CHANNEL_STDIN_EOF:
        if (c->header.length) fail_locked(c, "end of input with a payload");
        c->is_at_end = true;
        break;
    case CHANNEL_WINDOW:
        if (c->header.length != sizeof(c->window)) fail_locked(c, "size of a terminal of the wrong length");
        break;
    case CHANNEL_SIGNAL:
        if (c->header.length != 1) fail_locked(c, "signal of the wrong length");
        break;
    default: fail_locked(c, "unknown frame");
    }
    if (!c->payload_left) c->header_bytes = 0;
}

/* For others, once the lock is released. */
struct told {
    uint8_t signal; /* 0: none */
    bool is_resized;
    uint16_t rows, columns;
};

/* True when it made progress. */
static bool take_payload_locked(struct channel *c, struct told *told) REQUIRES(c->queue.lock)
{
    uint8_t bytes[256];
    size_t want = MIN(c->payload_left, sizeof(bytes));
    size_t got = c->pipe->read(c->pipe, bytes, want);
    if (c->header.type == CHANNEL_STDIN)
        byte_ring_write(&c->input, bytes, (uint32_t)got);
    else if (got && c->header.type == CHANNEL_SIGNAL)
        told->signal = bytes[0];
    else if (got)
        memcpy((uint8_t *)c->window + (c->header.length - c->payload_left), bytes, got);
    c->payload_left -= (uint32_t)got;
    if (got && !c->payload_left && c->header.type == CHANNEL_WINDOW)
        *told = (struct told){ .rows = c->window[0], .columns = c->window[1], .is_resized = true };
    if (!c->payload_left) c->header_bytes = 0;
    return got > 0;
}

static bool take_header_locked(struct channel *c) REQUIRES(c->queue.lock)
{
    size_t want = sizeof(c->header) - c->header_bytes;
    size_t got = c->pipe->read(c->pipe, (uint8_t *)&c->header + c->header_bytes, want);
    c->header_bytes += (uint32_t)got;
    if (c->header_bytes == sizeof(c->header)) check_header_locked(c);
    return got > 0;
}

/* Once half the window is read, so that the host neither stalls nor is told of every byte. */
static void report_taken(struct channel *c)
{
    spin_lock(&c->queue.lock);
    uint32_t taken = c->taken >= CHANNEL_STDIN_WINDOW / 2 ? c->taken : 0;
    c->taken -= taken;
    spin_unlock(&c->queue.lock);
    if (taken) channel_send(CHANNEL_STDIN_TAKEN, &taken, sizeof(taken));
}

/* Moves what has arrived to where it belongs. Signals are handed on without the lock. */
static void pump(struct channel *c)
{
    bool moved = true, has_moved = false;
    while (moved) {
        struct told told = { 0 };
        spin_lock(&c->queue.lock);
        if (c->is_broken)
            moved = false;
        else if (c->header_bytes < sizeof(c->header))
            moved = take_header_locked(c);
        else
            moved = take_payload_locked(c, &told);
        if (moved || c->is_broken) wait_wake_all_locked(&c->queue);
        spin_unlock(&c->queue.lock);
        if (told.signal) c->on_signal(told.signal);
        if (told.is_resized && channel_resized_hook) channel_resized_hook(told.rows, told.columns);
        has_moved |= moved;
    }
    if (has_moved) readiness_changed(&c->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static void bytes_arrived(void *context) { pump(context); }

void channel_start(struct byte_pipe *pipe, void (*on_signal)(uint32_t signal))
{
    struct channel *c = &channel;
    const uint32_t hello[] = { CHANNEL_MAGIC, CHANNEL_VERSION };
    byte_ring_init(&c->input, input_bytes, CHANNEL_STDIN_WINDOW);
    c->pipe = pipe;
    c->on_signal = on_signal;
    pipe->on_readable = bytes_arrived;
    pipe->context = c;
    channel_send(CHANNEL_HELLO, hello, sizeof(hello));
    c->is_polled = failed(pipe->start_reading(pipe));
}

void channel_end_stdin(void)
{
    spin_lock(&channel.queue.lock);
    channel.is_at_end = true;
    spin_unlock(&channel.queue.lock);
}

/* A host that does not read for a while makes the writer wait, never lose a byte: a frame cut short
 * would be the end of the protocol. */
static void write_all(struct byte_pipe *pipe, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    for (;;) {
        size_t taken = pipe->write(pipe, from, count);
        from += taken;
        count -= taken;
        if (!count) return;
        thread_sleep_until_ns(time_now_ns() + RETRY_NS);
    }
}

bool channel_send(enum channel_type type, const void *payload, size_t bytes)
{
    struct channel *c = &channel;
    const uint8_t *from = payload;
    if (!c->pipe) return false;
    mutex_lock(&c->sending);
    while (bytes) {
        size_t now = MIN(bytes, (size_t)CHANNEL_PAYLOAD_MAX);
        struct channel_header header = { .type = (uint8_t)type, .length = (uint16_t)now };
        write_all(c->pipe, &header, sizeof(header));
        write_all(c->pipe, from, now);
        from += now;
        bytes -= now;
    }
    mutex_unlock(&c->sending);
    return true;
}

void channel_send_exit(enum channel_exit_kind kind, uint32_t status)
{
    struct channel_exit end = { kind, status };
    channel_send(CHANNEL_EXIT, &end, sizeof(end));
}

void channel_send_panic(void)
{
    struct {
        struct channel_header header;
        struct channel_exit end;
    } PACKED frame = {
        { .type = CHANNEL_EXIT, .length = sizeof(frame.end) },
        { CHANNEL_PANIC, 0 },
    };
    if (channel.pipe) channel.pipe->write(channel.pipe, &frame, sizeof(frame));
}

bool channel_stdin_is_ready(void)
{
    struct channel *c = &channel;
    pump(c);
    spin_lock(&c->queue.lock);
    bool ready = byte_ring_used(&c->input) || c->is_at_end || c->is_broken;
    spin_unlock(&c->queue.lock);
    return ready;
}

struct readiness *channel_stdin_readiness(void) { return &channel.readiness; }

uint32_t channel_stdin_bytes(void)
{
    pump(&channel);
    spin_lock(&channel.queue.lock);
    uint32_t bytes = byte_ring_used(&channel.input);
    spin_unlock(&channel.queue.lock);
    return bytes;
}

err_t channel_read_stdin(void *out, size_t capacity, size_t *count)
{
    struct channel *c = &channel;
    err_t e = OK;
    for (bool done = false; !done;) {
        pump(c);
        spin_lock(&c->queue.lock);
        *count = byte_ring_read(&c->input, out, (uint32_t)MIN(capacity, (size_t)CHANNEL_STDIN_WINDOW));
        c->taken += (uint32_t)*count;
        done = *count || c->is_at_end || c->is_broken;
        if (!*count && c->is_broken) e = ERR_IO;
        if (!done) {
            uint64_t until = c->is_polled ? time_now_ns() + POLL_NS : UINT64_MAX;
            e = wait_sleep_interruptible_locked(&c->queue, until);
            done = e.code == ERR_INTERRUPTED.code;
        }
        spin_unlock(&c->queue.lock);
    }
    report_taken(c);
    return e.code == ERR_TIMED_OUT.code ? OK : e;
}
