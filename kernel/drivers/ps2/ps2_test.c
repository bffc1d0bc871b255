/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ps2/ps2.h"

#include "device/console.h"
#include "drivers/ps2/ps2_regs.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_ps2.h"
#include "tests/harness/test.h"

#include <string.h>

static struct fake_ps2 device;

static void set_up(void)
{
    fake_bus_reset();
    fake_kernel_reset();
    device = (struct fake_ps2){ .config = PS2_CONFIG_MOUSE_IRQ | PS2_CONFIG_KEYBOARD_OFF };
    fake_ps2_add(&device);
}

TEST(ps2_start_leaves_the_keyboard_scanning_with_its_interrupt_and_the_mouse_silent)
{
    set_up();
    fake_ps2_send(&device, 0x1e, false); /* typed at the boot menu */
    EXPECT_OK(ps2_keyboard_start());
    EXPECT(device.is_keyboard_on && device.is_scanning);
    EXPECT_EQ(device.config, PS2_CONFIG_KEYBOARD_IRQ | PS2_CONFIG_TRANSLATE);
    EXPECT(fake_irq_is_attached(1));
    EXPECT(fake_bus_accesses < 60);
}

TEST(ps2_start_finds_nothing_where_no_port_answers)
{
    set_up();
    fake_bus_reset();
    EXPECT_ERR(ps2_keyboard_start(), ERR_NO_DEVICE);
    EXPECT(fake_bus_accesses < 200);
    EXPECT(!fake_irq_is_attached(1));
}

TEST(ps2_start_gives_up_on_a_controller_that_takes_no_byte)
{
    set_up();
    device.is_wedged = true;
    EXPECT_ERR(ps2_keyboard_start(), ERR_TIMED_OUT);
    EXPECT(fake_bus_accesses < 100000);
}

TEST(ps2_start_gives_up_on_a_keyboard_that_does_not_answer)
{
    set_up();
    device.is_mute = true;
    EXPECT_ERR(ps2_keyboard_start(), ERR_TIMED_OUT);
    EXPECT(fake_bus_accesses < 100000);
}

static char typed[8];
static size_t typed_bytes;
static size_t take(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && typed_bytes < sizeof typed - 1; i++) typed[typed_bytes++] = bytes[i];
    return count;
}

TEST(ps2_interrupt_types_keys_and_ignores_the_mouse)
{
    set_up();
    console_typed_hook = take;
    EXPECT_OK(ps2_keyboard_start());
    fake_ps2_send(&device, 0x23, false);
    fake_ps2_send(&device, 0x1e, true);
    fake_ps2_send(&device, 0x17, false);
    fake_ps2_send(&device, 0x1c, false);
    fake_irq_raise(1);
    EXPECT_STR(typed, "hi\n");
}
