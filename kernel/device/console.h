/* SPDX-License-Identifier: Apache-2.0 */
/* Contract between character devices that show or read text and the rest of the kernel.
 *
 * Outputs (UART, VGA text, framebuffer) implement struct console_output; inputs (UART, PS/2)
 * call console_input_bytes() from their interrupt. The log and, without `ck`, the program's
 * terminal write to all outputs. */
#pragma once
#include "lib/base.h"

struct console_output {
    const char *name;
    /* Writes all bytes; '\n' is a line end. No sleeping, logging or allocation: panics come here. */
    void (*write)(struct console_output *output, const char *text, size_t bytes);
    struct console_output *next;
};

/* The output lives for ever. It becomes a log sink too and is given the log so far. */
void console_add_output(struct console_output *output);
void console_write(const char *text, size_t bytes);

/* Bytes typed by a person (CR already turned into LF by the terminal layer, not the driver). */
void console_input_bytes(const char *bytes, size_t count);
/* Takes up to `capacity` typed bytes; sleeps until there is at least one. Threads only. */
size_t console_read(char *bytes, size_t capacity);
