/* SPDX-License-Identifier: Apache-2.0 */
#include "core/irq.h"

#include "arch/cpu.h"
#include "core/time.h"
#include "tests/harness/test.h"

enum {
    ISA_UNUSED_IRQ = 11,
    ISA_RTC_IRQ = 8,
    RTC_INDEX_PORT = 0x70,
    RTC_DATA_PORT = 0x71,
    RTC_STATUS_B = 0x0b,
    RTC_STATUS_B_PERIODIC = 0x40, /* at the 1024 Hz that firmware leaves in status A */
    RTC_STATUS_C = 0x0c,          /* reading it ends the interrupt */
};

static uint8_t rtc_read(uint8_t index)
{
    port_write8(RTC_INDEX_PORT, index);
    return port_read8(RTC_DATA_PORT);
}

static void rtc_write(uint8_t index, uint8_t value)
{
    port_write8(RTC_INDEX_PORT, index);
    port_write8(RTC_DATA_PORT, value);
}

static volatile uint32_t ticks;
static void count_tick(void *context)
{
    (void)context;
    (void)rtc_read(RTC_STATUS_C);
    ticks++;
}

TEST(irq_attach_twice_is_refused)
{
    EXPECT_OK(irq_attach(ISA_UNUSED_IRQ, count_tick, NULL));
    EXPECT_ERR(irq_attach(ISA_UNUSED_IRQ, count_tick, NULL), ERR_BUSY);
}

TEST(irq_attach_refuses_a_line_that_leads_nowhere)
{
    EXPECT_ERR(irq_attach(100000, count_tick, NULL), ERR_NO_DEVICE);
}

/* The battery clock interrupts by itself, and nearly every machine we boot on has one. */
TEST(irq_lines_deliver_a_device_again_and_again)
{
    bool had_interrupts = interrupts_are_on();
    if (rtc_read(RTC_STATUS_B) == 0xff) return; /* none here */
    interrupts_off();
    EXPECT_OK(irq_attach(ISA_RTC_IRQ, count_tick, NULL));
    ticks = 0;
    uint8_t status_b = rtc_read(RTC_STATUS_B);
    rtc_write(RTC_STATUS_B, status_b | RTC_STATUS_B_PERIODIC);
    (void)rtc_read(RTC_STATUS_C); /* an old one would hide the rising line */
    interrupts_on();
    uint64_t end_ns = time_now_ns() + 2000000000;
    while (ticks < 5 && time_now_ns() < end_ns) cpu_relax();
    interrupts_off();
    rtc_write(RTC_STATUS_B, status_b);
    EXPECT(ticks >= 5);
    EXPECT_EQ(irq_count(ISA_RTC_IRQ), ticks);
    if (had_interrupts) interrupts_on();
}
