/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uart/uart.h"

#include "drivers/uart/uart_regs.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_uart.h"
#include "tests/harness/test.h"

#include <string.h>

enum { PORT = 0x3f8, IRQ = 4 };

static struct fake_uart device;
static struct uart uart;

static void set_up(void)
{
    fake_bus_reset();
    fake_kernel_reset();
    device = (struct fake_uart){ .irq = IRQ };
    fake_uart_add(&device, PORT);
}

TEST(uart_init_sets_115200_baud_8n1_and_the_interrupt_gate)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    EXPECT_EQ(device.divisor, 1);
    EXPECT_EQ(device.registers[UART_LCR], 0x03);
    EXPECT_EQ(device.registers[UART_MCR], 0x0b);
    EXPECT_EQ(device.registers[UART_IER], 0);
    EXPECT(device.has_fifo);
}

TEST(uart_init_is_a_handful_of_port_accesses)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    EXPECT(fake_bus_accesses <= 12);
}

TEST(uart_init_finds_nothing_where_no_port_answers)
{
    set_up();
    EXPECT_ERR(uart_init(&uart, 0x2f8, 3), ERR_NO_DEVICE);
    device.has_no_scratch = true;
    EXPECT_ERR(uart_init(&uart, PORT, IRQ), ERR_NO_DEVICE);
}

TEST(uart_write_never_gives_the_fifo_more_than_it_holds)
{
    set_up();
    char text[1000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    EXPECT_EQ(uart_write(&uart, text, sizeof text), sizeof text);
    EXPECT_EQ(device.sent_unasked, 0);
    EXPECT_EQ(device.sent_count, sizeof text);
    EXPECT(memcmp(device.sent, text, sizeof text) == 0);
}

TEST(uart_write_gives_up_when_the_transmitter_never_becomes_ready)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    device.never_sends = true;
    EXPECT_EQ(uart_write(&uart, "lost", 4), 0);
    EXPECT_EQ(device.sent_count, 0);

    /* And having waited once does not wait as long again. */
    fake_bus_accesses = 0;
    EXPECT_EQ(uart_write(&uart, "lost", 4), 0);
    EXPECT(fake_bus_accesses <= 2);
}

TEST(uart_write_goes_on_when_the_other_side_takes_bytes_again)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    device.never_sends = true;
    EXPECT_EQ(uart_write(&uart, "a", 1), 0);
    device.never_sends = false;
    EXPECT_EQ(uart_write(&uart, "back", 4), 4);
    EXPECT_STR(device.sent, "back");
}

TEST(uart_write_text_ends_lines_as_a_terminal_wants_them)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    uart_write_text(&uart, "one\n\ntwo\nthree", 14);
    EXPECT_STR(device.sent, "one\r\n\r\ntwo\r\nthree");
}

TEST(uart_init_keeps_what_arrived_before_it)
{
    set_up();
    device.has_fifo = true; /* left on by firmware */
    for (uint8_t i = 0; i < 16; i++) EXPECT(fake_uart_receive(&device, i));
    EXPECT_OK(uart_init(&uart, PORT, IRQ));

    uint8_t got[32];
    EXPECT(fake_uart_receive(&device, 16));
    EXPECT_EQ(uart_read(&uart, got, sizeof got), 17);
    for (uint8_t i = 0; i < 17; i++) EXPECT_EQ(got[i], i);
}

TEST(uart_read_takes_no_more_than_was_asked_for)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    for (uint8_t i = 0; i < 10; i++) EXPECT(fake_uart_receive(&device, i));
    uint8_t got[4];
    EXPECT_EQ(uart_read(&uart, got, 4), 4);
    EXPECT_EQ(device.receive_count, 6);
    EXPECT_EQ(got[3], 3);
}

static int readable_calls;
static void count_readable(void *context)
{
    (void)context;
    readable_calls++;
}

TEST(uart_interrupt_stays_off_until_a_reader_has_emptied_the_device)
{
    set_up();
    EXPECT_OK(uart_init(&uart, PORT, IRQ));
    uart.pipe.on_readable = count_readable;
    uart.uses_interrupts = true;
    uint8_t got[16];
    EXPECT_EQ(uart_read(&uart, got, sizeof got), 0);
    EXPECT_EQ(device.registers[UART_IER], UART_IER_RECEIVE);

    readable_calls = 0;
    EXPECT(fake_uart_receive(&device, 'x'));
    EXPECT(fake_uart_receive(&device, 'y'));
    uart_interrupt(&uart);
    EXPECT_EQ(readable_calls, 1);
    EXPECT_EQ(device.registers[UART_IER], 0);

    EXPECT_EQ(uart_read(&uart, got, 1), 1);
    EXPECT_EQ(device.registers[UART_IER], 0);
    EXPECT_EQ(uart_read(&uart, got, 16), 1);
    EXPECT_EQ(device.registers[UART_IER], UART_IER_RECEIVE);
}

/* The sender has a hundred thousand bytes; the reader looks only now and then. */
TEST(uart_channel_loses_no_byte_to_a_slow_reader)
{
    set_up();
    device.irq = 3;
    fake_uart_add(&device, 0x2f8);
    struct byte_pipe *pipe;
    EXPECT_OK(uart_channel_start(&pipe));
    pipe->on_readable = count_readable;
    EXPECT_OK(pipe->start_reading(pipe));
    EXPECT(fake_irq_is_attached(3));

    uint32_t sent = 0, received = 0, turn = 0;
    while (received < 100000 && turn < 1000000) {
        if (sent < 100000 && fake_uart_receive(&device, (uint8_t)(sent * 7))) sent++;
        fake_uart_run_interrupt(&device);
        if (turn++ % 5 != 0) continue;
        uint8_t got[7];
        size_t count = pipe->read(pipe, got, sizeof got);
        for (size_t i = 0; i < count; i++, received++) EXPECT(got[i] == (uint8_t)(received * 7));
    }
    EXPECT_EQ(received, 100000);
}

static char typed[16];
static size_t typed_bytes;
static size_t take(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && typed_bytes < sizeof typed; i++) typed[typed_bytes++] = bytes[i];
    return count;
}

TEST(uart_console_types_into_the_console_by_interrupt)
{
    set_up();
    console_typed_hook = take;
    EXPECT_OK(uart_console_start());
    uart_console_start_input();
    EXPECT(fake_irq_is_attached(IRQ));
    for (const char *c = "hi\r"; *c; c++) {
        EXPECT(fake_uart_receive(&device, (uint8_t)*c));
        fake_uart_run_interrupt(&device);
    }
    EXPECT_EQ(typed_bytes, 3);
    EXPECT(memcmp(typed, "hi\r", 3) == 0);
}
