/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uart/uart.h"

#include "arch/io.h"
#include "drivers/uart/uart_regs.h"
#include "lib/string.h"
#include "tests/harness/test.h"

/* COM2 is nobody's while the tests run; a machine without one passes, as there is nothing to test. */
TEST(uart_in_loopback_receives_what_it_sends)
{
    enum { COM2_PORT = 0x2f8, COM2_IRQ = 3, MCR_LOOPBACK = 0x10 };
    static struct uart uart;
    if (failed(uart_init(&uart, COM2_PORT, COM2_IRQ))) return;

    char got[32];
    port_write8(COM2_PORT + UART_MCR, MCR_LOOPBACK);
    while (uart_read(&uart, got, sizeof got)) {}
    EXPECT_EQ(uart_write(&uart, "sixteen bytes...", 16), 16);
    size_t count = 0, reads = 0;
    while (count < 16 && reads++ < 1000000) count += uart_read(&uart, got + count, sizeof got - count);
    EXPECT_EQ(count, 16);
    EXPECT(memcmp(got, "sixteen bytes...", 16) == 0);
    port_write8(COM2_PORT + UART_MCR, 0);
}
