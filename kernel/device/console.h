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
/* Bytes typed by a person. What there is no room for is dropped. Any context. */
void console_input_bytes(const char *bytes, size_t count);

/* Takes typed bytes and returns how many: the rest stays in its pipe until console_pull(). Perhaps from an interrupt.
 * NULL: nobody does. */
extern size_t (*console_typed_hook)(const char *bytes, size_t count);
/* There is room for typed bytes again. Any context; not from the hook. */
void console_pull(void);
/* Some input has no interrupt, so that console_pull() is to be called from time to time. */
bool console_must_poll(void);
