/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uart/uart.h"

#include "arch/cpu.h"
#include "drivers/uart/uart_regs.h"
#include "lib/string.h"
#include "tests/harness/test.h"

enum { COM2_PORT = 0x2f8, MCR_LOOPBACK = 0x10 };

static volatile uint32_t readable_calls;
static void note_readable(void *context)
{
    (void)context;
    readable_calls++;
}

/* COM2 is nobody's while the tests run; a machine without one passes, as there is nothing to test. */
TEST(uart_in_loopback_interrupts_once_and_receives_what_it_sends)
{
    struct byte_pipe *pipe;
    char got[32];
    bool had_interrupts = interrupts_are_on();
    if (failed(uart_channel_start(&pipe))) return;
    port_write8(COM2_PORT + UART_MCR, MCR_LOOPBACK | UART_MCR_OUT2);
    while (pipe->read(pipe, got, sizeof got)) {}
    pipe->on_readable = note_readable;
    interrupts_on();
    EXPECT_OK(pipe->start_reading(pipe));
    EXPECT_EQ(pipe->read(pipe, got, sizeof got), 0); /* which opens the interrupt */

    readable_calls = 0;
    EXPECT_EQ(pipe->write(pipe, "sixteen bytes...", 16), 16);
    for (uint32_t i = 0; i < 10000000 && readable_calls == 0; i++) cpu_relax();
    EXPECT_EQ(readable_calls, 1);
    size_t count = 0, reads = 0;
    while (count < 16 && reads++ < 1000000) count += pipe->read(pipe, got + count, sizeof got - count);
    EXPECT_EQ(count, 16);
    EXPECT(memcmp(got, "sixteen bytes...", 16) == 0);
    port_write8(COM2_PORT + UART_MCR, 0);
    if (!had_interrupts) interrupts_off();
}
