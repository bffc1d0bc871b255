/* SPDX-License-Identifier: Apache-2.0 */
/* VGA text: a cell of two bytes per character, and a cursor that the hardware draws. The firmware
 * has set the mode; this only writes. */
#include "drivers/vga/vga.h"

#include "arch/io.h"
#include "device/console.h"
#include "device/text_grid.h"
#include "drivers/vga/vga_regs.h"
#include "mm/heap.h"

static struct vga_console {
    struct mmio text;
    struct text_grid grid;
    struct console_output output;
} vga;

static uint8_t vga_read(uint16_t port, uint8_t index)
{
    port_write8(port, index);
    return port_read8(port + 1);
}

static void vga_write(uint16_t port, uint8_t index, uint8_t value)
{
    port_write8(port, index);
    port_write8(port + 1, value);
}

/* The cursor's position is a register that holds what is written, so it tells whether anything is
 * there at all. */
bool vga_is_text_mode(void)
{
    vga_write(VGA_CRTC_PORT, VGA_CRTC_CURSOR_LOW, 0x5a);
    if (vga_read(VGA_CRTC_PORT, VGA_CRTC_CURSOR_LOW) != 0x5a) return false;
    uint8_t misc = vga_read(VGA_GRAPHICS_PORT, VGA_GRAPHICS_MISC);
    return !(misc & VGA_MISC_IS_GRAPHICS) && field_get(misc, VGA_MISC_MAP) == VGA_MISC_MAP_B8000;
}

static void draw_cell(void *context, uint32_t column, uint32_t row, struct text_cell cell)
{
    const struct vga_console *v = context;
    uint32_t offset = 2 * (row * VGA_TEXT_COLUMNS + column);
    mmio_write16(&v->text, offset, (uint16_t)(cell.colour << 8 | cell.character));
}

static void move_cursor(const struct text_grid *grid)
{
    uint32_t position = grid->row * VGA_TEXT_COLUMNS + MIN(grid->column, grid->columns - 1);
    vga_write(VGA_CRTC_PORT, VGA_CRTC_CURSOR_HIGH, (uint8_t)(position >> 8));
    vga_write(VGA_CRTC_PORT, VGA_CRTC_CURSOR_LOW, (uint8_t)position);
}

static void vga_console_write(struct console_output *output, const char *text, size_t bytes)
{
    struct vga_console *v = CONTAINER_OF(output, struct vga_console, output);
    text_grid_write(&v->grid, text, bytes);
    text_grid_flush(&v->grid, draw_cell, v);
    move_cursor(&v->grid);
}

err_t vga_console_start(struct mmio text)
{
    if (!vga_is_text_mode()) return ERR_NO_DEVICE;
    void *storage = heap_alloc(text_grid_storage_bytes(VGA_TEXT_COLUMNS, VGA_TEXT_ROWS));
    if (!storage) return ERR_NO_MEMORY;

    vga.text = text;
    vga.output = (struct console_output){ .name = "VGA text", .write = vga_console_write };
    text_grid_init(&vga.grid, storage, VGA_TEXT_COLUMNS, VGA_TEXT_ROWS);
    for (uint32_t i = 0; i < VGA_TEXT_COLUMNS * VGA_TEXT_ROWS; i++)
        mmio_write16(&text, 2 * i, TEXT_COLOUR_DEFAULT << 8 | ' ');
    console_add_output(&vga.output);
    return OK;
}
