/* SPDX-License-Identifier: Apache-2.0 */
/* COM1 and COM2 where every PC has them, and their interrupt lines. */
#include "drivers/uart/uart.h"

#include "core/irq.h"

enum {
    COM1_PORT = 0x3f8,
    COM1_IRQ = 4,
    COM2_PORT = 0x2f8,
    COM2_IRQ = 3,
};

static struct uart com1, com2; /* port 0: not started */

static err_t start_reading(struct byte_pipe *pipe)
{
    struct uart *u = CONTAINER_OF(pipe, struct uart, pipe);
    err_t e = irq_attach(u->irq, uart_interrupt, u);
    if (failed(e)) return e;

    u->uses_interrupts = true;
    /* As if interrupted: the user takes what is there already, which also opens the interrupt. */
    uart_interrupt(u);
    return OK;
}

static err_t uart_start(struct uart *u, uint16_t port, uint32_t irq)
{
    err_t e = uart_init(u, port, irq);
    if (failed(e)) u->port = 0;
    u->pipe.start_reading = start_reading;
    return e;
}

err_t uart_console_start(void)
{
    err_t e = uart_start(&com1, COM1_PORT, COM1_IRQ);
    if (!failed(e)) console_add_output(&com1.output);
    return e;
}

void uart_console_start_input(void)
{
    if (com1.port) console_add_input(&com1.pipe);
}

err_t uart_channel_start(struct byte_pipe **out)
{
    *out = &com2.pipe;
    return uart_start(&com2, COM2_PORT, COM2_IRQ);
}
