/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/framebuffer/framebuffer.h"

#include "device/console.h"
#include "drivers/framebuffer/font.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

enum { WIDTH = 84, HEIGHT = 50, PITCH = 400 }; /* 10 by 3 characters and a rest of both */

static uint8_t memory[PITCH * HEIGHT];

static uint64_t memory_read(void *model, uint32_t offset, uint32_t bytes)
{
    (void)model, (void)offset, (void)bytes;
    EXPECT(!"the framebuffer was read");
    return 0;
}

static void memory_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    (void)model;
    memcpy(memory + offset, &value, bytes);
}

static struct boot_framebuffer format(uint8_t bits, uint8_t red, uint8_t green, uint8_t blue)
{
    return (struct boot_framebuffer){ .base = PADDR(0xe0000000),
                                      .width = WIDTH,
                                      .height = HEIGHT,
                                      .pitch_bytes = PITCH,
                                      .bits_per_pixel = bits,
                                      .red_shift = red,
                                      .green_shift = green,
                                      .blue_shift = blue };
}

static struct mmio set_up(void)
{
    fake_bus_reset();
    fake_kernel_reset();
    memset(memory, 0xaa, sizeof memory);
    return fake_bus_add_mmio(sizeof memory, (struct fake_device){ NULL, memory_read, memory_write });
}

/* Of a fresh console each time; earlier tests' consoles keep writing to the same memory, so each test
 * writes only through its own. */
static uint32_t pixel(uint32_t x, uint32_t y, uint32_t bytes)
{
    uint32_t value = 0;
    memcpy(&value, memory + y * PITCH + x * bytes, bytes);
    return value;
}

/* Draws `text` in the top left corner and checks every pixel of its first character. */
static void expect_character(struct boot_framebuffer info, const char *text, uint32_t ink, uint32_t paper)
{
    struct mmio pixels = set_up();
    size_t length = strlen(text);
    log_write(LOG_INFO, "%s", text);
    EXPECT_OK(framebuffer_console_start(&info, pixels));
    const uint8_t *rows = font_rows((uint8_t)text[length - 1]);
    for (uint32_t y = 0; y < FONT_CELL_HEIGHT; y++) {
        for (uint32_t x = 0; x < FONT_CELL_WIDTH; x++) {
            bool is_ink = x >= 1 && x <= FONT_DOTS && rows[y / 2] >> (FONT_DOTS - x) & 1;
            EXPECT_EQ(pixel(x, y, info.bits_per_pixel / 8), is_ink ? ink : paper);
        }
    }
    EXPECT_EQ(memory[WIDTH * info.bits_per_pixel / 8 - 1], 0); /* cleared to the edge */
}

TEST(framebuffer_draws_in_32_bits) { expect_character(format(32, 16, 8, 0), "A", 0xaaaaaa, 0); }
TEST(framebuffer_draws_in_24_bits) { expect_character(format(24, 16, 8, 0), "g", 0xaaaaaa, 0); }
TEST(framebuffer_draws_in_565) { expect_character(format(16, 11, 5, 0), "Q", 0xad55, 0); }
TEST(framebuffer_draws_in_555) { expect_character(format(16, 10, 5, 0), "Q", 0x56b5, 0); }
TEST(framebuffer_puts_colours_where_the_format_has_them)
{
    expect_character(format(32, 16, 8, 0), "\033[31;44mx", 0xaa0000, 0x0000aa);
    expect_character(format(32, 0, 8, 16), "\033[31;44mx", 0x0000aa, 0xaa0000);
}

TEST(framebuffer_refuses_formats_it_cannot_draw)
{
    struct mmio pixels = set_up();
    struct boot_framebuffer bad[9];
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) bad[i] = format(32, 16, 8, 0);
    bad[0].bits_per_pixel = 8;
    bad[1].bits_per_pixel = 0;
    bad[2].width = 101; /* does not fit the pitch */
    bad[3].width = 7;
    bad[4].height = UINT32_MAX;
    bad[5].red_shift = 32;
    bad[6].is_text = true;
    bad[7].base = PADDR(0);
    bad[8].pitch_bytes = UINT32_MAX;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        EXPECT_EQ(framebuffer_bytes(&bad[i]), 0);
        EXPECT_ERR(framebuffer_console_start(&bad[i], pixels), ERR_NOT_SUPPORTED);
    }
    EXPECT_EQ(memory[0], 0xaa);
}

TEST(framebuffer_start_without_memory_touches_nothing)
{
    struct mmio pixels = set_up();
    struct boot_framebuffer info = format(32, 16, 8, 0);
    EXPECT_EQ(framebuffer_bytes(&info), PITCH * HEIGHT);
    fake_heap_is_empty = true;
    EXPECT_ERR(framebuffer_console_start(&info, pixels), ERR_NO_MEMORY);
    EXPECT_EQ(memory[0], 0xaa);
}

TEST(font_draws_every_character_differently)
{
    for (int a = FONT_FIRST; a <= FONT_LAST; a++) {
        for (int b = a + 1; b <= FONT_LAST + 1; b++)
            EXPECT(memcmp(font_rows((uint8_t)a), font_rows((uint8_t)b), FONT_ROWS) != 0);
    }
}
