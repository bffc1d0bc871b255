/* SPDX-License-Identifier: Apache-2.0 */
#include "core/irq.h"

#include "arch/cpu.h"
#include "core/time.h"
#include "tests/harness/test.h"

enum {
    ISA_TIMER_IRQ = 0, /* overridden to another pin on nearly every machine */
    ISA_UNUSED_IRQ = 11,
    PIT_CHANNEL_0 = 0x40,
    PIT_COMMAND = 0x43,
    PIT_RATE_GENERATOR = 0x34,
    PIT_ONE_SHOT = 0x30, /* and waits for a count that does not come */
};

static volatile uint32_t ticks;
static void count_tick(void *context)
{
    (void)context;
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

/* The PIT is the one device that every machine we boot on has and that interrupts by itself. */
TEST(irq_lines_deliver_a_device_again_and_again)
{
    bool had_interrupts = interrupts_are_on();
    EXPECT_OK(irq_attach(ISA_TIMER_IRQ, count_tick, NULL));
    ticks = 0;
    port_write8(PIT_COMMAND, PIT_RATE_GENERATOR);
    port_write8(PIT_CHANNEL_0, 1193182 / 1000 % 256);
    port_write8(PIT_CHANNEL_0, 1193182 / 1000 / 256);
    interrupts_on();
    uint64_t end_ns = time_now_ns() + 2000000000;
    while (ticks < 5 && time_now_ns() < end_ns) cpu_relax();
    interrupts_off();
    port_write8(PIT_COMMAND, PIT_ONE_SHOT);
    EXPECT(ticks >= 5);
    EXPECT_EQ(irq_count(ISA_TIMER_IRQ), ticks);
    if (had_interrupts) interrupts_on();
}
