/* SPDX-License-Identifier: Apache-2.0 */
/* Draws cells of a text grid. Pixels are only written, never read: reading write-combining memory
 * is a hundred times slower, and the grid knows what is on the screen. */
#include "drivers/framebuffer/framebuffer.h"

#include "device/console.h"
#include "device/text_grid.h"
#include "drivers/framebuffer/font.h"
#include "mm/heap.h"

enum {
    FRAMEBUFFER_SIDE_MAX = 16384, /* pixels; keeps every product below 2^32 */
    GLYPH_LEFT = 1,               /* empty columns of a cell before the dots */
};

static struct framebuffer {
    struct mmio pixels;
    struct boot_framebuffer info;
    uint32_t palette[16]; /* in the framebuffer's own format */
    struct text_grid grid;
    struct console_output output;
} screen;

/* The VGA's text colours: a component is off, two thirds, or full. */
static const uint8_t vga_palette[16][3] = {
    { 0, 0, 0 },     { 0, 0, 170 },    { 0, 170, 0 },    { 0, 170, 170 },
    { 170, 0, 0 },   { 170, 0, 170 },  { 170, 85, 0 },   { 170, 170, 170 },
    { 85, 85, 85 },  { 85, 85, 255 },  { 85, 255, 85 },  { 85, 255, 255 },
    { 255, 85, 85 }, { 255, 85, 255 }, { 255, 255, 85 }, { 255, 255, 255 },
};

static bool is_supported(const struct boot_framebuffer *info)
{
    uint32_t bits = info->bits_per_pixel;
    if (info->base.raw == 0 || info->is_text) return false;
    if (bits != 16 && bits != 24 && bits != 32) return false;
    if (info->width < FONT_CELL_WIDTH || info->width > FRAMEBUFFER_SIDE_MAX) return false;
    if (info->height < FONT_CELL_HEIGHT || info->height > FRAMEBUFFER_SIDE_MAX) return false;
    if (info->red_shift >= bits || info->green_shift >= bits || info->blue_shift >= bits) return false;
    return info->pitch_bytes >= info->width * bits / 8 && info->pitch_bytes <= 8 * FRAMEBUFFER_SIDE_MAX;
}

uint64_t framebuffer_bytes(const struct boot_framebuffer *info)
{
    return is_supported(info) ? (uint64_t)info->pitch_bytes * info->height : 0;
}

/* Of 16 bits green has six where the colour above it begins at bit 11, else all have five. */
static uint32_t pixel_of(const struct boot_framebuffer *info, const uint8_t rgb[3])
{
    uint32_t bits = 8, green_bits = 8;
    if (info->bits_per_pixel == 16) {
        bits = 5;
        green_bits = MAX(info->red_shift, info->blue_shift) == 11 ? 6 : 5;
    }
    return (uint32_t)(rgb[0] >> (8 - bits)) << info->red_shift |
           (uint32_t)(rgb[1] >> (8 - green_bits)) << info->green_shift |
           (uint32_t)(rgb[2] >> (8 - bits)) << info->blue_shift;
}

static void write_pixel(const struct framebuffer *f, uint32_t offset, uint32_t pixel)
{
    switch (f->info.bits_per_pixel) {
    case 16: mmio_write16(&f->pixels, offset, (uint16_t)pixel); return;
    case 24:
        mmio_write16(&f->pixels, offset, (uint16_t)pixel);
        mmio_write8(&f->pixels, offset + 2, (uint8_t)(pixel >> 16));
        return;
    case 32: mmio_write32(&f->pixels, offset, pixel); return;
    }
}

static void draw_row(const struct framebuffer *f, uint32_t offset, uint8_t dots, uint32_t ink, uint32_t paper)
{
    uint32_t pixel_bytes = f->info.bits_per_pixel / 8;
    uint32_t line = (uint32_t)dots << (FONT_CELL_WIDTH - FONT_DOTS - GLYPH_LEFT);
    for (uint32_t x = 0; x < FONT_CELL_WIDTH; x++) {
        bool is_ink = line >> (FONT_CELL_WIDTH - 1 - x) & 1;
        write_pixel(f, offset + x * pixel_bytes, is_ink ? ink : paper);
    }
}

static void draw_cell(void *context, uint32_t column, uint32_t row, struct text_cell cell)
{
    const struct framebuffer *f = context;
    const uint8_t *dots = font_rows(cell.character);
    uint32_t ink = f->palette[cell.colour & 0x0f], paper = f->palette[cell.colour >> 4];
    uint32_t x_bytes = column * FONT_CELL_WIDTH * (f->info.bits_per_pixel / 8);
    for (uint32_t y = 0; y < FONT_CELL_HEIGHT; y++) {
        uint32_t offset = (row * FONT_CELL_HEIGHT + y) * f->info.pitch_bytes + x_bytes;
        draw_row(f, offset, dots[y / 2], ink, paper);
    }
}

static void framebuffer_write(struct console_output *output, const char *text, size_t bytes)
{
    struct framebuffer *f = CONTAINER_OF(output, struct framebuffer, output);
    text_grid_write(&f->grid, text, bytes);
    text_grid_flush(&f->grid, draw_cell, f);
}

/* Black is zero in every format, so this need not know about pixels. */
static void clear(const struct framebuffer *f)
{
    uint64_t bytes = framebuffer_bytes(&f->info), offset = 0;
    for (; offset + 8 <= bytes; offset += 8) mmio_write64(&f->pixels, (uint32_t)offset, 0);
    for (; offset < bytes; offset++) mmio_write8(&f->pixels, (uint32_t)offset, 0);
}

err_t framebuffer_console_start(const struct boot_framebuffer *info, struct mmio pixels)
{
    if (!is_supported(info)) return ERR_NOT_SUPPORTED;
    uint32_t columns = info->width / FONT_CELL_WIDTH, rows = info->height / FONT_CELL_HEIGHT;
    void *storage = heap_alloc(text_grid_storage_bytes(columns, rows));
    if (!storage) return ERR_NO_MEMORY;

    screen.pixels = pixels;
    screen.info = *info;
    screen.output = (struct console_output){ .name = "framebuffer", .write = framebuffer_write };
    for (uint32_t i = 0; i < ARRAY_LENGTH(vga_palette); i++)
        screen.palette[i] = pixel_of(info, vga_palette[i]);
    text_grid_init(&screen.grid, storage, columns, rows);
    screen.grid.draws_cursor = true;
    clear(&screen);
    console_add_output(&screen.output);
    return OK;
}
