/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "host/ck/report.h"
#include "host/ck/terminal.h"

enum {
    READ_BYTES = 64 << 10,
    TAIL_BYTES = 64 << 10, /* of the console and of QEMU's words: a panic with its backtrace */
    STATS_BYTES = 1000 * sizeof(struct channel_stat), /* whatever a kernel sends */
    WRITE_BYTES = 4096,                               /* PIPE_BUF: poll() promises room for that much */
    HELD_BYTES_MAX = 16 << 20, /* from the guest, so that a reader may pause before the guest has to */
    HELD_BYTES_COUNTING = 1 << 30,
};
/* A machine that boots at all greets in well under a second; a loaded one with gigabytes of files in
 * its archive was seen to take ten. */
static const uint64_t hello_limit_ns = 60ull * 1000000000;
static const uint64_t forever_ns = UINT64_MAX;

struct relay {
    const struct relay_config *config;
    struct relay_result *result;
    struct channel_decoder decoder;
    struct buffer incoming; /* from the guest, not decoded yet */
    const uint8_t *pending; /* payload being written, inside `incoming` */
    size_t pending_bytes;
    int pending_fd;
    size_t pending_frame_bytes; /* to take from `incoming` after that */
    struct buffer outgoing;     /* frames to the guest */
    bool is_channel_open;       /* the guest may still send */
    bool is_stdin_open;
    uint32_t stdin_window; /* bytes of stdin that the guest has room for */
    int signal_fd;
    int first_signal; /* already passed on; 0: none */
    bool is_over;     /* result->end is set */
};

uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void finish(struct relay *r, enum relay_end end)
{
    if (r->is_over) return;
    r->is_over = true;
    r->result->end = end;
}

/* ---- host to guest ---- */

static void send_stdin(struct relay *r, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        uint16_t part = (uint16_t)MIN(count, (size_t)CHANNEL_PAYLOAD_MAX);
        channel_encode(&r->outgoing, CHANNEL_STDIN, bytes, part);
        bytes += part;
        count -= part;
        r->stdin_window -= part;
    }
}

static void end_stdin(struct relay *r)
{
    r->is_stdin_open = false;
    channel_encode(&r->outgoing, CHANNEL_STDIN_EOF, NULL, 0);
}

static void read_stdin(struct relay *r)
{
    uint8_t bytes[CHANNEL_PAYLOAD_MAX];
    ssize_t count = read(STDIN_FILENO, bytes, MIN(r->stdin_window, sizeof bytes));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) report_errno("cannot read standard input; the program sees its end");
    if (count <= 0)
        end_stdin(r);
    else
        send_stdin(r, bytes, (size_t)count);
}

static void flush_outgoing(struct relay *r)
{
    ssize_t count =
        write(r->config->machine->to_guest, buffer_front(&r->outgoing), buffer_bytes(&r->outgoing));
    if (count >= 0) {
        buffer_take(&r->outgoing, (size_t)count);
    } else if (errno == EPIPE) {
        /* QEMU is going; the channel's end tells the rest. */
        buffer_take(&r->outgoing, buffer_bytes(&r->outgoing));
        r->is_stdin_open = false;
    } else if (errno != EAGAIN && errno != EINTR) {
        report_errno("cannot write to the machine");
        finish(r, RELAY_HOST_FAILED);
    }
}

static void send_size(struct relay *r)
{
    struct terminal_size size = terminal_size();
    channel_encode(&r->outgoing, CHANNEL_WINDOW, &size, sizeof size);
}

static void take_signal(struct relay *r)
{
    struct signalfd_siginfo info;
    if (read(r->signal_fd, &info, sizeof info) != (ssize_t)sizeof info) return;
    int number = (int)info.ssi_signo;
    if (number == SIGWINCH) {
        if (r->decoder.has_hello) send_size(r);
        return;
    }
    /* Without a program to hear it, and for a user who asks twice, the machine just stops. */
    if (!r->decoder.has_hello || r->first_signal) {
        r->result->signal = number;
        finish(r, RELAY_INTERRUPTED);
        return;
    }
    r->first_signal = number;
    uint8_t payload = (uint8_t)number;
    channel_encode(&r->outgoing, CHANNEL_SIGNAL, &payload, sizeof payload);
}

