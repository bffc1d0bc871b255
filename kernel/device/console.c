/* SPDX-License-Identifier: Apache-2.0 */
/* The console: every output shows the same text, every input ends in one queue.
 *
 * Locking: outputs are added while one CPU runs and then only read; each has its own lock, taken
 * also under the log's. The input side lives under readers.lock, and echoing takes output locks
 * below it. */
#include "device/console.h"

#include "config.h"
#include "core/time.h"
#include "sched/wait.h"

enum {
    INPUTS_MAX = 2,
    WRITE_CHUNK_BYTES = 256, /* written with interrupts off */
    POLL_NS = 10 * 1000 * 1000,
};

void (*console_interrupt_hook)(void);
void (*console_readable_hook)(void);

/* ---- output ---- */
static struct console_output *outputs;

/* A lock that is lost is held further up our own stack, or by a CPU that was stopped: this is a panic, whose
 * text matters more than the screen's state. */
static void output_write(struct console_output *output, const char *text,
                         size_t bytes) NO_THREAD_SAFETY_ANALYSIS
{
    bool ours = !spin_is_lost(&output->lock);
    if (ours) spin_lock(&output->lock);
    output->write(output, text, bytes);
    if (ours) spin_unlock(&output->lock);
}

static void sink_write(struct log_sink *sink, const char *text, size_t bytes)
{
    output_write(CONTAINER_OF(sink, struct console_output, sink), text, bytes);
}

void console_add_output(struct console_output *output)
{
    output->lock = (struct spinlock)SPINLOCK_INIT;
    output->next = outputs;
    outputs = output;
    output->sink.write = sink_write;
    log_add_sink(&output->sink, true);
}

void console_write(const char *text, size_t bytes)
{
    while (bytes) {
        size_t chunk = MIN(bytes, (size_t)WRITE_CHUNK_BYTES);
        for (struct console_output *o = outputs; o; o = o->next) output_write(o, text, chunk);
        text += chunk;
        bytes -= chunk;
    }
}

/* ---- input ---- */
static struct wait_queue readers = WAIT_QUEUE_INIT(readers);
static struct line_input input GUARDED_BY(readers.lock);
static bool is_input_ready GUARDED_BY(readers.lock);
static struct byte_pipe *pipes[INPUTS_MAX] GUARDED_BY(readers.lock);
static uint32_t pipe_count GUARDED_BY(readers.lock);
static bool must_poll GUARDED_BY(readers.lock); /* some pipe has no interrupt */

static void echo(void *context, const char *text, size_t bytes)
{
    (void)context;
    console_write(text, bytes);
}

static void prepare_locked(void) REQUIRES(readers.lock)
{
    if (is_input_ready) return;
    line_input_init(&input, echo, NULL);
    is_input_ready = true;
}

/* True when ^C was among the bytes. */
static bool feed_locked(const char *bytes, size_t count) REQUIRES(readers.lock)
{
    bool is_interrupted = false;
    for (size_t i = 0; i < count; i++) is_interrupted |= line_input_feed(&input, bytes[i]);
    return is_interrupted;
}

/* Takes from the pipes what there is room for. */
static bool pull_locked(void) REQUIRES(readers.lock)
{
    bool is_interrupted = false;
    for (uint32_t i = 0; i < pipe_count; i++) {
        char bytes[32];
        size_t room, wanted, got;
        while ((room = line_input_room(&input)) > 0) {
            wanted = MIN(room, sizeof bytes);
            got = pipes[i]->read(pipes[i], bytes, wanted);
            is_interrupted |= feed_locked(bytes, got);
            if (got < wanted) break;
        }
    }
    return is_interrupted;
}

/* What is due to others after the lock has been released. */
static void tell_others(bool is_interrupted)
{
    if (is_interrupted && console_interrupt_hook) console_interrupt_hook();
    if (console_readable_hook && console_is_readable()) console_readable_hook();
}

void console_input_bytes(const char *bytes, size_t count)
{
    spin_lock(&readers.lock);
    prepare_locked();
    bool is_interrupted = feed_locked(bytes, count);
    if (line_input_is_readable(&input)) wait_wake_all_locked(&readers);
    spin_unlock(&readers.lock);
    tell_others(is_interrupted);
}

static void pipe_is_readable(void *context)
{
    (void)context;
    spin_lock(&readers.lock);
    bool is_interrupted = pull_locked();
    if (line_input_is_readable(&input)) wait_wake_all_locked(&readers);
    spin_unlock(&readers.lock);
    tell_others(is_interrupted);
}

void console_add_input(struct byte_pipe *pipe)
{
    pipe->on_readable = pipe_is_readable;
    spin_lock(&readers.lock);
    prepare_locked();
    ASSERT(pipe_count < INPUTS_MAX);
    pipes[pipe_count++] = pipe;
    spin_unlock(&readers.lock);

    err_t e = pipe->start_reading(pipe);
    if (!failed(e)) return;
    log_warning("console: input is polled, as it has no interrupt: %s", err_text(e));
    spin_lock(&readers.lock);
    must_poll = true;
    spin_unlock(&readers.lock);
}

/* ERR_TIMED_OUT from a poll is no error: it is time to look. */
static err_t sleep_locked(void) REQUIRES(readers.lock)
{
    uint64_t deadline_ns = must_poll ? time_now_ns() + POLL_NS : UINT64_MAX;
    err_t e = wait_sleep_interruptible_locked(&readers, deadline_ns);
    return e.code == ERR_TIMED_OUT.code ? OK : e;
}

err_t console_read(char *bytes, size_t capacity, size_t *count)
{
    *count = 0;
    if (capacity == 0) return OK;

    err_t e = OK;
    spin_lock(&readers.lock);
    prepare_locked();
    bool is_interrupted = pull_locked();
    while (!line_input_is_readable(&input) && !is_interrupted && !failed(e)) {
        e = sleep_locked();
        is_interrupted = pull_locked();
    }
    if (line_input_is_readable(&input)) {
        e = OK;
        *count = line_input_read(&input, bytes, capacity);
        /* Bytes that had to wait in a pipe have room now, and its interrupt waits for us to look. */
        is_interrupted |= pull_locked();
    } else if (is_interrupted) {
        e = ERR_INTERRUPTED;
    }
    spin_unlock(&readers.lock);
    if (is_interrupted && console_interrupt_hook) console_interrupt_hook();
    return e;
}

bool console_is_readable(void)
{
    spin_lock(&readers.lock);
    prepare_locked();
    bool is_interrupted = must_poll && pull_locked();
    bool is_readable = line_input_is_readable(&input);
    spin_unlock(&readers.lock);
    if (is_interrupted && console_interrupt_hook) console_interrupt_hook();
    return is_readable;
}

struct line_mode console_mode(void)
{
    spin_lock(&readers.lock);
    prepare_locked();
    struct line_mode mode = input.mode;
    spin_unlock(&readers.lock);
    return mode;
}

void console_set_mode(struct line_mode mode)
{
    spin_lock(&readers.lock);
    prepare_locked();
    line_input_set_mode(&input, mode);
    if (line_input_is_readable(&input)) wait_wake_all_locked(&readers);
    spin_unlock(&readers.lock);
}
