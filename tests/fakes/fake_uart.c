/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_uart.h"

#include "drivers/uart/uart_regs.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"

#include <string.h>

static bool has_divisor_access(const struct fake_uart *u) { return u->registers[UART_LCR] & UART_LCR_DLAB; }

static uint8_t take_byte(struct fake_uart *u)
{
    if (u->receive_count == 0) return 0;
    uint8_t byte = u->receive[0];
    memmove(u->receive, u->receive + 1, --u->receive_count);
    return byte;
}

static uint8_t line_status(struct fake_uart *u)
{
    uint8_t status = u->receive_count ? UART_LSR_DATA_READY : 0;
    if (u->never_sends) return status;
    u->fifo_level = 0;
    return status | UART_LSR_CAN_SEND;
}

static uint64_t uart_model_read(void *model, uint32_t offset, uint32_t bytes)
{
    struct fake_uart *u = model;
    (void)bytes;
    if (u->has_no_scratch) return 0xff;
    switch (offset) {
    case UART_DATA: return has_divisor_access(u) ? u->divisor & 0xff : take_byte(u);
    case UART_LSR: return line_status(u);
    }
    return u->registers[offset];
}

static void send(struct fake_uart *u, uint8_t byte)
{
    if (++u->fifo_level > FAKE_UART_FIFO || u->never_sends) u->sent_unasked++;
    ASSERT(u->sent_count < sizeof u->sent - 1);
    u->sent[u->sent_count++] = (char)byte;
}

static void uart_model_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_uart *u = model;
    (void)bytes;
    if (offset <= UART_DIVISOR_HIGH && has_divisor_access(u)) {
        uint32_t shift = 8 * offset;
        u->divisor = (u->divisor & ~(0xffu << shift)) | (uint32_t)value << shift;
        return;
    }
    if (offset == UART_DATA) {
        send(u, (uint8_t)value);
    } else if (offset == UART_FCR) {
        bool enables = value & UART_FCR_ENABLE;
        if (enables != u->has_fifo) u->receive_count = 0; /* switching it empties it */
        u->has_fifo = enables;
    } else {
        u->registers[offset] = (uint8_t)value;
    }
}

void fake_uart_add(struct fake_uart *u, uint16_t port)
{
    fake_bus_add_ports(port, 8, (struct fake_device){ u, uart_model_read, uart_model_write });
}

bool fake_uart_receive(struct fake_uart *u, uint8_t byte)
{
    if (u->receive_count == (u->has_fifo ? FAKE_UART_FIFO : 1)) return false;
    u->receive[u->receive_count++] = byte;
    return true;
}

void fake_uart_run_interrupt(struct fake_uart *u)
{
    bool was_high = u->is_line_high;
    bool is_enabled = u->registers[UART_IER] & UART_IER_RECEIVE && u->registers[UART_MCR] & UART_MCR_OUT2;
    u->is_line_high = is_enabled && u->receive_count;
    if (!was_high && u->is_line_high) fake_irq_raise(u->irq);
    u->is_line_high = u->registers[UART_IER] & UART_IER_RECEIVE && u->receive_count;
}