/* ---- guest to host ---- */

/* Write a part of the frame at hand. */
static void write_pending(struct relay *r)
{
    ssize_t count = write(r->pending_fd, r->pending, MIN(r->pending_bytes, (size_t)WRITE_BYTES));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0 && errno == EPIPE) {
        finish(r, RELAY_OUTPUT_GONE);
        return;
    }
    if (count < 0) {
        report_errno("cannot write to %s",
                     r->pending_fd == STDOUT_FILENO ? "standard output" : "standard error");
        finish(r, RELAY_HOST_FAILED);
        return;
    }
    r->pending += count;
    r->pending_bytes -= (size_t)count;
    if (r->pending_bytes > 0) return;
    buffer_take(&r->incoming, r->pending_frame_bytes);
    r->pending_frame_bytes = 0;
}

static void take_hello(struct relay *r)
{
    r->result->has_hello = true;
    r->is_stdin_open = r->config->has_stdin;
    r->stdin_window = CHANNEL_STDIN_WINDOW; /* what was read beforehand is less */
    if (!r->is_stdin_open) return;
    send_stdin(r, r->config->stdin_head, r->config->stdin_head_bytes);
}

/* The program has read; more may follow. */
static void take_taken(struct relay *r, uint32_t taken)
{
    if (taken > CHANNEL_STDIN_WINDOW - r->stdin_window) {
        snprintf(r->result->why, sizeof r->result->why, "%u bytes of input taken, which were not sent",
                 taken);
        finish(r, RELAY_BROKEN);
        return;
    }
    r->stdin_window += taken;
}

/* Decode until a frame has bytes to write, or no whole frame is left. */
static void decode_incoming(struct relay *r)
{
    while (!r->is_over && r->pending_bytes == 0) {
        struct channel_frame frame;
        size_t used;
        const uint8_t *front = buffer_front(&r->incoming);
        enum channel_step step =
            channel_decode(&r->decoder, front, buffer_bytes(&r->incoming), &frame, &used);
        if (step == CHANNEL_BROKEN) {
            memcpy(r->result->why, r->decoder.why, sizeof r->result->why);
            finish(r, RELAY_BROKEN);
            return;
        }
        bool is_output =
            step == CHANNEL_FRAME && (frame.type == CHANNEL_STDOUT || frame.type == CHANNEL_STDERR);
        if (is_output && frame.length > 0) {
            r->pending = frame.payload;
            r->pending_bytes = frame.length;
            r->pending_fd = frame.type == CHANNEL_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
            r->pending_frame_bytes = used;
            if (frame.type == CHANNEL_STDERR) r->result->wrote_stderr = true;
            return;
        }
        if (!r->decoder.has_hello) buffer_append_tail(&r->result->noise, front, used, TAIL_BYTES);
        if (step == CHANNEL_FRAME && frame.type == CHANNEL_HELLO) take_hello(r);
        if (step == CHANNEL_FRAME && frame.type == CHANNEL_STDIN_TAKEN) take_taken(r, frame.taken);
        if (step == CHANNEL_FRAME && frame.type == CHANNEL_STATS)
            buffer_append_tail(&r->result->stats, frame.payload, frame.length, STATS_BYTES);
        if (step == CHANNEL_FRAME && frame.type == CHANNEL_EXIT) {
            r->result->exit = frame.exit;
            finish(r, RELAY_EXIT);
        }
        buffer_take(&r->incoming, used);
        if (step == CHANNEL_MORE) return;
    }
}

