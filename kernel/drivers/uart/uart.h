/* SPDX-License-Identifier: Apache-2.0 */
/* Serial ports: COM1 is the kernel's console, COM2 the channel to `ck`. */
#pragma once
#include "device/byte_pipe.h"
#include "device/console.h"
#include "lib/base.h"

/* ---- the device (uart.c) ---- */
struct uart {
    uint16_t port;
    bool is_stalled;      /* the other side does not take our bytes; no more long waits */
    bool uses_interrupts; /* fixed once the line is attached */
    uint8_t early_bytes;  /* received before us and not read yet */
    uint8_t early_first;
    uint8_t early[16];
    uint32_t irq;
    struct byte_pipe pipe;
    struct console_output output;
};

/* 115200 baud, 8 bits, no parity. Bytes that arrived before are kept. ERR_NO_DEVICE when there is
 * no UART at `port`. */
err_t uart_init(struct uart *uart, uint16_t port, uint32_t irq);
/* Returns how many bytes the device took; fewer than `count` after a wait of some milliseconds. */
size_t uart_write(struct uart *uart, const void *bytes, size_t count);
/* The same with CR before every LF, as terminals want it; what is not taken is lost. */
void uart_write_text(struct uart *uart, const char *text, size_t bytes);
/* What has arrived, at most `capacity` bytes. When that is all, the next byte interrupts. */
size_t uart_read(struct uart *uart, void *buffer, size_t capacity);
/* The interrupt: silences the device until uart_read has emptied it, and tells the pipe's user. */
void uart_interrupt(void *uart);

/* ---- the two on every PC (uart_isa.c) ---- */
/* COM1 as a console output; the log so far appears on it. ERR_NO_DEVICE. */
err_t uart_console_start(void);
/* COM1 as console input too. After irq_init. */
void uart_console_start_input(void);
/* COM2. ERR_NO_DEVICE. */
err_t uart_channel_start(struct byte_pipe **out);
