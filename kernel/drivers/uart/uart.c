/* SPDX-License-Identifier: Apache-2.0 */
/* 16550A: programmed output, interrupt-driven input without a buffer of our own.
 *
 * The device's FIFO is the only receive buffer. The interrupt is shut off until a reader has emptied
 * it, so when nobody reads it fills, and QEMU then keeps the rest on the host: no byte is lost.
 *
 * Locking: one writer and one reader at a time, which their users ensure. */
#include "drivers/uart/uart.h"

#include "arch/io.h"
#include "drivers/uart/uart_regs.h"
#include "lib/string.h"

/* Sending a full FIFO takes 1.4 ms at 115200 baud and reading a port 0.5 us at least, so this waits
 * for several times as long as a working device needs. */
enum { UART_SEND_READS_MAX = 20000 };

_Static_assert(sizeof(((struct uart *)0)->early) == UART_FIFO_BYTES, "room for all a FIFO can hold");

static uint8_t uart_read_reg(const struct uart *u, uint16_t reg) { return port_read8(u->port + reg); }
static void uart_write_reg(const struct uart *u, uint16_t reg, uint8_t value)
{
    port_write8(u->port + reg, value);
}

static bool has_byte(const struct uart *u) { return uart_read_reg(u, UART_LSR) & UART_LSR_DATA_READY; }

/* Nothing decodes a port that has no device: it reads as ones. */
static bool is_present(const struct uart *u)
{
    uart_write_reg(u, UART_SCRATCH, 0x5a);
    return uart_read_reg(u, UART_SCRATCH) == 0x5a;
}

static size_t pipe_write(struct byte_pipe *pipe, const void *bytes, size_t count)
{
    return uart_write(CONTAINER_OF(pipe, struct uart, pipe), bytes, count);
}

static size_t pipe_read(struct byte_pipe *pipe, void *buffer, size_t capacity)
{
    return uart_read(CONTAINER_OF(pipe, struct uart, pipe), buffer, capacity);
}

static void output_write(struct console_output *output, const char *text, size_t bytes)
{
    uart_write_text(CONTAINER_OF(output, struct uart, output), text, bytes);
}

err_t uart_init(struct uart *u, uint16_t port, uint32_t irq)
{
    *u = (struct uart){
        .port = port,
        .irq = irq,
        .pipe = { .write = pipe_write, .read = pipe_read },
        .output = { .name = "serial", .write = output_write },
    };
    if (!is_present(u)) return ERR_NO_DEVICE;

    /* Switching the FIFO on empties it. */
    while (u->early_bytes < UART_FIFO_BYTES && has_byte(u))
        u->early[u->early_bytes++] = uart_read_reg(u, UART_DATA);

    uart_write_reg(u, UART_IER, 0);
    uart_write_reg(u, UART_LCR, UART_LCR_DLAB);
    uart_write_reg(u, UART_DIVISOR_LOW, UART_DIVISOR);
    uart_write_reg(u, UART_DIVISOR_HIGH, 0);
    uart_write_reg(u, UART_LCR, UART_LCR_8N1);
    uart_write_reg(u, UART_FCR, UART_FCR_ENABLE | UART_FCR_TRIGGER_14);
    uart_write_reg(u, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
    return OK;
}

static bool wait_can_send(struct uart *u)
{
    int reads_left = u->is_stalled ? 1 : UART_SEND_READS_MAX;
    while (reads_left-- > 0) {
        if (uart_read_reg(u, UART_LSR) & UART_LSR_CAN_SEND) {
            u->is_stalled = false;
            return true;
        }
    }
    u->is_stalled = true;
    return false;
}

size_t uart_write(struct uart *u, const void *bytes, size_t count)
{
    size_t written = 0;
    while (written < count && wait_can_send(u)) {
        size_t chunk = MIN(count - written, (size_t)UART_FIFO_BYTES);
        port_write8_string(u->port + UART_DATA, (const char *)bytes + written, chunk);
        written += chunk;
    }
    return written;
}

void uart_write_text(struct uart *u, const char *text, size_t bytes)
{
    while (bytes) {
        const char *newline = memchr(text, '\n', bytes);
        size_t length = newline ? (size_t)(newline - text) : bytes;
        uart_write(u, text, length);
        if (!newline) return;
        uart_write(u, "\r\n", 2);
        text += length + 1;
        bytes -= length + 1;
    }
}

size_t uart_read(struct uart *u, void *buffer, size_t capacity)
{
    uint8_t *to = buffer;
    size_t count = 0;
    while (count < capacity && u->early_first < u->early_bytes) to[count++] = u->early[u->early_first++];
    while (count < capacity && has_byte(u)) to[count++] = uart_read_reg(u, UART_DATA);
    /* A byte that came since the last look interrupts at once when this is written. */
    if (count < capacity && u->uses_interrupts) uart_write_reg(u, UART_IER, UART_IER_RECEIVE);
    return count;
}

void uart_interrupt(void *uart)
{
    struct uart *u = uart;
    uart_write_reg(u, UART_IER, 0);
    if (u->pipe.on_readable) u->pipe.on_readable(u->pipe.context);
}