static void close_channel(struct relay *r)
{
    r->is_channel_open = false;
    if (r->pending_bytes == 0 && buffer_bytes(&r->incoming) > 0 && r->decoder.has_hello)
        snprintf(r->result->why, sizeof r->result->why, "%zu bytes of a frame", buffer_bytes(&r->incoming));
}

static void read_channel(struct relay *r)
{
    /* buffer_room() may move the bytes that `pending` points to. */
    size_t offset = r->pending_bytes ? (size_t)(r->pending - buffer_front(&r->incoming)) : 0;
    ssize_t count = read(r->config->machine->from_guest, buffer_room(&r->incoming, READ_BYTES), READ_BYTES);
    if (r->pending_bytes) r->pending = buffer_front(&r->incoming) + offset;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        close_channel(r);
        return;
    }
    buffer_added(&r->incoming, (size_t)count);
}

/* False at the end of the stream. */
static bool read_text(int fd, struct buffer *tail, int copy_fd, bool to_stderr)
{
    uint8_t bytes[READ_BYTES];
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) return false;
    buffer_append_tail(tail, bytes, (size_t)count, TAIL_BYTES);
    /* A full disk under --log is not worth the program's life. */
    if (copy_fd >= 0) (void)write_all(copy_fd, bytes, (size_t)count);
    if (to_stderr) (void)write_all(STDERR_FILENO, bytes, (size_t)count);
    return true;
}

static bool read_console(const struct relay_config *config, struct relay_result *result)
{
    return read_text(config->machine->console, &result->console, config->log_fd, config->is_verbose);
}

static bool read_diagnostics(const struct relay_config *config, struct relay_result *result)
{
    return read_text(config->machine->diagnostics, &result->diagnostics, -1, false);
}

/* ---- the loop ---- */

enum {
    SLOT_SIGNAL,
    SLOT_CHANNEL,
    SLOT_TO_GUEST,
    SLOT_STDIN,
    SLOT_OUTPUT,
    SLOT_CONSOLE,
    SLOT_DIAGNOSTICS,
    SLOTS
};

static void wait_until(struct pollfd *slots, nfds_t count, uint64_t deadline_ns)
{
    struct timespec rest, *timeout = NULL;
    if (deadline_ns != forever_ns) {
        uint64_t now = monotonic_ns();
        uint64_t rest_ns = deadline_ns > now ? deadline_ns - now : 0;
        rest = (struct timespec){ .tv_sec = (time_t)(rest_ns / 1000000000),
                                  .tv_nsec = (long)(rest_ns % 1000000000) };
        timeout = &rest;
    }
    if (ppoll(slots, count, timeout, NULL) < 0)
        for (nfds_t i = 0; i < count; i++) slots[i].revents = 0;
}

