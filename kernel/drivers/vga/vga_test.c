/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vga/vga.h"

#include "device/console.h"
#include "drivers/vga/vga_regs.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

static uint8_t memory[VGA_TEXT_BYTES];
static uint8_t crtc[256], graphics[256], crtc_index, graphics_index;

static uint64_t memory_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)offset, (void)bytes;
    EXPECT(!"the screen was read");
    return 0;
}

static void memory_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model;
    memcpy(memory + offset, &value, bytes);
}

static uint64_t crtc_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)bytes;
    return offset ? crtc[crtc_index] : crtc_index;
}

static void crtc_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)bytes;
    *(offset ? &crtc[crtc_index] : &crtc_index) = (uint8_t)value;
}

static uint64_t graphics_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)bytes;
    return offset ? graphics[graphics_index] : graphics_index;
}

static void graphics_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model, (void)bytes;
    *(offset ? &graphics[graphics_index] : &graphics_index) = (uint8_t)value;
}

static struct mmio set_up(void)
{
    fake_bus_reset();
    fake_kernel_reset();
    memset(memory, 0xaa, sizeof memory);
    graphics[VGA_GRAPHICS_MISC] = 0x0e;
    fake_bus_add_ports(VGA_CRTC_PORT, 2, (struct fake_device){ NULL, crtc_read, crtc_write });
    fake_bus_add_ports(VGA_GRAPHICS_PORT, 2, (struct fake_device){ NULL, graphics_read, graphics_write });
    return fake_bus_add_mmio(sizeof memory, (struct fake_device){ NULL, memory_read, memory_write });
}

TEST(vga_start_finds_no_text_screen_where_there_is_none)
{
    struct mmio text = set_up();
    graphics[VGA_GRAPHICS_MISC] = 0x05; /* graphics at 0xa0000 */
    EXPECT_ERR(vga_console_start(text), ERR_NO_DEVICE);
    graphics[VGA_GRAPHICS_MISC] = 0x0a; /* monochrome text */
    EXPECT_ERR(vga_console_start(text), ERR_NO_DEVICE);
    fake_bus_reset();
    EXPECT(!vga_is_text_mode());
}

TEST(vga_start_without_memory_touches_nothing)
{
    struct mmio text = set_up();
    fake_heap_is_empty = true;
    EXPECT_ERR(vga_console_start(text), ERR_NO_MEMORY);
    EXPECT_EQ(memory[0], 0xaa);
}

TEST(vga_console_shows_text_and_moves_the_hardware_cursor)
{
    struct mmio text = set_up();
    log_info("first");
    EXPECT_OK(vga_console_start(text));
    console_write("\033[31mred", 8);
    EXPECT(memcmp(memory, "f\7i\7r\7s\7t\7 \7", 12) == 0);
    EXPECT(memcmp(memory + 160, "r\4e\4d\4 \7", 8) == 0);
    EXPECT_EQ(crtc[VGA_CRTC_CURSOR_HIGH] << 8 | crtc[VGA_CRTC_CURSOR_LOW], 83);
    EXPECT_EQ(memory[2 * 80 * 25], 0xaa);
}
