/* SPDX-License-Identifier: Apache-2.0 */
/* Contract between character devices that show or read text and the rest of the kernel.
 *
 * Outputs (UART, VGA text, framebuffer) implement struct console_output. Inputs are either pulled
 * (a UART is a byte pipe, and what there is no room for stays in it) or push with
 * console_input_bytes() from their interrupt (a keyboard). The log and, without `ck`, the program's
 * terminal write to all outputs. */
#pragma once
#include "core/lock.h"
#include "core/log.h"
#include "device/byte_pipe.h"
#include "device/line_input.h"
#include "lib/base.h"

struct console_output {
    const char *name;
    /* Writes all bytes; '\n' is a line end. No sleeping, logging or allocation: panics come here. */
    void (*write)(struct console_output *output, const char *text, size_t bytes);

    /* The rest is the console's. */
    struct console_output *next;
    struct log_sink sink;
    struct spinlock lock; /* one writer at a time */
};

/* The output lives for ever. It becomes a log sink too and is given the log so far. */
void console_add_output(struct console_output *output);
/* To all outputs. Any context. */
void console_write(const char *text, size_t bytes);

/* Read from this pipe too; it lives for ever. Threads only. */
void console_add_input(struct byte_pipe *pipe);
/* Bytes typed by a person (CR already turned into LF by the terminal layer, not the driver). What
 * does not fit is dropped. Any context. */
void console_input_bytes(const char *bytes, size_t count);

/* Takes up to `capacity` typed bytes, and in canonical mode at most one line; *count is 0 at end of
 * file (^D). Sleeps until there is something. ERR_INTERRUPTED. Threads only. */
err_t console_read(char *bytes, size_t capacity, size_t *count);
/* Whether console_read would return at once. Any context. */
bool console_is_readable(void);

/* Starts as canonical, echoing, with signals. Any context. */
struct line_mode console_mode(void);
void console_set_mode(struct line_mode mode);

/* Called for ^C while the mode has signals; perhaps from an interrupt. Set once. */
extern void (*console_interrupt_hook)(void);
/* Called when console_read may have something new; perhaps from an interrupt. Set once. */
extern void (*console_readable_hook)(void);
