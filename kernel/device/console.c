/* SPDX-License-Identifier: Apache-2.0 */
/* The console: every output shows the same text, every input goes to the same terminal.
 *
 * Locking: outputs are added while one CPU runs and then only read; each has its own lock, taken
 * also under the log's. Inputs are under input_lock, and the terminal, which echoes, takes its own and output locks
 * below it. */
#include "device/console.h"

#include "config.h"

enum {
    INPUTS_MAX = 2,
    WRITE_CHUNK_BYTES = 256, /* written with interrupts off */
    HELD_BYTES = 32,
};

size_t (*console_typed_hook)(const char *bytes, size_t count);

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
static struct spinlock input_lock = SPINLOCK_INIT_CLASS("console input");
static struct byte_pipe *pipes[INPUTS_MAX] GUARDED_BY(input_lock);
static uint32_t pipe_count GUARDED_BY(input_lock);
static struct { /* read from a pipe when there was no room for it any more */
    char bytes[HELD_BYTES];
    size_t count;
} held GUARDED_BY(input_lock);
static bool must_poll;

/* False: nobody takes more for now. */
static bool give_held_locked(void) REQUIRES(input_lock)
{
    size_t taken = held.count && console_typed_hook ? console_typed_hook(held.bytes, held.count) : 0;
    held.count -= taken;
    for (size_t i = 0; i < held.count; i++) held.bytes[i] = held.bytes[taken + i];
    return !held.count;
}

void console_pull(void)
{
    spin_lock(&input_lock);
    for (uint32_t i = 0; i < pipe_count; i++) {
        bool is_more = true;
        while (is_more && give_held_locked()) {
            held.count = pipes[i]->read(pipes[i], held.bytes, sizeof(held.bytes));
            is_more = held.count == sizeof(held.bytes);
        }
        give_held_locked();
    }
    spin_unlock(&input_lock);
}

void console_input_bytes(const char *bytes, size_t count)
{
    if (console_typed_hook) console_typed_hook(bytes, count);
}

static void pipe_is_readable(void *context)
{
    (void)context;
    console_pull();
}

void console_add_input(struct byte_pipe *pipe)
{
    pipe->on_readable = pipe_is_readable;
    spin_lock(&input_lock);
    ASSERT(pipe_count < INPUTS_MAX);
    pipes[pipe_count++] = pipe;
    spin_unlock(&input_lock);

    err_t e = pipe->start_reading(pipe);
    if (!failed(e)) return;
    log_warning("console: input is polled, as it has no interrupt: %s", err_text(e));
    must_poll = true;
}

bool console_must_poll(void) { return must_poll; }
