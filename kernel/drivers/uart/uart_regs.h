/* SPDX-License-Identifier: Apache-2.0 */
/* 16550A serial port, as offsets from its first port. [ns-pc16550d 8] */
#pragma once
#include "lib/base.h"

#define UART_DATA           0 /* receive buffer, transmit holding */
#define UART_DIVISOR_LOW    0 /* these two while LCR.DLAB is set */
#define UART_DIVISOR_HIGH   1
#define UART_IER            1 /* interrupt enable */
#define UART_IER_RECEIVE    0x01
#define UART_FCR            2 /* FIFO control, write only */
#define UART_FCR_ENABLE     0x01
#define UART_FCR_TRIGGER_14 0xc0 /* interrupt at 14 of 16 bytes, or when the line falls silent */
#define UART_LCR            3    /* line control */
#define UART_LCR_8N1        0x03
#define UART_LCR_DLAB       0x80
#define UART_MCR            4 /* modem control */
#define UART_MCR_DTR        0x01
#define UART_MCR_RTS        0x02
#define UART_MCR_OUT2       0x08 /* on a PC: lets the interrupt line out */
#define UART_LSR            5    /* line status */
#define UART_LSR_DATA_READY 0x01
#define UART_LSR_CAN_SEND   0x20 /* THRE: the transmit FIFO is empty */
#define UART_SCRATCH        7

enum {
    UART_FIFO_BYTES = 16,
    UART_CLOCK_HZ = 1843200,
    UART_BAUD = 115200,
    UART_DIVISOR = UART_CLOCK_HZ / 16 / UART_BAUD,
};