/* A slot with a negative descriptor is skipped by poll(). */
static void choose_slots(const struct relay *r, struct pollfd *slots)
{
    const struct machine *m = r->config->machine;
    size_t held_max = r->config->never_block_guest ? HELD_BYTES_COUNTING : HELD_BYTES_MAX;
    bool may_read = r->is_channel_open && buffer_bytes(&r->incoming) < held_max;
    bool has_outgoing = buffer_bytes(&r->outgoing) > 0;
    slots[SLOT_SIGNAL] = (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
    slots[SLOT_CHANNEL] = (struct pollfd){ .fd = may_read ? m->from_guest : -1, .events = POLLIN };
    slots[SLOT_TO_GUEST] = (struct pollfd){ .fd = has_outgoing ? m->to_guest : -1, .events = POLLOUT };
    /* What the program has not read yet holds back the rest of stdin. */
    bool may_send = r->is_stdin_open && !has_outgoing && r->stdin_window > 0;
    slots[SLOT_STDIN] = (struct pollfd){ .fd = may_send ? STDIN_FILENO : -1, .events = POLLIN };
    slots[SLOT_OUTPUT] = (struct pollfd){ .fd = r->pending_bytes ? r->pending_fd : -1, .events = POLLOUT };
}

static void check_deadlines(struct relay *r, uint64_t hello_deadline_ns)
{
    uint64_t now = monotonic_ns();
    if (now >= r->config->deadline_ns)
        finish(r, RELAY_TIMED_OUT);
    else if (!r->decoder.has_hello && now >= hello_deadline_ns)
        finish(r, RELAY_SILENT);
}

static void relay_loop(struct relay *r)
{
    struct pollfd slots[SLOTS] = { [SLOT_CONSOLE] = { .fd = r->config->machine->console, .events = POLLIN },
                                   [SLOT_DIAGNOSTICS] = { .fd = r->config->machine->diagnostics,
                                                          .events = POLLIN } };
    uint64_t hello_deadline_ns = monotonic_ns() + hello_limit_ns;
    while (!r->is_over) {
        choose_slots(r, slots);
        uint64_t deadline_ns = r->config->deadline_ns;
        if (!r->decoder.has_hello) deadline_ns = MIN(deadline_ns, hello_deadline_ns);
        wait_until(slots, SLOTS, deadline_ns);

        if (slots[SLOT_SIGNAL].revents) take_signal(r);
        if (slots[SLOT_CONSOLE].revents && !read_console(r->config, r->result)) slots[SLOT_CONSOLE].fd = -1;
        if (slots[SLOT_DIAGNOSTICS].revents && !read_diagnostics(r->config, r->result))
            slots[SLOT_DIAGNOSTICS].fd = -1;
        if (slots[SLOT_CHANNEL].revents) read_channel(r);
        if (slots[SLOT_OUTPUT].revents) write_pending(r);
        decode_incoming(r);
        if (slots[SLOT_STDIN].revents) read_stdin(r);
        if (slots[SLOT_TO_GUEST].revents) flush_outgoing(r);
        if (!r->is_channel_open && r->pending_bytes == 0) finish(r, RELAY_CLOSED);
        check_deadlines(r, hello_deadline_ns);
    }
}

void relay_run(const struct relay_config *config, struct relay_result *out)
{
    struct relay r = { .config = config, .result = out, .is_channel_open = true };
    sigset_t signals;
    sigemptyset(&signals);
    static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    for (size_t i = 0; i < ARRAY_LENGTH(passed_on); i++) sigaddset(&signals, passed_on[i]);
    if (config->has_terminal) sigaddset(&signals, SIGWINCH);
    r.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (r.signal_fd < 0 || sigprocmask(SIG_BLOCK, &signals, NULL) < 0) {
        report_errno("cannot wait for signals");
        finish(&r, RELAY_HOST_FAILED);
    }
    relay_loop(&r);
    if (r.signal_fd >= 0) close(r.signal_fd);
    buffer_free(&r.incoming);
    buffer_free(&r.outgoing);
}

bool relay_drain(const struct relay_config *config, uint32_t grace_ms, struct relay_result *result)
{
    /* The channel is read too: a QEMU that cannot write there would not end. */
    struct pollfd slots[] = { { .fd = config->machine->console, .events = POLLIN },
                              { .fd = config->machine->diagnostics, .events = POLLIN },
                              { .fd = config->machine->from_guest, .events = POLLIN } };
    struct buffer dropped = { 0 };
    uint64_t deadline_ns = monotonic_ns() + grace_ms * 1000000ull;
    while ((slots[0].fd >= 0 || slots[1].fd >= 0 || slots[2].fd >= 0) && monotonic_ns() < deadline_ns) {
        wait_until(slots, ARRAY_LENGTH(slots), deadline_ns);
        if (slots[0].revents && !read_console(config, result)) slots[0].fd = -1;
        if (slots[1].revents && !read_diagnostics(config, result)) slots[1].fd = -1;
        if (slots[2].revents && !read_text(slots[2].fd, &dropped, -1, false)) slots[2].fd = -1;
    }
    buffer_free(&dropped);
    return slots[0].fd < 0 && slots[1].fd < 0 && slots[2].fd < 0;
}
