/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550 whose other side a test plays. */
#pragma once
#include "lib/base.h"

enum { FAKE_UART_FIFO = 16 };

struct fake_uart {
    uint8_t registers[8];
    uint8_t receive[FAKE_UART_FIFO];
    uint32_t receive_count;
    bool has_fifo;         /* FCR says so; without it one byte is held */
    bool never_sends;      /* THRE stays clear: the other side takes nothing */
    bool has_no_scratch;   /* nothing is there */
    uint32_t sent_unasked; /* bytes sent to a FIFO that was full: lost */
    uint32_t fifo_level;   /* sent since THRE was last looked at */
    uint32_t divisor;
    char sent[4096];
    uint32_t sent_count;
    uint32_t irq; /* raised while data is ready and IER allows; 0: none */
    bool is_line_high;
};

void fake_uart_add(struct fake_uart *uart, uint16_t port);
/* The other side sends; false when the device has no room and the byte stays with the sender. */
bool fake_uart_receive(struct fake_uart *uart, uint8_t byte);
/* Delivers the interrupt if the line has risen. */
void fake_uart_run_interrupt(struct fake_uart *uart);
